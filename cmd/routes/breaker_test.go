package routes_test

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// atOnce is how long a request to an upstream that is known to be down may take, even
// on a busy machine. Without a circuit breaker it takes seconds.
const atOnce = 500 * time.Millisecond

// unlimited turns rate limits off.
var unlimited = map[string]string{"RATE_LIMIT": "off"}

// wave sends n requests at the same time, and returns how long each took, sorted.
func wave(t *testing.T, w *apptest.World, n int, ask func(i int) handled, check func(a apptest.Answer)) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			request := ask(i)
			began := time.Now()
			a := w.Do(t.Context(), request.handler, request.Request)
			took[i] = time.Since(began)
			check(a)
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

func p50(sorted []time.Duration) time.Duration {
	return sorted[len(sorted)/2].Round(10 * time.Microsecond)
}

// While Jira hangs, timers are as fast as always, and worklogs are slow only until
// the breaker opens.
func TestJiraHangs(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: unlimited, Deadlines: app.Deadlines{Names: 2 * time.Second}})
	timers := func(i int) handled {
		return handled{apptest.Request{Target: "/api/timers/active?accountId=" + w.Person(i%5).AccountID}, handlerOf("/api/timers/active")}
	}
	worklogs := func(i int) handled {
		return handled{apptest.Request{Target: "/api/worklogs?date=2026-04-28&accountId=" + w.Person(i%5).AccountID}, handlerOf("/api/worklogs")}
	}
	fine := func(a apptest.Answer) {
		assert.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
		a.AssertForm(t)
	}
	degraded := func(a apptest.Answer) {
		fine(a)
		assert.Contains(t, string(a.Body), `"degraded":["jira"]`)
		assert.Contains(t, string(a.Body), `"issueKey":`)
	}
	one := func(ask func(int) handled, check func(apptest.Answer)) (took []time.Duration) {
		for i := range 60 {
			took = append(took, wave(t, w, 1, func(int) handled { return ask(i) }, check)...)
		}
		slices.Sort(took)
		return took
	}
	well := one(timers, fine)
	w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Hang})
	noticing := wave(t, w, 5, worklogs, degraded)
	noticed, timersThen := one(worklogs, degraded), one(timers, fine)
	t.Logf("worklogs p50: %s while Jira's hanging is noticed, %s then; timers p50: %s before, %s then", p50(noticing), p50(noticed), p50(well), p50(timersThen))
	assert.GreaterOrEqual(t, p50(noticing), time.Second, "Jira did hang")
	assert.Less(t, p50(noticed), atOnce)
	assert.Less(t, p50(timersThen), atOnce)

	w.Faults().Clear()
	w.Clock.Advance(time.Minute)
	one(worklogs, fine)
	assert.NotContains(t, string(w.Do(t.Context(), worklogs(1).handler, worklogs(1).Request).Body), "degraded", "Jira is back")
}

// A route that needs an upstream that is down answers at once, and says when to try
// again. A start is then known not to have arrived.
func TestUpstreamsDown(t *testing.T) {
	for name, c := range map[string]struct {
		dependency, code string
		ask              func(*apptest.World) apptest.Request
		path             string
	}{
		"read-jira":          {"jira", "JIRA_UNAVAILABLE", good("/api/issues/search"), "/api/issues/search"},
		"read-clockwork":     {"clockwork", "CLOCKWORK_UNAVAILABLE", get("/api/worklogs?date=2026-04-28&accountId=ACCOUNT"), "/api/worklogs"},
		"start-in-clockwork": {"clockwork", "CLOCKWORK_UNAVAILABLE", good("/api/timers/start"), "/api/timers/start"},
		"stop-in-clockwork":  {"clockwork", "CLOCKWORK_UNAVAILABLE", post(1, "/api/timers/stop", `{"issueKey":"PORTAL-312","accountId":"ACCOUNT"}`), "/api/timers/stop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{Env: unlimited})
			ask := func(int) handled { return handled{c.ask(w), handlerOf(c.path)} }
			down := w.Faults().Add(fault.Fault{Upstream: c.dependency, Kind: fault.Status})
			for range 5 {
				wave(t, w, 1, ask, func(apptest.Answer) {})
			}
			hits := down.Hits()
			wave(t, w, 20, ask, func(a apptest.Answer) {
				assert.Equal(t, http.StatusBadGateway, a.Status)
				assert.Equal(t, c.code, a.Failure().Error)
				assert.Contains(t, a.Failure().Message, "Try again shortly.", "nothing was done")
				seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
				assert.NoError(t, err)
				assert.LessOrEqual(t, seconds, 2)
				a.AssertForm(t)
			})
			assert.Equal(t, hits, down.Hits(), "nothing was sent")

			down.Clear()
			w.Clock.Advance(2 * time.Second)
			wave(t, w, 1, ask, func(a apptest.Answer) { assert.Less(t, a.Status, 300, "%s", a.Body) })
		})
	}
}

// Once the breaker has opened for a hanging Redis, nobody waits for Redis. It is used
// again when it recovers; how soon, pkg/redis tests by a clock of its own.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	for name, overTCP := range map[string]bool{"rest": false, "tcp": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{Env: unlimited, OverTCP: overTCP})
			var err error
			w.Deps, err = app.New(w.Deps.Config, app.Options{Log: w.Deps.Log}) // on the real clock
			require.NoError(t, err)
			active := func(int) handled {
				return handled{apptest.Request{Target: "/api/timers/active"}, handlerOf("/api/timers/active")}
			}
			unavailable := func(a apptest.Answer) { assert.Equal(t, "CACHE_UNAVAILABLE", a.Failure().Error) }
			resume := hangRedis(t, w, overTCP)
			noticing := wave(t, w, 20, active, unavailable)
			var noticed []time.Duration
			for range 20 {
				noticed = append(noticed, wave(t, w, 20, active, unavailable)...)
			}
			slices.Sort(noticed)
			resume()
			back := time.Now()
			require.Eventually(t, func() bool {
				return w.Do(t.Context(), active(0).handler, active(0).Request).Status == http.StatusOK
			}, 30*time.Second, 5*time.Millisecond)
			t.Logf("active p50: %s while Redis' hanging is noticed, %s then; back after %s", p50(noticing), p50(noticed), time.Since(back).Round(time.Millisecond))
			assert.GreaterOrEqual(t, p50(noticing), time.Second, "Redis did hang")
			assert.Less(t, p50(noticed), atOnce)
		})
	}
}

// hangRedis makes Redis hang until resume is called.
func hangRedis(t *testing.T, w *apptest.World, overTCP bool) (resume func()) {
	t.Helper()
	if !overTCP {
		return w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Hang}).Clear
	}
	w.Redis.Miniredis().Lock() // its commands wait for it
	return w.Redis.Miniredis().Unlock
}
