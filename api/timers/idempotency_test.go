package timers_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	keyed     = "8e03978e-40d5-43dd-bc93-6894a57f9324"
	startBody = `{"issueKey":"BILL-209","accountId":"%s"}`
	stopBody  = `{"issueKey":"PORTAL-312","accountId":"%s"}`
)

// withKey is a request in a person's name, under a key.
func withKey(t *testing.T, w *apptest.World, person int, path, body, key string) apptest.Request {
	t.Helper()
	var r apptest.Request
	asPerson(person, path, body)(t, w, &r)
	r.Header["Idempotency-Key"] = key
	return r
}

// reached is how many starts or stops Clockwork got.
func reached(w *apptest.World, operation string) int {
	return w.Sandbox.Requests()["clockwork."+operation]
}

func TestKeyReplaysAnAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		handler               http.HandlerFunc
		path, body, operation string
		person, status        int
	}{
		"start":              {timers.HandleStart, start, startBody, "start_timer", 5, 201},
		"stop":               {timers.HandleStop, stop, stopBody, "stop_timer", 1, 200},
		"stop-the-only-one":  {timers.HandleStop, stop, `{"accountId":"%s"}`, "stop_timer", 1, 200},
		"stop-nothing":       {timers.HandleStop, stop, `{"issueKey":"BILL-209","accountId":"%s"}`, "stop_timer", 5, 200},
		"start-with-comment": {timers.HandleStart, start, `{"issueKey":"BILL-209","comment":"Review","accountId":"%s"}`, "start_timer", 5, 201},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{})
			r := withKey(t, w, tt.person, tt.path, tt.body, keyed)
			first := w.Do(t.Context(), tt.handler, r)
			require.Equal(t, tt.status, first.Status, "%s", first.Body)
			assert.Empty(t, first.Header.Get("Idempotency-Replayed"))
			w.Clock.Advance(3 * time.Second)
			w.Restart(t, w.Deps.Deadlines) // the process that answered is gone
			for _, key := range []string{keyed, `"` + keyed + `"`} {
				r.Header["Idempotency-Key"] = key
				again := w.Do(t.Context(), tt.handler, r)
				again.AssertForm(t)
				assert.Equal(t, tt.status, again.Status)
				assert.Equal(t, string(first.Body), string(again.Body))
				assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
				w.AssertNoSecrets(t, string(again.Body))
			}
			assert.Equal(t, 1, reached(w, tt.operation))
		})
	}
}

// The client's connection breaks while Clockwork is being asked: what was begun
// is finished, and the repetition gets its answer.
func TestKeyWhereTheCallerLostTheAnswer(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	arrived := w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Delay, Delay: 200 * time.Millisecond})
	r := withKey(t, w, 5, start, startBody, keyed)
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		w.Do(ctx, timers.HandleStart, r)
	}()
	require.Eventually(t, func() bool { return arrived.Hits() > 0 }, 30*time.Second, time.Millisecond)
	hangUp()
	again := w.Do(t.Context(), timers.HandleStart, r) // at once: the first is not finished
	<-gone
	assert.Equal(t, 201, again.Status, "%s", again.Body)
	assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	assert.Equal(t, 1, reached(w, "start_timer"))
	runs(5, "BILL-209", true)(t, w, again)
}

// A repetition waits for the first, but not as long as a request lasts, also in a
// process whose clock is wrong: only the clock of Redis counts.
func TestKeyInProgress(t *testing.T) {
	for name, off := range map[string]time.Duration{"same-clock": 0, "a-minute-ahead": time.Minute, "a-minute-behind": -time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a apptest.Answer
			for n := 0; n < 5 && a.Failure().Error != "IDEMPOTENCY_IN_PROGRESS"; n++ { // on a busy machine the first may have been given up
				w := apptest.New(t, apptest.Options{})
				arrived := w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Hang})
				r := withKey(t, w, 5, start, startBody, keyed)
				second := w.Another(t, off)
				first := make(chan apptest.Answer, 1)
				go func() { first <- w.Do(t.Context(), timers.HandleStart, r) }()
				require.Eventually(t, func() bool { return arrived.Hits() > 0 }, 30*time.Second, time.Millisecond)
				a = second.Do(t.Context(), timers.HandleStart, r)
				arrived.Clear()
				<-first
				assert.Equal(t, 1, reached(w, "start_timer"))
			}
			a.AssertForm(t)
			assert.Equal(t, 409, a.Status)
			assert.Equal(t, "IDEMPOTENCY_IN_PROGRESS", a.Failure().Error)
			assert.Equal(t, "2", a.Header.Get("Retry-After"))
		})
	}
}

