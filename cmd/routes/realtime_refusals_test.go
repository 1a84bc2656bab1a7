package routes_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/web"
)

// emptyStore is an empty store. If it has an error, every call returns it.
type emptyStore struct{ err error }

func (s emptyStore) Load(context.Context, string) (realtime.State, error) {
	return realtime.State{}, s.err
}

func (s emptyStore) Commit(_ context.Context, changes []realtime.Change) ([]bool, error) {
	return make([]bool, len(changes)), s.err
}

// realtimeServer serves the realtime routes alone, with the clock of the world that
// signs the tokens.
func realtimeServer(t *testing.T, w *apptest.World, o server.Options) (url string, live *server.Server) {
	t.Helper()
	o.Now = w.Clock.Now
	if o.Store == nil {
		o.Store = emptyStore{}
	}
	live, err := server.New(o)
	require.NoError(t, err)
	mux := http.NewServeMux()
	live.Register(func(path string, handler http.HandlerFunc) { mux.Handle(path, handler) })
	front := httptest.NewServer(mux)
	t.Cleanup(func() {
		assert.NoError(t, live.Close(context.WithoutCancel(t.Context())))
		front.Close()
	})
	return front.URL, live
}

// The document has every status and code with which the realtime routes refuse a
// connection, and no others.
func TestRealtimeRefusals(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	w := required(t)
	token := login(w, 1, "")
	verify := w.Deps.Verifier.Verify
	usualURL, _ := realtimeServer(t, w, server.Options{Verify: verify})
	admins := &team.Team{Cache: w.Deps.Timers, Redis: w.Deps.Redis, Rules: team.Rules{View: team.Admins}}
	teamURL, _ := realtimeServer(t, w, server.Options{Verify: verify, Team: admins, Viewer: func(who auth.Caller) (team.Viewer, *web.Error) {
		return httpapi.AdmitViewer(w.Deps, who)
	}})
	brokenURL, _ := realtimeServer(t, w, server.Options{Verify: verify, Store: emptyStore{errors.New("gone")}})
	unsetURL, _ := realtimeServer(t, w, server.Options{Verify: auth.Verifier{Now: w.Clock.Now}.Verify})
	crowdedURL, _ := realtimeServer(t, w, server.Options{Verify: verify, Limits: server.Limits{Connections: 1}})
	closedURL, closed := realtimeServer(t, w, server.Options{Verify: verify})
	require.NoError(t, closed.Close(t.Context()))
	_, _ = ask(t, crowdedURL, "/api/timers/stream", "GET", map[string]string{"Authorization": token})

	seen := map[string]bool{}
	for _, path := range []string{"/ws", "/api/timers/stream"} {
		for name, c := range map[string]struct {
			url, method, query string
			header             map[string]string
		}{
			"no-token":      {usualURL, "GET", "", map[string]string{"Authorization": ""}},
			"wrong-token":   {usualURL, "GET", "", map[string]string{"Authorization": "Bearer x"}},
			"bad-since":     {usualURL, "GET", "?since=x", nil},
			"bad-query":     {usualURL, "GET", "?since=%zz", nil},
			"other-method":  {usualURL, "POST", "", nil},
			"other-origin":  {usualURL, "GET", "", map[string]string{"Origin": "https://evil.example"}},
			"no-upgrade":    {usualURL, "GET", "", map[string]string{"Upgrade": ""}},
			"accepted":      {usualURL, "GET", "", nil},
			"store-is-gone": {brokenURL, "GET", "", nil},
			"no-secret":     {unsetURL, "GET", "", nil},
			"crowded":       {crowdedURL, "GET", "", nil},
			"closed":        {closedURL, "GET", "", nil},
			"not-an-admin":  {teamURL, "GET", "?scope=team", nil},
			"no-team":       {usualURL, "GET", "?scope=team", nil},
			"bad-scope":     {usualURL, "GET", "?scope=all", nil},
		} {
			header := map[string]string{"Authorization": token}
			if path == "/ws" {
				header["Upgrade"], header["Connection"], header["Sec-WebSocket-Version"], header["Sec-WebSocket-Key"] = "websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ=="
			}
			maps.Copy(header, c.header)
			a, body := ask(t, c.url, path+c.query, c.method, header)
			assert.NoError(t, document.CheckAnswer(c.method, path, a.StatusCode, a.Header, body), "%s %s", path, name)
			seen[answered(path, apptest.Answer{Status: a.StatusCode, Body: body})] = true
		}
	}
	for _, o := range document.Operations() {
		for status, codes := range o.Errors {
			for _, code := range codes {
				if (o.Path == "/ws" || o.Path == "/api/timers/stream") && !slices.Contains(elsewhere, code) {
					assert.True(t, seen[o.Path+" "+status+" "+code], "%s: %s %s is in the document, and was never answered", o.ID, status, code)
				}
			}
		}
	}
}

// ask sends a request without following redirects. It does not read the body of a
// connection that stays open.
func ask(t *testing.T, url, target, method string, header map[string]string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url+target, nil)
	require.NoError(t, err)
	for name, value := range header {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	res, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode < 300 {
		return res, nil
	}
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, body
}

// The last event of a stream says why it ends.
func TestStreamClose(t *testing.T) {
	document, err := contract.Load()
	require.NoError(t, err)
	w := required(t)
	url, live := realtimeServer(t, w, server.Options{Verify: w.Deps.Verifier.Verify})
	res, _ := ask(t, url, "/api/timers/stream", "GET", map[string]string{"Authorization": login(w, 1, "")})
	require.Equal(t, 200, res.StatusCode)
	require.NoError(t, live.Close(t.Context()))
	var last string
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			last = data
		}
	}
	assert.NoError(t, document.CheckMessage("StreamClose", []byte(`"`+last+`"`)))
}
