package routes_test

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const patience = 10 * time.Second

// listener is a WebSocket each of whose messages is compared with the document.
type listener struct {
	t        *testing.T
	document *contract.Document
	ws       *websocket.Conn
	account  string
	events   string // the schema of all its messages
}

func listen(t *testing.T, url string, w *apptest.World, person int, header http.Header) *listener {
	t.Helper()
	return listenTo(t, url+"/ws", w, person, header)
}

func listenTo(t *testing.T, url string, w *apptest.World, person int, header http.Header) *listener {
	t.Helper()
	document, err := contract.Load()
	require.NoError(t, err)
	header.Set("Authorization", login(w, person, ""))
	ws, res, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	require.NoError(t, err)
	require.NoError(t, document.CheckAnswer("GET", "/ws", res.StatusCode, res.Header, nil))
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &listener{t, document, ws, w.Person(person).AccountID, "RealtimeEvent"}
}

// next reads a message, and asserts that it matches the schema of that name.
func (l *listener) next(schema string) (payload map[string]any) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	_, text, err := l.ws.Read(ctx)
	require.NoError(l.t, err)
	assert.NoError(l.t, l.document.CheckMessage(l.events, text))
	assert.NoError(l.t, l.document.CheckMessage(schema, text))
	var message struct{ Payload map[string]any }
	require.NoError(l.t, json.Unmarshal(text, &message))
	return message.Payload
}

// send sends an action that matches the document, after applying changes to it.
func (l *listener) send(changes map[string]any) {
	l.t.Helper()
	action := map[string]any{"action": "timer_start", "id": "mine", "user_id": l.account, "started_at": "2026-05-04T13:00:00Z"}
	text, err := json.Marshal(action)
	require.NoError(l.t, err)
	require.NoError(l.t, l.document.CheckMessage("TimerAction", text))
	maps.Copy(action, changes)
	text, err = json.Marshal(action)
	require.NoError(l.t, err)
	require.NoError(l.t, l.ws.Write(l.t.Context(), websocket.MessageText, text))
}

// Every message that a real connection sends is in the document: the state, changes
// by clients and by Clockwork, and each kind of refusal.
func TestRealtimeMessages(t *testing.T) {
	t.Parallel()
	w := apptest.New(t, apptest.Options{Inngest: true, Env: map[string]string{"JWT_SECRET": jwtSecret, "DATABASE_URL": "sqlite://:memory:"}})
	seen := map[string]bool{}
	err := live.Run(t.Context(), w.Deps, func(ctx context.Context, mounted []routes.Route) error {
		server := httptest.NewServer(routes.Handler(w.Deps, mounted...))
		defer server.Close()
		plain := listen(t, server.URL, w, 5, http.Header{})
		plain.next("StateEvent")
		plain.send(map[string]any{"comment": "Über \"alles\" <b>"})
		assert.Equal(t, "running", plain.next("TimerUpdatedEvent")["status"])
		plain.send(map[string]any{"action": "timer_stop"})
		assert.Equal(t, "stopped", plain.next("TimerUpdatedEvent")["status"])
		for _, bad := range []map[string]any{
			{"action": "timer_pause"}, {"id": ""}, {"user_id": "someone"}, {"started_at": "now"}, {"id": 7}, {"issue_key": "x"}, {"comment": "\x00"},
			{"id": "cw:" + plain.account + ":BILL-209"}, // a timer of Clockwork's, without a Clockwork token
		} {
			plain.send(bad)
			seen[plain.next("ErrorEvent")["code"].(string)] = true
		}

		rich := listen(t, server.URL, w, 5, http.Header{"X-Clockwork-Token": {w.Token(5)}})
		assert.Len(t, rich.next("StateEvent")["timers"], 1)
		rich.send(map[string]any{"issue_key": "BILL-209", "comment": "In Clockwork"})
		started := rich.next("TimerUpdatedEvent")
		assert.Equal(t, "clockwork", started["source"])
		assert.NotEmpty(t, started["summary"])
		refuse := w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 404})
		rich.send(map[string]any{"issue_key": "BILL-210"})
		assert.Equal(t, "CLOCKWORK_NOT_FOUND", rich.next("ErrorEvent")["code"])
		assert.NotZero(t, refuse.Hits())
		w.Faults().Clear()

		streamed(t, w, server.URL)
		late := listen(t, server.URL, w, 5, http.Header{})
		assert.Equal(t, false, late.next("StateEvent")["stale"])
		w.Clock.Advance(11 * time.Minute)
		assert.Equal(t, true, late.next("FreshnessEvent")["stale"])
		a := w.Do(t.Context(), handlerOf("/timers"), asPerson(5, get("/timers"))(w))
		assert.Equal(t, 200, a.Status)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"BAD_MESSAGE": true, "UNKNOWN_ACTION": true, "FORBIDDEN": true, "CLOCKWORK_TOKEN_REQUIRED": true}, seen)
}

// streamed reads Server-Sent Events until a change arrives.
func streamed(t *testing.T, w *apptest.World, url string) {
	t.Helper()
	document, err := contract.Load()
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/timers/stream", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", login(w, 5, ""))
	res, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer res.Body.Close()
	require.NoError(t, document.CheckAnswer("GET", "/api/timers/stream", res.StatusCode, res.Header, nil))
	sender := listen(t, url, w, 5, http.Header{})
	sender.next("StateEvent")
	sender.send(map[string]any{"id": "streamed"})
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			continue
		}
		assert.NoError(t, document.CheckMessage("RealtimeEvent", []byte(data)))
		if strings.Contains(data, `"timer_updated"`) {
			return
		}
	}
	assert.NoError(t, lines.Err())
	assert.Fail(t, "the stream ended before the change came")
}

// The document lists exactly the error codes of realtime messages.
func TestRealtimeErrorCodes(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	codes := []string{realtime.CodeBadMessage, realtime.CodeUnknownAction, realtime.CodeForbidden, realtime.CodeRateLimited, realtime.CodeTooMany,
		realtime.CodeUnavailable, realtime.CodeClosing, realtime.CodeNoClockwork, realtime.CodeBusy, timercache.CodeTokenOfAnother, timercache.CodeStartNotConfirmed}
	for _, code := range codes {
		assert.NoError(t, document.CheckMessage("RealtimeErrorCode", []byte(`"`+code+`"`)))
	}
	assert.Len(t, document.Enum("RealtimeErrorCode"), len(codes))
}