func TestKeyAtTheSameTime(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	r := withKey(t, w, 5, start, startBody, keyed)
	var all sync.WaitGroup
	var fresh atomic.Int32
	for range 8 {
		all.Go(func() {
			a := w.Do(t.Context(), timers.HandleStart, r)
			assert.Equal(t, 201, a.Status, "%s", a.Body)
			if a.Header.Get("Idempotency-Replayed") == "" {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, reached(w, "start_timer"))
	assert.EqualValues(t, 1, fresh.Load())
}

func TestKeyIsACallersOwn(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	require.Equal(t, 201, w.Do(t.Context(), timers.HandleStart, withKey(t, w, 5, start, startBody, keyed)).Status)

	other := w.Do(t.Context(), timers.HandleStart, withKey(t, w, 1, start, startBody, keyed))
	assert.Equal(t, 201, other.Status, "%s", other.Body)
	assert.Empty(t, other.Header.Get("Idempotency-Replayed"))
	assert.Contains(t, string(other.Body), w.Person(1).AccountID)
	assert.NotContains(t, string(other.Body), w.Person(5).AccountID)

	stopped := w.Do(t.Context(), timers.HandleStop, withKey(t, w, 5, stop, `{"issueKey":"BILL-209","accountId":"%s"}`, keyed))
	assert.Equal(t, 200, stopped.Status, "another route: %s", stopped.Body)

	for name, body := range map[string]string{
		"another-issue":   `{"issueKey":"OPS-61","accountId":"%s"}`,
		"another-comment": `{"issueKey":"BILL-209","comment":"x","accountId":"%s"}`,
		"another-account": `{"issueKey":"BILL-209"}`,
	} {
		a := w.Do(t.Context(), timers.HandleStart, withKey(t, w, 5, start, body, keyed))
		a.AssertForm(t)
		assert.Equal(t, 422, a.Status, name)
		assert.Equal(t, "IDEMPOTENCY_KEY_REUSED", a.Failure().Error)
		assert.Equal(t, "Idempotency-Key", a.Failure().Field)
	}
	same := w.Do(t.Context(), timers.HandleStart, withKey(t, w, 5, start, `{"accountId":"%s", "issueKey":" bill-209 "}`, keyed))
	assert.Equal(t, "true", same.Header.Get("Idempotency-Replayed"), "the same, spelt another way")
	assert.Equal(t, 2, reached(w, "start_timer"))
}

// The token says whose timers a repeat looks at, if no account is named.
func TestKeyAfterALostAnswerWithoutAccount(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	owns(5)(t, w, nil)
	w.Faults().Add(fault.Fault{Upstream: "clockwork", Operation: "clockwork.start_timer", Count: 1, Kind: fault.Reset, After: true})
	r := withKey(t, w, 5, start, `{"issueKey":"BILL-209"}`, keyed)
	require.Equal(t, 502, w.Do(t.Context(), timers.HandleStart, r).Status)
	w.Clock.Advance(time.Second)
	w.Sync(t)
	a := w.Do(t.Context(), timers.HandleStart, r)
	assert.Equal(t, 201, a.Status, "%s", a.Body)
	assert.Equal(t, 1, reached(w, "start_timer"))
}

// If the outcome of a start is unknown, a repeat looks at what runs.
func TestKeyAfterAFailure(t *testing.T) {
	inUse := fault.Fault{Upstream: "clockwork", Operation: "clockwork.start_timer", Count: 1}
	broken := func(change func(f *fault.Fault)) fault.Fault {
		f := inUse
		change(&f)
		return f
	}
	for _, tt := range []struct {
		name   string
		fault  fault.Fault
		first  int
		synced bool // a sync has run before the repetition
		second int
		code   string
		starts int // that Clockwork got
		runs   bool
	}{
		{"refused-by-clockwork", broken(func(f *fault.Fault) { f.Kind, f.Status = fault.Status, 403 }), 403, true, 201, "", 2, true},
		{"too-many-requests", broken(func(f *fault.Fault) { f.Kind, f.Status, f.RetryAfter = fault.Status, 429, "9" }), 429, true, 201, "", 2, true},
		{"answer-lost-and-done", broken(func(f *fault.Fault) { f.Kind, f.After = fault.Reset, true }), 502, true, 201, "", 1, true},
		{"answer-lost-and-not-seen-yet", broken(func(f *fault.Fault) { f.Kind, f.After = fault.Reset, true }), 502, false, 409, "IDEMPOTENCY_OUTCOME_UNKNOWN", 1, true},
		{"answer-lost-and-not-done", broken(func(f *fault.Fault) { f.Kind = fault.Reset }), 502, true, 409, "IDEMPOTENCY_OUTCOME_UNKNOWN", 1, false},
		{"failed-and-done", broken(func(f *fault.Fault) { f.Kind, f.After = fault.Status, true }), 502, true, 201, "", 1, true},
		{"failed", broken(func(f *fault.Fault) { f.Kind = fault.Status }), 502, true, 409, "IDEMPOTENCY_OUTCOME_UNKNOWN", 1, false},
		{"timed-out-and-done", broken(func(f *fault.Fault) { f.Kind, f.After = fault.Hang, true }), 504, true, 201, "", 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var o apptest.Options
			if tt.fault.Kind == fault.Hang {
				o.Deadlines.Request = 5 * time.Second
			}
			w := apptest.New(t, o)
			w.Faults().Add(tt.fault)
			r := withKey(t, w, 5, start, startBody, keyed)
			require.Equal(t, tt.first, w.Do(t.Context(), timers.HandleStart, r).Status)
			w.Clock.Advance(time.Second)
			if tt.synced {
				w.Sync(t)
			}
			a := w.Do(t.Context(), timers.HandleStart, r)
			a.AssertForm(t)
			assert.Equal(t, tt.second, a.Status, "%s", a.Body)
			assert.Equal(t, tt.code, a.Failure().Error)
			if tt.code == "" {
				assert.Contains(t, string(a.Body), "BILL-209")
			}
			assert.Equal(t, tt.starts, reached(w, "start_timer"))
			runs(5, "BILL-209", tt.runs)(t, w, a)
		})
	}
}

// If no connection could be opened, nothing was sent and the key is free.
func TestKeyAfterARefusedConnection(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	r := withKey(t, w, 5, start, startBody, keyed)
	w.Refuse("clockwork")
	for range 2 {
		a := w.Do(t.Context(), timers.HandleStart, r)
		assert.Equal(t, 502, a.Status)
		assert.Equal(t, "CLOCKWORK_UNAVAILABLE", a.Failure().Error)
	}
}

// To stop a named timer twice books once: a repetition asks Clockwork again.
// Without a name the next timer might be another.
func TestKeyOfAStopWhoseAnswerWasLost(t *testing.T) {
	for name, tt := range map[string]struct {
		body, code, has string
		status, stops   int
	}{
		"named":    {stopBody, "", `"stopped":false`, 200, 2},
		"the-only": {`{"accountId":"%s"}`, "IDEMPOTENCY_OUTCOME_UNKNOWN", "", 409, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{})
			w.Faults().Add(fault.Fault{Upstream: "clockwork", Operation: "clockwork.stop_timer", Kind: fault.Reset, After: true, Count: 1})
			r := withKey(t, w, 1, stop, tt.body, keyed)
			require.Equal(t, 502, w.Do(t.Context(), timers.HandleStop, r).Status)
			a := w.Do(t.Context(), timers.HandleStop, r)
			a.AssertForm(t)
			assert.Equal(t, tt.status, a.Status)
			assert.Equal(t, tt.code, a.Failure().Error)
			assert.Contains(t, string(a.Body), tt.has)
			assert.Equal(t, tt.stops, reached(w, "stop_timer"))
			runs(1, "PORTAL-312", false)(t, w, a)
		})
	}
}

