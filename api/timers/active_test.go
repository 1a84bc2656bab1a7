package timers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const active = "/api/timers/active"

// of asks for a person's timers.
func of(person int) func(*testing.T, *apptest.World, *apptest.Request) {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		r.Target = active + "?accountId=" + w.Person(person).AccountID
	}
}

// after moves the clock before the request is made.
func after(d time.Duration, next func(*testing.T, *apptest.World, *apptest.Request)) func(*testing.T, *apptest.World, *apptest.Request) {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		next(t, w, r)
		w.Clock.Advance(d)
	}
}

func TestActive(t *testing.T) {
	long := strings.Repeat("a", 257)
	apptest.Run(t, timers.HandleActive, append(apptest.BadQueries(active), []apptest.Scenario{
		{Name: "one-person", Given: of(1), Status: 200, Golden: true},
		{Name: "two-timers", Given: of(3), Status: 200, Golden: true},
		{Name: "everybody", Request: apptest.Request{Target: active}, Status: 200, Golden: true},
		{Name: "everybody-by-name", Request: apptest.Request{Target: active + "?accountId=all"}, Status: 200, Has: []string{`"accountId":"all"`, "MOB-88", "PORTAL-318"}},
		{Name: "nothing-runs", Given: of(5), Status: 200, Golden: true},
		{Name: "unknown-account", Request: apptest.Request{Target: active + "?accountId=712020:nobody"}, Status: 200, Has: []string{`"timers":[]`}},
		{Name: "never-synced", Options: apptest.Options{Unsynced: true}, Given: of(1), Status: 200, Golden: true},
		{Name: "time-goes-on", Given: after(90*time.Second, of(1)), Status: 200, Golden: true},
		{Name: "time-stands-still-on-hold", Given: after(90*time.Second, of(7)), Status: 200, Golden: true},
		{Name: "stale", Given: after(11*time.Minute, of(1)), Status: 200, Golden: true},
		{Name: "older-than-a-day", Given: after(25*time.Hour, of(1)), Status: 200, Has: []string{`"timers":[]`, `"cachedAt":null`, `"syncedAt":null`}},
		{Name: "by-e-mail", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Target = active + "?userEmail=" + strings.ToUpper(w.Person(1).Email)
		}, Status: 200, Has: []string{"PORTAL-312"}, HasNot: []string{"OPS-61"}},
		{Name: "unknown-e-mail", Request: apptest.Request{Target: active + "?userEmail=nobody@example.test"}, Status: 200, Has: []string{`"timers":[]`, `"accountId":"nobody@example.test"`}},
		{Name: "account-wins-over-e-mail", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Target = active + "?accountId=" + w.Person(3).AccountID + "&userEmail=" + w.Person(1).Email
		}, Status: 200, Has: []string{"OPS-61"}, HasNot: []string{"PORTAL-312"}},
		{Name: "over-tcp", Options: apptest.Options{OverTCP: true}, Given: of(1), Status: 200, Has: []string{"PORTAL-312"}},

		{Name: "not-an-account", Request: apptest.Request{Target: active + "?accountId=a+b"}, Status: 400, Code: "BAD_REQUEST", Field: "accountId"},
		{Name: "not-an-e-mail", Request: apptest.Request{Target: active + "?userEmail=nobody"}, Status: 400, Code: "BAD_REQUEST", Field: "userEmail"},
		{Name: "long-account", Request: apptest.Request{Target: active + "?accountId=" + long}, Status: 400, Code: "BAD_REQUEST", Field: "accountId", Golden: true},
		{Name: "wait-not-a-number", Request: apptest.Request{Target: active + "?wait=soon"}, Status: 400, Code: "BAD_REQUEST", Field: "wait"},
		{Name: "wait-a-fraction", Request: apptest.Request{Target: active + "?wait=1.5"}, Status: 400, Code: "BAD_REQUEST", Field: "wait"},

		{Name: "redis-answers-an-error", Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			of(1)(t, w, r)
			require.NoError(t, w.Redis.Miniredis().Set("clockwork:sync", "x"))
			w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 400, Body: `{"error":"ERR max daily request limit exceeded"}`})
		}, Status: 503, Code: "CACHE_UNAVAILABLE", Golden: true},
		{Name: "value-does-not-parse", Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			of(1)(t, w, r)
			require.NoError(t, w.Redis.Miniredis().Set("clockwork:timers:"+w.Person(1).AccountID, `{"timers":[{"id":"x"`))
		}, Status: 200, Has: []string{"PORTAL-312"}},
		{Name: "no-value-parses", Given: func(t *testing.T, w *apptest.World, r *apptest.Request) {
			of(1)(t, w, r)
			require.NoError(t, w.Redis.Miniredis().Set("clockwork:timers:"+w.Person(1).AccountID, "[]"))
			w.Redis.Miniredis().HSet("clockwork:timers:all", w.Person(1).AccountID, "[]")
		}, Status: 503, Code: "CACHE_UNAVAILABLE"},
	}...))
}

