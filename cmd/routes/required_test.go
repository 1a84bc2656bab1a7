package routes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const jwtSecret = "a-secret-of-more-than-32-bytes-for-tests"

func required(t *testing.T) *apptest.World {
	t.Helper()
	return apptest.New(t, apptest.Options{Env: map[string]string{"AUTH_MODE": "required", "JWT_SECRET": jwtSecret}})
}

// login returns the Authorization header of a person of the team, with a role: "" or
// "admin".
func login(w *apptest.World, person int, role string) string {
	p := w.Person(person)
	return w.Login(users.User{Username: "u", AccountID: p.AccountID, Email: p.Email, Role: role})
}

// Every route needs a token, except those that people need before they log in.
func TestBearerTokens(t *testing.T) {
	w := required(t)
	public := map[string]bool{"/api/health": true, "/api/inngest": true, "/login": true, "/api/login": true, "/api/calendar/{token}": true}
	good := login(w, 5, "")
	for _, route := range routes.All() {
		if own, found := accountRoute(route.Path); public[route.Path] || found && own.Auth == httpapi.NoLogin {
			continue
		}
		for name, header := range map[string]string{"none": "", "other-scheme": "Basic " + good[7:], "nonsense": "Bearer x.y.z", "empty": "Bearer ", "changed": good + "x"} {
			a := w.Do(t.Context(), route.Handler, apptest.Request{Method: methodOf(route.Path), Target: route.Path, Header: map[string]string{"Authorization": header, "X-Clockwork-Token": w.Token(5)}})
			assert.Equal(t, 401, a.Status, "%s: %s: %s", route.Path, name, a.Body)
			assert.Equal(t, "UNAUTHORIZED", a.Failure().Error, "%s: %s", route.Path, name)
			a.AssertForm(t)
			w.AssertNoSecrets(t, string(a.Body))
		}
	}
	w.Clock.Advance(auth.TokenLife + time.Minute)
	a := w.Do(t.Context(), handlerOf("/api/timers/active"), apptest.Request{Target: "/api/timers/active", Header: map[string]string{"Authorization": good}})
	assert.Equal(t, 401, a.Status, "an expired token")
	assert.NotContains(t, w.Log.String(), good[7:40])
}

func TestOwnAccount(t *testing.T) {
	for _, c := range []struct {
		name, role, route, target, body string
		own                             bool // sends their own Clockwork token
		status                          int
		code, has                       string
	}{
		{name: "own-timers-by-default", route: "/api/timers/active", target: "", status: 200, has: `"accountId":"ME"`},
		{name: "own-timers-by-account", route: "/api/timers/active", target: "?accountId=ME", status: 200, has: "PORTAL-312"},
		{name: "own-timers-by-e-mail", route: "/api/timers/active", target: "?userEmail=MYMAIL", status: 200, has: "PORTAL-312"},
		{name: "everybody-is-ones-own", route: "/api/timers/active", target: "?accountId=all", status: 200, has: `"accountId":"ME"`},
		{name: "anothers-timers", route: "/api/timers/active", target: "?accountId=OTHER", status: 403, code: "FORBIDDEN"},
		{name: "anothers-timers-by-e-mail", route: "/api/timers/active", target: "?userEmail=nobody@example.test", status: 403, code: "FORBIDDEN"},
		{name: "admin-reads-everybody", role: "admin", route: "/api/timers/active", target: "", status: 200, has: `"accountId":"all"`},
		{name: "admin-reads-another", role: "admin", route: "/api/timers/active", target: "?accountId=OTHER", status: 200, has: "OPS-61"},
		{name: "own-worklogs-by-default", route: "/api/worklogs", target: "?date=2026-04-28", status: 200, has: `"accountId":"ME"`},
		{name: "anothers-worklogs", route: "/api/worklogs", target: "?accountId=OTHER", status: 403, code: "FORBIDDEN"},
		{name: "own-issues-by-default", route: "/api/issues/search", target: "", status: 200, has: "PORTAL-312"},
		{name: "start-with-a-token", route: "/api/timers/start", body: `{"issueKey":"BILL-209"}`, own: true, status: 201, has: `"runningFor":"ME"`},
		{name: "start-without-a-token", route: "/api/timers/start", body: `{"issueKey":"BILL-209"}`, status: 401, code: "CLOCKWORK_TOKEN_REQUIRED"},
		{name: "start-for-another", route: "/api/timers/start", body: `{"issueKey":"BILL-209","accountId":"OTHER"}`, own: true, status: 403, code: "FORBIDDEN"},
		{name: "stop-the-only-one", route: "/api/timers/stop", body: `{}`, own: true, status: 200, has: `"stopped":true`},
		{name: "admin-stops-the-only-one", role: "admin", route: "/api/timers/stop", body: `{}`, own: true, status: 200, has: `"stopped":true`},
		{name: "admin-starts-for-themselves", role: "admin", route: "/api/timers/start", body: `{"issueKey":"BILL-209"}`, own: true, status: 201, has: `"runningFor":"ME"`},
		{name: "stop-for-another", route: "/api/timers/stop", body: `{"issueKey":"OPS-61","accountId":"OTHER"}`, own: true, status: 403, code: "FORBIDDEN"},
		{name: "sync-for-another", route: "/api/timers/sync", body: `{"accountId":"OTHER"}`, status: 403, code: "FORBIDDEN"},
		{name: "settings-of-another", route: "/api/settings/validate", body: `{"accountId":"OTHER","clockworkApiToken":"x"}`, status: 403, code: "FORBIDDEN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := required(t)
			filled := strings.NewReplacer("ME", w.Person(1).AccountID, "MYMAIL", w.Person(1).Email, "OTHER", w.Person(3).AccountID)
			r := apptest.Request{Target: c.route + filled.Replace(c.target), Body: filled.Replace(c.body), Header: map[string]string{"Authorization": login(w, 1, c.role)}}
			if c.own {
				r.Header["X-Clockwork-Token"] = w.Token(1)
			}
			a := w.Do(t.Context(), handlerOf(c.route), r)
			assert.Equal(t, c.status, a.Status, "%s", a.Body)
			assert.Equal(t, c.code, a.Failure().Error)
			assert.Contains(t, string(a.Body), filled.Replace(c.has))
			a.AssertForm(t)
			w.AssertNoSecrets(t, string(a.Body))
		})
	}
}

// The server's own Clockwork token serves its owner and nobody else. If it is refused,
// that is the server's failure, not the caller's.
func TestServersToken(t *testing.T) {
	w := required(t)
	start := func(person int, role string) apptest.Answer {
		return w.Do(t.Context(), handlerOf("/api/timers/start"), apptest.Request{Target: "/api/timers/start", Body: `{"issueKey":"BILL-209"}`,
			Header: map[string]string{"Authorization": login(w, person, role)}})
	}
	assert.Equal(t, 401, start(1, "").Status)
	assert.Equal(t, 401, start(1, "admin").Status)
	assert.Equal(t, 201, start(0, "").Status)
	w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 401})
	a := start(0, "")
	assert.Equal(t, 502, a.Status)
	assert.Equal(t, "CLOCKWORK_AUTH_FAILED", a.Failure().Error)
}
