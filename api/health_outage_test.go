package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// deepHealth asks, and reads since when what is down.
func deepHealth(t *testing.T, w *apptest.World) (status int, since map[string]time.Time) {
	t.Helper()
	a := w.Do(t.Context(), api.HandleHealth, apptest.Request{Target: "/api/health?deep=1"})
	a.AssertForm(t)
	w.AssertNoSecrets(t, string(a.Body))
	var body struct {
		Checks map[string]struct {
			Status    string
			DownSince *time.Time
		}
	}
	require.NoError(t, json.Unmarshal(a.Body, &body))
	since = map[string]time.Time{}
	for name, c := range body.Checks {
		assert.Equal(t, c.Status == "down", c.DownSince != nil, "%s", name)
		if c.DownSince != nil {
			since[name] = *c.DownSince
		}
	}
	return a.Status, since
}

// An outage has one start, however many ask, until it is over.
func TestHealthDownSince(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	down := w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 401})
	began := w.Clock.Now()
	for range 3 {
		status, since := deepHealth(t, w)
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.Equal(t, map[string]time.Time{"jira": began}, since)
		w.Clock.Advance(2 * time.Minute)
	}
	down.Clear()
	status, since := deepHealth(t, w)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, since)

	w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 401})
	w.Clock.Advance(2 * time.Minute)
	again := w.Clock.Now()
	_, since = deepHealth(t, w)
	assert.Equal(t, map[string]time.Time{"clockwork": again}, since)
}

// A new process learns of an outage from the others, through Redis.
func TestHealthDownSinceOverInstances(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 401})
	began := w.Clock.Now()
	deepHealth(t, w)
	w.Clock.Advance(time.Minute)
	other := w.Another(t, 0)
	_, since := deepHealth(t, other)
	assert.Equal(t, map[string]time.Time{"jira": began}, since)

	for _, nonsense := range []string{`{"jira":"soon"}`, "[]", "x"} {
		require.NoError(t, w.Redis.Miniredis().Set("clockwork:outages", nonsense))
		other.Clock.Advance(time.Minute)
		_, since = deepHealth(t, other)
		assert.Equal(t, map[string]time.Time{"jira": began}, since)
	}
}

// Requests have seen an outage before anybody asked for it. Redis' own cannot
// be kept in Redis.
func TestHealthDownSinceTheFirstFailure(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Status})
	w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status})
	began := w.Clock.Now()
	w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: "/api/worklogs?accountId=" + w.Person(1).AccountID})
	w.Clock.Advance(time.Minute)
	for range 2 {
		_, since := deepHealth(t, w)
		assert.Equal(t, map[string]time.Time{"clockwork": began, "redis": began}, since)
		w.Clock.Advance(time.Minute)
	}
}

// Whoever asks, and however often: each dependency is asked once in five
// seconds, and Redis costs two commands.
func TestHealthIsNoWeapon(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"RATE_LIMIT": "off"}})
	w.Sandbox.ResetRequests()
	w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Delay, Delay: 50 * time.Millisecond})
	w.Faults().Add(fault.Fault{Upstream: "clockwork", Kind: fault.Delay, Delay: 50 * time.Millisecond})
	var callers sync.WaitGroup
	var mu sync.Mutex
	bodies := map[string]int{}
	spent := w.Spent(t, func() {
		for range 50 {
			callers.Go(func() {
				a := w.Do(t.Context(), api.HandleHealth, apptest.Request{Target: "/api/health?deep=1"})
				assert.Equal(t, http.StatusOK, a.Status)
				mu.Lock()
				defer mu.Unlock()
				bodies[string(a.Body)]++
			})
		}
		callers.Wait()
	})
	assert.Len(t, bodies, 1, "all get the same answer")
	assert.Equal(t, map[string]int{"jira.myself": 1, "clockwork.worklogs": 1, "connect.servlet": 1}, w.Sandbox.Requests())
	assert.EqualValues(t, 2, spent.Commands)

	w.Clock.Advance(4 * time.Second)
	deepHealth(t, w)
	assert.Equal(t, 1, w.Sandbox.Requests()["jira.myself"])
	w.Clock.Advance(time.Second)
	deepHealth(t, w)
	assert.Equal(t, 2, w.Sandbox.Requests()["jira.myself"])
}

// Who hangs up does not take the others' answer along.
func TestHealthCallerHangsUp(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	arrived := w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Delay, Delay: time.Hour})
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		assert.Eventually(t, func() bool { return arrived.Hits() > 0 }, 30*time.Second, time.Millisecond)
		hangUp()
	}()
	a := w.Do(ctx, api.HandleHealth, apptest.Request{Target: "/api/health?deep=1"})
	assert.Equal(t, "CLIENT_CLOSED_REQUEST", a.Failure().Error)
	arrived.Clear()
	status, since := deepHealth(t, w)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, since)
	assert.Equal(t, 1, w.Sandbox.Requests()["jira.myself"])
}
