package routes_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// serveTeam runs a realtime server with that TEAM_VIEW, and calls then.
func serveTeam(t *testing.T, view string, then func(w *apptest.World, url string)) {
	t.Helper()
	w := apptest.New(t, apptest.Options{Inngest: true, Env: map[string]string{"AUTH_MODE": "required", "JWT_SECRET": jwtSecret, "DATABASE_URL": "sqlite://:memory:", "TEAM_VIEW": view}})
	err := live.Run(t.Context(), w.Deps, func(_ context.Context, mounted []routes.Route) error {
		server := httptest.NewServer(routes.Handler(w.Deps, mounted...))
		defer server.Close()
		then(w, server.URL)
		return nil
	})
	require.NoError(t, err)
}

// Every message of a connection that shows the team is in the document. A person who
// hides disappears from it within two seconds.
func TestRealtimeTeam(t *testing.T) {
	t.Parallel()
	serveTeam(t, "all", func(w *apptest.World, url string) {
		viewer := listenTo(t, url+"/ws?scope=team", w, 1, http.Header{})
		viewer.events = "RealtimeTeamEvent"
		viewer.next("TeamStateEvent")
		started := w.Do(t.Context(), handlerOf("/api/timers/start"), asPerson(5, post(5, "/api/timers/start", `{"issueKey":"BILL-209","comment":"Now"}`))(w))
		require.Equal(t, http.StatusCreated, started.Status, "%s", started.Body)
		change := viewer.next("TeamEvent")
		require.Len(t, change["members"], 1)
		account := w.Person(5).AccountID
		assert.Equal(t, account, change["members"].([]any)[0].(map[string]any)["accountId"])

		began := time.Now()
		hidden := w.Do(t.Context(), handlerOf("/api/settings/visibility"), asPerson(5, func(*apptest.World) apptest.Request {
			return apptest.Request{Method: http.MethodPut, Target: "/api/settings/visibility", Body: `{"team":"none"}`}
		})(w))
		require.Equal(t, http.StatusOK, hidden.Status, "%s", hidden.Body)
		assert.Equal(t, []any{account}, viewer.next("TeamEvent")["removed"])
		assert.Less(t, time.Since(began), 2*time.Second)

		viewer.send(nil)
		assert.Equal(t, "FORBIDDEN", viewer.next("ErrorEvent")["code"])
		w.Clock.Advance(11 * time.Minute)
		assert.Equal(t, true, viewer.next("FreshnessEvent")["stale"])
	})
}

// All channels show the team to the same people.
func TestTeamOnEachChannel(t *testing.T) {
	for view, want := range map[string]map[string]int{
		"off":    {"": 403, "admin": 403},
		"admins": {"": 403, "admin": 200},
		"all":    {"": 200, "admin": 200},
	} {
		t.Run(view, func(t *testing.T) {
			serveTeam(t, view, func(w *apptest.World, url string) {
				for role, status := range want {
					token := login(w, 5, role)
					for _, target := range []string{"/api/team", "/api/timers/stream?scope=team", "/ws?scope=team"} {
						want := status
						header := map[string]string{"Authorization": token}
						if target == "/ws?scope=team" {
							header["Upgrade"], header["Connection"], header["Sec-WebSocket-Version"], header["Sec-WebSocket-Key"] = "websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ=="
							if want == http.StatusOK {
								want = http.StatusSwitchingProtocols
							}
						}
						res, _ := ask(t, url, target, http.MethodGet, header)
						res.Body.Close() // the server waits for streams
						assert.Equal(t, want, res.StatusCode, "%q, %s", role, target)
					}
				}
			})
		})
	}
}
