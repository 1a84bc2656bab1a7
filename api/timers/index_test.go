package timers_test

import (
	"cmp"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
)

const indexSecret = "signing-secret-of-the-index-tests"

// bearerOf asks with the token of such a user.
func bearerOf(user func(w *apptest.World) users.User) func(*testing.T, *apptest.World, *apptest.Request) {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		r.Target = cmp.Or(r.Target, "/timers")
		r.Header = map[string]string{"Authorization": w.Login(user(w))}
	}
}

func bearerOfPerson(n int) func(*testing.T, *apptest.World, *apptest.Request) {
	return bearerOf(func(w *apptest.World) users.User {
		return users.User{Username: "somebody", AccountID: w.Person(n).AccountID, Email: w.Person(n).Email}
	})
}

func bearerOfUsername(name func(w *apptest.World) string) func(*testing.T, *apptest.World, *apptest.Request) {
	return bearerOf(func(w *apptest.World) users.User { return users.User{Username: name(w), Role: users.RoleAdmin} })
}

func TestIndex(t *testing.T) {
	open := apptest.Options{Env: map[string]string{"JWT_SECRET": indexSecret}}
	required := apptest.Options{Env: map[string]string{"JWT_SECRET": indexSecret, "AUTH_MODE": "required"}}
	with := func(header string) apptest.Request {
		return apptest.Request{Target: "/timers", Header: map[string]string{"Authorization": header}}
	}
	bySecret := func(signing string) apptest.Given {
		return func(t *testing.T, w *apptest.World, r *apptest.Request) {
			w.Env["JWT_SECRET"] = signing // the server has its own already
			bearerOfPerson(1)(t, w, r)
		}
	}
	unsynced := open
	unsynced.Unsynced = true
	later := func(d time.Duration) given {
		return func(_ *testing.T, w *apptest.World, _ *apptest.Request) { w.Clock.Advance(d) }
	}
	apptest.Run(t, timers.HandleIndex, []apptest.Scenario{
		{Name: "one-timer", Options: open, Given: bearerOfPerson(1), Status: 200, Golden: true},
		{Name: "two-timers", Options: open, Given: bearerOfPerson(3), Status: 200, Golden: true, HasNot: []string{"PORTAL-312"}},
		{Name: "on-hold", Options: open, Given: bearerOfPerson(7), Status: 200, Has: []string{`"on_hold":true`, `"status":"running"`, `"counted_seconds":5700`}},
		{Name: "on-hold-hours-later", Options: open, Given: and(bearerOfPerson(7), later(5*time.Hour)), Status: 200, Has: []string{`"on_hold":true`, `"counted_seconds":5700`}},
		{Name: "not-yet-stale", Options: open, Given: and(bearerOfPerson(1), later(9*time.Minute)), Status: 200, Has: []string{`"synced_at":"2026-05-04T14:00:00Z","stale":false`}},
		{Name: "stale", Options: open, Given: and(bearerOfPerson(1), later(11*time.Minute)), Status: 200, Has: []string{`"synced_at":"2026-05-04T14:00:00Z","stale":true`}},
		{Name: "nothing-runs", Options: open, Given: bearerOfPerson(5), Status: 200, Golden: true},
		{Name: "required-mode", Options: required, Given: bearerOfPerson(1), Status: 200, Has: []string{"PORTAL-312"}},
		{Name: "by-the-other-name", Options: open, Given: bearerOfPerson(1), Request: apptest.Request{Target: "/api/timers"}, Status: 200, Has: []string{"PORTAL-312"}},
		{Name: "never-synced", Options: unsynced, Given: bearerOfPerson(1), Status: 200, Has: []string{`"timer":null`, `"timers":[]`, `"synced_at":null,"stale":true`}},
		{Name: "asks-for-another", Options: open, Given: bearerOfPerson(5), Request: apptest.Request{Target: "/timers?accountId=all"}, Status: 200, Has: []string{`"timers":[]`}},
		{Name: "admin-sees-their-own", Options: open, Given: bearerOf(func(w *apptest.World) users.User {
			return users.User{AccountID: w.Person(5).AccountID, Role: users.RoleAdmin}
		}), Status: 200, Has: []string{`"timers":[]`}},
		{Name: "username-like-everybody", Options: open, Given: bearerOfUsername(func(*apptest.World) string { return "all" }), Status: 200, Has: []string{`"timers":[]`}},
		{Name: "username-like-an-address", Options: open, Given: bearerOfUsername(func(w *apptest.World) string { return w.Person(1).Email }), Status: 200, Has: []string{`"timers":[]`}},

		{Name: "no-token", Options: open, Request: apptest.Request{Target: "/timers"}, Status: 401, Code: "UNAUTHORIZED", Golden: true},
		{Name: "no-token-required", Options: required, Request: apptest.Request{Target: "/timers"}, Status: 401, Code: "UNAUTHORIZED"},
		{Name: "clockwork-token-alone", Options: open, Request: apptest.Request{Target: "/timers", Header: map[string]string{"X-Clockwork-Token": "a-token"}}, Status: 401, Code: "UNAUTHORIZED"},
		{Name: "nonsense-token", Options: open, Request: with("Bearer x.y.z"), Status: 401, Code: "UNAUTHORIZED"},
		{Name: "basic", Options: open, Request: with("Basic eDp5"), Status: 401, Code: "UNAUTHORIZED"},
		{Name: "token-in-the-query", Options: open, Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			bearerOfPerson(1)(t, w, r)
			r.Target, r.Header = "/timers?token="+r.Header["Authorization"][len("Bearer "):], nil
		}, Status: 401, Code: "UNAUTHORIZED"},
		{Name: "expired", Options: open, Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			bearerOfPerson(1)(t, w, r)
			w.Clock.Advance(auth.TokenLife)
		}, Status: 401, Code: "UNAUTHORIZED"},
		{Name: "another-secret", Options: open, Given: bySecret("another-secret-of-thirty-two-byte"), Status: 401, Code: "UNAUTHORIZED"},
		{Name: "no-secret", Given: bySecret(indexSecret), Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		{Name: "post", Options: open, Request: apptest.Request{Target: "/timers", Body: `{}`}, Status: 405, Code: "METHOD_NOT_ALLOWED", Header: map[string]string{"Allow": "GET"}},
		{Name: "repeated-parameter", Options: open, Given: bearerOfPerson(1), Request: apptest.Request{Target: "/timers?a=1&a=2"}, Status: 400, Code: "BAD_REQUEST", Field: "a"},
		{Name: "redis-gone", Options: open, Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			bearerOfPerson(1)(t, w, r)
			w.Refuse("redis")
		}, Status: 503, Code: "CACHE_UNAVAILABLE"},
		{Name: "later", Options: open, Given: and(bearerOfPerson(1), later(5*time.Minute)), Status: 200, Has: []string{`"server_time":"2026-05-04T14:05:00Z"`}},
	})
}

