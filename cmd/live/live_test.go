package live_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	signingKey = "a-signing-key-of-thirty-two-bytes"
	patience   = time.Minute
)

func world(t *testing.T, database string) *apptest.World {
	return apptest.New(t, apptest.Options{Env: map[string]string{"JWT_SECRET": signingKey, "DATABASE_URL": database}})
}

// tokenOf returns an access token of the sandbox's person n, for a year of the world's clock.
func tokenOf(t *testing.T, w *apptest.World, n int) string {
	t.Helper()
	account, now := w.Person(n).AccountID, w.Clock.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, auth.Claims{AccountID: account, RegisteredClaims: jwt.RegisteredClaims{
		Subject: account, Issuer: auth.Issuer, Audience: jwt.ClaimStrings{auth.Audience},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.AddDate(1, 0, 0)),
	}}).SignedString([]byte(signingKey))
	require.NoError(t, err)
	return token
}

// serve calls act with the address of a server that has the realtime routes.
func serve(ctx context.Context, t *testing.T, w *apptest.World, act func(ctx context.Context, url string)) {
	t.Helper()
	require.NoError(t, live.Run(ctx, w.Deps, func(ctx context.Context, mounted []routes.Route) error {
		front := httptest.NewServer(routes.Handler(w.Deps, mounted...))
		defer front.Close()
		act(ctx, front.URL)
		return nil
	}))
}

type message struct {
	Event   string
	Payload struct {
		realtime.Timer
		Timers []realtime.Timer
	}
}

// With either store, a client that connects sees what runs in Clockwork, and sees it stop
// when it stops there.
func TestClockworkTimersAreLive(t *testing.T) {
	for name, database := range map[string]string{"sqlite": "sqlite://:memory:", "redis": "redis"} {
		t.Run(name, func(t *testing.T) {
			w := world(t, database)
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			serve(ctx, t, w, func(ctx context.Context, url string) { watch(ctx, t, w, url) })
		})
	}
}

func watch(ctx context.Context, t *testing.T, w *apptest.World, url string) {
	person, header := w.Person(1), http.Header{"Authorization": {"Bearer " + tokenOf(t, w, 1)}}
	ws, _, err := websocket.Dial(ctx, url+"/ws", &websocket.DialOptions{HTTPHeader: header})
	require.NoError(t, err)
	defer ws.CloseNow()
	next := func() (m message) {
		_, text, err := ws.Read(ctx)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &m))
		return m
	}
	first := next()
	assert.Equal(t, "state", first.Event)
	running := realtime.Timer{}
	if len(first.Payload.Timers) > 0 {
		running = first.Payload.Timers[0]
	} else { // the bridge reads Clockwork's timers once somebody is connected
		running = next().Payload.Timer
	}
	assert.Equal(t, realtime.Running, running.Status)
	assert.Equal(t, realtime.SourceClockwork, running.Source)

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/timers", nil)
	require.NoError(t, err)
	request.Header = header
	res, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), `"timer":{"id":"`+running.ID+`"`)

	_, err = w.Sandbox.StopTimer(person.AccountID, running.IssueKey)
	require.NoError(t, err)
	w.Clock.Advance(time.Minute)
	w.Sync(t)
	stopped := next().Payload.Timer
	assert.Equal(t, running.ID, stopped.ID)
	assert.Equal(t, realtime.Stopped, stopped.Status)
}

// At shutdown, clients get a close frame that asks them to reconnect, and Run waits
// for that.
func TestCloseFrameAtShutdown(t *testing.T) {
	w := world(t, "sqlite://:memory:")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	closed := make(chan websocket.StatusCode, 1)
	serve(ctx, t, w, func(ctx context.Context, url string) {
		ws, _, err := websocket.Dial(ctx, url+"/ws?token="+tokenOf(t, w, 1), nil)
		require.NoError(t, err)
		go func() {
			var err error
			for err == nil {
				_, _, err = ws.Read(t.Context())
			}
			closed <- websocket.CloseStatus(err)
		}()
		stop()
	})
	assert.Equal(t, websocket.StatusServiceRestart, <-closed)
}

func TestUnknownDatabase(t *testing.T) {
	w := world(t, "postgres://host")
	err := live.Run(t.Context(), w.Deps, func(context.Context, []routes.Route) error { return assert.AnError })
	assert.ErrorContains(t, err, "DATABASE_URL must be")
}

// Run returns no error if the program is stopped before it serves.
func TestStoppedWhileItStarts(t *testing.T) {
	for name, database := range map[string]string{"file": "sqlite://" + t.TempDir() + "/timers.db", "memory": "sqlite://:memory:"} {
		t.Run(name, func(t *testing.T) {
			w := world(t, database)
			ctx, stop := context.WithCancel(t.Context())
			stop()
			assert.NoError(t, live.Run(ctx, w.Deps, func(context.Context, []routes.Route) error {
				t.Error("served")
				return nil
			}))
		})
	}
}

func TestStoreThatCannotBeOpened(t *testing.T) {
	w := world(t, "sqlite://"+t.TempDir()+"/missing/timers.db")
	err := live.Run(t.Context(), w.Deps, func(context.Context, []routes.Route) error { return nil })
	assert.ErrorContains(t, err, "realtime store:")
}

// A person with a saved Clockwork token starts timers in Clockwork over a WebSocket
// without sending the token. Without a saved token, the timer starts in this backend
// only.
func TestStartWithTheStoredToken(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"JWT_SECRET": signingKey, "DATABASE_URL": "sqlite://:memory:",
		"TOKEN_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}})
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	require.NoError(t, w.Deps.ClockworkTokens.Save(ctx, w.Person(5).AccountID, secret.New(w.Token(5))))
	require.NoError(t, w.Deps.ClockworkTokens.Save(ctx, w.Person(6).AccountID, secret.New("refused-by-clockwork")))
	serve(ctx, t, w, func(ctx context.Context, url string) {
		start := func(n int, wanted string) string {
			ws, _, err := websocket.Dial(ctx, url+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + tokenOf(t, w, n)}}})
			require.NoError(t, err)
			defer ws.CloseNow()
			action := `{"action":"timer_start","id":"mine","user_id":"` + w.Person(n).AccountID + `","started_at":"2026-05-04T14:00:00Z","issue_key":"BILL-209"}`
			require.NoError(t, ws.Write(ctx, websocket.MessageText, []byte(action)))
			for {
				_, text, err := ws.Read(ctx)
				require.NoError(t, err)
				if strings.Contains(string(text), wanted) {
					return string(text)
				}
			}
		}
		assert.Contains(t, start(5, "BILL-209"), `"source":"clockwork"`)
		assert.Contains(t, start(6, `"event":"error"`), `"code":"CLOCKWORK_UNAUTHORIZED","message":"Clockwork does not accept your saved API token any more`)
		assert.Contains(t, start(6, "BILL-209"), `"source":"client"`, "the refused token was deleted")
	})
	owners := 0
	for _, running := range w.Sandbox.RunningTimers() {
		if running.Issue.Key == "BILL-209" {
			assert.Equal(t, w.Person(5).AccountID, running.RunningFor)
			owners++
		}
	}
	assert.Equal(t, 1, owners)
}