func TestKeyWithoutRedis(t *testing.T) {
	for name, tt := range map[string]struct {
		handler    http.HandlerFunc
		path, body string
		person     int
		status     int
		code       string
	}{
		"start":     {timers.HandleStart, start, startBody, 5, 503, "IDEMPOTENCY_UNAVAILABLE"},
		"stop":      {timers.HandleStop, stop, stopBody, 1, 200, ""},
		"stop-only": {timers.HandleStop, stop, `{"accountId":"%s"}`, 1, 503, "IDEMPOTENCY_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{})
			w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status})
			a := w.Do(t.Context(), tt.handler, withKey(t, w, tt.person, tt.path, tt.body, keyed))
			a.AssertForm(t)
			assert.Equal(t, tt.status, a.Status, "%s", a.Body)
			assert.Equal(t, tt.code, a.Failure().Error)
			assert.Zero(t, reached(w, "start_timer"))
		})
	}
}

func TestKeyRefused(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	for name, key := range map[string]string{
		"empty": "", "too-long": strings.Repeat("k", 256), "far-too-long": strings.Repeat("k", 60_000), "two-words": "a b",
		"header-injection": "a\r\nSet-Cookie: b=c", "redis-injection": "a\r\nFLUSHALL", "not-ascii": "clé", "quote": `a"b`,
	} {
		t.Run(name, func(t *testing.T) {
			a := w.Do(t.Context(), timers.HandleStart, withKey(t, w, 5, start, startBody, key))
			a.AssertForm(t)
			assert.Equal(t, 400, a.Status)
			assert.Equal(t, "Idempotency-Key", a.Failure().Field)
			assert.Empty(t, a.Header.Get("Set-Cookie"))
			assert.NotContains(t, string(a.Body), "FLUSHALL")
		})
	}
	assert.Zero(t, reached(w, "start_timer"))
}