// A timer that starts in Clockwork is the current one after the next sync, and
// none is after the last stop.
func TestIndexFollowsClockwork(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"JWT_SECRET": indexSecret}})
	ask := func() string {
		var r apptest.Request
		bearerOfPerson(1)(t, w, &r)
		a := w.Do(t.Context(), timers.HandleIndex, r)
		require.Equal(t, 200, a.Status, "%s", a.Body)
		return string(a.Body)
	}
	account := w.Person(1).AccountID
	w.Clock.Advance(time.Minute)
	_, err := w.Sandbox.StartTimer(account, "OPS-64", "")
	require.NoError(t, err)
	w.Sync(t)
	got := ask()
	assert.Contains(t, got, `"timer":{"id":"cw:`+account+`:OPS-64"`, "the one that started last")
	assert.Contains(t, got, "PORTAL-312")
	for _, issue := range []string{"OPS-64", "PORTAL-312"} {
		_, err := w.Sandbox.StopTimer(account, issue)
		require.NoError(t, err)
	}
	w.Clock.Advance(time.Minute)
	w.Sync(t)
	assert.Contains(t, ask(), `"timer":null,"timers":[]`)
}

// Where the realtime store is in Redis too, its timers are listed beside
// Clockwork's, and Clockwork's are right whatever the store last heard.
func TestIndexOverTheRealtimeStore(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"JWT_SECRET": indexSecret, "DATABASE_URL": "redis"}})
	account := w.Person(3).AccountID // whose OPS-61 and PORTAL-318 run
	begun := apptest.Start.Add(-time.Hour)
	nobody, err := redisstore.New(w.Deps.Redis).Load(t.Context(), "nobody")
	require.NoError(t, err)
	commit := func(timer realtime.Timer) {
		made, err := redisstore.New(w.Deps.Redis).Commit(t.Context(), []realtime.Change{{User: timer.UserID, After: timer.Seq - 1,
			Announcement: "{}", Events: []realtime.Event{realtime.NewEvent(timer)}}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, made)
	}
	keep := func(user string, seq int64, id string, status realtime.Status, source string) {
		commit(realtime.Timer{ID: id, UserID: user, Status: status, StartedAt: begun, UpdatedAt: begun, Seq: nobody.Seq + seq, Source: source})
	}
	var r apptest.Request
	bearerOfPerson(3)(t, w, &r)
	ask := func() map[string]realtime.Timer {
		a := w.Do(t.Context(), timers.HandleIndex, r)
		require.Equal(t, 200, a.Status, "%s", a.Body)
		var got realtime.Listing
		require.NoError(t, json.Unmarshal(a.Body, &got))
		byID := map[string]realtime.Timer{}
		for _, timer := range got.Timers {
			assert.NotContains(t, byID, timer.ID, "listed twice")
			byID[timer.ID] = timer
		}
		return byID
	}
	clockwork := func(issue string) string { return "cw:" + account + ":" + issue }
	told := ask()[clockwork("OPS-61")]
	told.Seq, told.StartedAt = nobody.Seq+2, told.StartedAt.Add(time.Second)

	keep(account, 1, "own", realtime.Running, realtime.SourceClient)
	commit(told)
	keep(account, 3, clockwork("PORTAL-318"), realtime.Stopped, realtime.SourceClockwork)
	keep(account, 4, clockwork("OPS-64"), realtime.Running, realtime.SourceClockwork)
	keep(account, 5, clockwork("OPS-57"), realtime.Stopped, realtime.SourceClockwork)
	keep(account, 6, "cw:of-another:OPS-57", realtime.Running, realtime.SourceClient)
	keep(w.Person(5).AccountID, 1, "of-somebody-else", realtime.Running, realtime.SourceClient)

	got := ask()
	assert.Len(t, got, 6)
	assert.Equal(t, nobody.Seq+1, got["own"].Seq)
	assert.Equal(t, nobody.Seq+2, got[clockwork("OPS-61")].Seq, "as its clients were told")
	assert.Equal(t, realtime.Running, got[clockwork("PORTAL-318")].Status, "started in Clockwork since")
	assert.Zero(t, got[clockwork("PORTAL-318")].Seq)
	assert.Equal(t, realtime.Stopped, got[clockwork("OPS-64")].Status, "stopped in Clockwork since")
	assert.Equal(t, realtime.Stopped, got[clockwork("OPS-57")].Status)
	assert.Equal(t, realtime.Running, got["cw:of-another:OPS-57"].Status, "only the account's own prefix is Clockwork's")

	w.Clock.Advance(11 * time.Minute)
	assert.Equal(t, realtime.Stopped, ask()[clockwork("OPS-64")].Status, "a stale snapshot is no older than what clients were told")

	w.Refuse("redis")
	assert.Equal(t, "CACHE_UNAVAILABLE", w.Do(t.Context(), timers.HandleIndex, r).Failure().Error)
}