func TestActiveWhenUnchanged(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	target := active + "?accountId=" + w.Person(1).AccountID
	ask := func(tag string) apptest.Answer {
		a := w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: target, Header: map[string]string{"If-None-Match": tag}})
		a.AssertForm(t)
		return a
	}
	tag := ask(`"other"`).Header.Get("ETag")
	require.NotEmpty(t, tag)
	for _, same := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		a := ask(same)
		assert.Equal(t, http.StatusNotModified, a.Status, same)
		assert.Equal(t, tag, a.Header.Get("ETag"))
	}

	w.Clock.Advance(30 * time.Second)
	w.Sync(t)
	assert.Equal(t, http.StatusNotModified, ask(tag).Status, "a new syncedAt alone changes nothing")

	w.Clock.Advance(11 * time.Minute)
	stale := ask(tag)
	assert.Equal(t, http.StatusOK, stale.Status, "the stale flag is part of the tag")
	assert.Contains(t, string(stale.Body), `"stale":true`)

	_, err := w.Sandbox.StopTimer(w.Person(1).AccountID, "PORTAL-312")
	require.NoError(t, err)
	w.Sync(t)
	assert.Contains(t, string(ask(tag).Body), `"timers":[]`)
}

// A long poll answers when the person's timers change, and not when another's
// do, also behind a proxy that changes the tag.
func TestActiveWaits(t *testing.T) {
	for name, c := range map[string]struct {
		options apptest.Options
		spell   string // of the tag 7
	}{
		"rest": {apptest.Options{}, `"7"`}, "tcp": {apptest.Options{OverTCP: true}, `"7"`},
		"weak": {apptest.Options{}, `W/"7"`}, "gzip": {apptest.Options{}, `"7-gzip"`}, "list": {apptest.Options{}, `"x", W/"7-br"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, c.options)
			target := active + "?accountId=" + w.Person(1).AccountID
			tag := w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: target}).Header.Get("ETag")
			tag = strings.ReplaceAll(c.spell, "7", strings.Trim(tag, `"`))

			answered := make(chan apptest.Answer, 1)
			go func() {
				answered <- w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: target + "&wait=20", Header: map[string]string{"If-None-Match": tag}})
			}()
			require.Eventually(t, func() bool {
				return w.Redis.Miniredis().PubSubNumPat() > 0
			},
				30*time.Second, 5*time.Millisecond, "the poll listens")
			change(t, w, 3, "OPS-61")
			select {
			case a := <-answered:
				require.Fail(t, "woken by another's change", "%s", a.Body)
			case <-time.After(50 * time.Millisecond):
			}
			change(t, w, 1, "PORTAL-312")
			a := <-answered
			assert.Equal(t, http.StatusOK, a.Status)
			assert.Contains(t, string(a.Body), `"timers":[]`)
			a.AssertForm(t)
		})
	}
}

// change stops a timer in Clockwork itself and syncs.
func change(t *testing.T, w *apptest.World, person int, issue string) {
	t.Helper()
	_, err := w.Sandbox.StopTimer(w.Person(person).AccountID, issue)
	require.NoError(t, err)
	w.Clock.Advance(time.Second)
	w.Sync(t)
}

// A wait beyond the limit is one of the limit: here the request's own deadline
// ends it sooner still, with the last state and no error.
func TestActiveWaitIsClamped(t *testing.T) {
	w := apptest.New(t, apptest.Options{Deadlines: app.Deadlines{Request: 5 * time.Second}})
	target := active + "?accountId=" + w.Person(1).AccountID
	tag := w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: target}).Header.Get("ETag")
	for _, wait := range []string{"1000000", "-5", "0"} {
		t.Run(wait, func(t *testing.T) {
			t.Parallel()
			var a apptest.Answer
			for n := 0; n < 3 && a.Status != http.StatusNotModified; n++ { // a busy machine may be late for the last read
				a = w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: target + "&wait=" + wait, Header: map[string]string{"If-None-Match": tag}})
			}
			assert.Equal(t, http.StatusNotModified, a.Status, "%s", a.Body)
		})
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	w.Do(gone, timers.HandleActive, apptest.Request{Target: target + "&wait=20", Header: map[string]string{"If-None-Match": tag}})
	assert.Contains(t, w.Log.String(), "status=499", "a caller who hung up is no failure of ours")
}

// Every poll is one command: Upstash bills each.
func TestActiveCostsOneCommand(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	for _, query := range []string{"", "?accountId=" + w.Person(1).AccountID, "?accountId=" + w.Person(5).AccountID, "?userEmail=" + w.Person(1).Email, "?userEmail=nobody@example.test"} {
		var a apptest.Answer
		spent := w.Spent(t, func() { a = w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: active + query}) })
		require.Equal(t, http.StatusOK, a.Status)
		commands := 1
		if query == "" {
			commands = 2 // everybody, and who hides
		}
		assert.EqualValues(t, commands, spent.Commands, query)
		assert.EqualValues(t, 1, spent.RoundTrips, query)
		var reply struct{ Timers []json.RawMessage }
		require.NoError(t, json.Unmarshal(a.Body, &reply))
		assert.NotNil(t, reply.Timers)
	}
}