// The same login has another bearer token each day, and is the same caller.
func TestKeyOfALogin(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"JWT_SECRET": indexSecret, "AUTH_MODE": "required"}})
	ask := func(person int) apptest.Answer {
		var r apptest.Request
		bearerOfPerson(person)(t, w, &r)
		r.Target, r.Body = start, `{"issueKey":"BILL-209"}`
		r.Header["X-Clockwork-Token"], r.Header["Idempotency-Key"] = w.Token(person), keyed
		return w.Do(t.Context(), timers.HandleStart, r)
	}
	require.Equal(t, 201, ask(5).Status)
	w.Clock.Advance(time.Minute)
	assert.Equal(t, "true", ask(5).Header.Get("Idempotency-Replayed"))
	other := ask(1)
	assert.Equal(t, 201, other.Status)
	assert.Empty(t, other.Header.Get("Idempotency-Replayed"))
}

// Without a key nothing is added. With one a start has two commands more, and a
// stop one: what comes before Clockwork goes with what is read anyway.
func TestCostOfAKey(t *testing.T) {
	for name, tt := range map[string]struct {
		handler    http.HandlerFunc
		path, body string
		commands   int64
	}{
		"start":             {timers.HandleStart, start, startBody, 2},
		"stop":              {timers.HandleStop, stop, `{"issueKey":"PORTAL-312","accountId":"%s"}`, 1},
		"stop-the-only-one": {timers.HandleStop, stop, `{"accountId":"%s"}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cost := func(key string) (commands, trips int64) {
				w := apptest.New(t, apptest.Options{})
				r := withKey(t, w, 1, tt.path, tt.body, key)
				if key == "" {
					delete(r.Header, "Idempotency-Key")
				}
				spent := w.Spent(t, func() { require.Less(t, w.Do(t.Context(), tt.handler, r).Status, 300) })
				t.Logf("key %q: %d commands in %d round trips", key, spent.Commands, spent.RoundTrips)
				return spent.Commands, spent.RoundTrips
			}
			commands, trips := cost("")
			withCommands, withTrips := cost(keyed)
			assert.Equal(t, tt.commands, withCommands-commands)
			assert.EqualValues(t, 1, withTrips-trips)
		})
	}
}
