package timersync_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// errDied stands for the end of a process.
var errDied = errors.New("the process died")

// moves are what a sync waits for: each Redis command and each request.
type moves struct {
	mu   sync.Mutex
	n    int
	act  func(n int) // called before the nth move
	dead error       // set by act when the process has ended
}

func (m *moves) next() error {
	m.mu.Lock()
	m.n++
	n, act := m.n, m.act
	m.mu.Unlock()
	if act != nil {
		act(n)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

// watch counts a world's moves and lets act play before each.
func (w *world) watch(act func(n int)) *moves {
	m := &moves{act: act}
	w.redis.on(func([]any) error { return m.next() }, nil)
	w.box.OnRequest(func(string) { _ = m.next() })
	return m
}

func (w *world) unwatch() {
	w.redis.on(nil, nil)
	w.box.OnRequest(nil)
}

// changes are worlds before a sync: what each makes different upstream.
var changes = map[string]func(w *world){
	"first":     func(*world) {},
	"unchanged": func(w *world) { w.sync() },
	"changed": func(w *world) {
		w.sync()
		w.change(1)
	},
}

// change stops one, starts one, and edits one, all of different people.
func (w *world) change(n int) {
	w.t.Helper()
	running := w.box.RunningTimers()
	_, err := w.box.StopTimer(running[0].RunningFor, running[0].Issue.Key)
	require.NoError(w.t, err)
	_, err = w.box.EditTimer(running[1].ID, sandbox.TimerEdit{Comment: new(fmt.Sprint("edit ", n))})
	require.NoError(w.t, err)
	for issue := range w.box.Issues() {
		_, err := w.box.StartTimer(w.box.People()[8+n%4].AccountID, w.box.Issues()[issue].Key, "")
		if err == nil {
			return
		}
		require.ErrorIs(w.t, err, sandbox.ErrAlreadyRunning)
	}
}

// atEveryMove disturbs a sync at its first move, in another world at its second, and so
// on until it has no more. Each time the next sync makes the cache true.
func atEveryMove(t *testing.T, disturb func(t *testing.T, w *world, at int) (moves int)) {
	for name, prepare := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moves := 1
			for at := 1; at <= moves+1; at++ {
				w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 3})
				prepare(w)
				w.clock.Advance(time.Second)
				moves = disturb(t, w, at)
				w.unwatch()
				w.sync()
				w.settled()
			}
			assert.Greater(t, moves, 2, "it was disturbed at each move")
		})
	}
}

// A process that ends at any of its moves leaves a cache that is still whole.
func TestCrashAtEveryMove(t *testing.T) {
	atEveryMove(t, func(t *testing.T, w *world, at int) int {
		before := w.everybody()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var m *moves
		m = w.watch(func(n int) {
			if n == at {
				cancel()
				m.mu.Lock()
				m.dead = errDied
				m.mu.Unlock()
			}
		})
		_, err := w.process().Run(ctx)
		w.unwatch()
		if m.n < at {
			require.NoError(t, err)
		}
		if after := w.everybody(); after != before {
			w.settled() // all of it, or nothing
		}
		return m.n
	})
}

// everybody is what all see, as text.
func (w *world) everybody() string {
	w.t.Helper()
	view, err := w.cache.Read(context.Background(), timercache.Subject{})
	require.NoError(w.t, err)
	return fmt.Sprint(view.SyncedAt != nil, view.ETag)
}

// The answer of each command is lost although it took effect: the step fails,
// the engine repeats it, and the whole ends as if nothing had been.
func TestCrashLostAnswersOfRedis(t *testing.T) {
	atEveryMove(t, func(_ *testing.T, w *world, at int) (n int) {
		w.redis.on(nil, func([]any) error {
			if n++; n == at {
				return errDied
			}
			return nil
		})
		w.retried("run")
		w.redis.on(nil, nil)
		w.settled()
		return n
	})
}

// retried is a run as the engine makes it: a step that fails is tried again,
// each time in another process.
func (w *world) retried(runID string) timercache.Result {
	w.t.Helper()
	ctx := context.Background()
	acquired := attempt(w, func(p *timersync.Syncer) (timersync.Acquired, error) { return p.Acquire(ctx) })
	fetched := attempt(w, func(p *timersync.Syncer) (timersync.Fetched, error) { return p.Fetch(ctx, runID, acquired) })
	return attempt(w, func(p *timersync.Syncer) (timercache.Result, error) { return p.Write(ctx, runID, fetched) })
}

func attempt[T any](w *world, step func(p *timersync.Syncer) (T, error)) T {
	w.t.Helper()
	var out T
	var err error
	for range 5 {
		if out, err = step(w.process()); err == nil {
			return out
		}
	}
	require.NoError(w.t, err, "after all attempts")
	return out
}

func TestCrashLostAnswersOfTheUpstreams(t *testing.T) {
	for _, operation := range []string{
		"jira.tenant_info", "forge.apps", "forge.sign_context_token", "forge.invoke", "connect.servlet", "report.timers", askUsers, askIssues,
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 3})
			w.box.Switch(withoutAuthors)
			if operation == "connect.servlet" || operation == "report.timers" {
				w.sources = []string{"connect"}
			}
			// Three attempts inside the client, and one of the engine's.
			plan := w.box.Faults().Add(fault.Fault{Kind: fault.Reset, Operation: operation, After: true, Count: 4})
			w.retried("run")
			w.sync()
			w.settled()
			assert.Positive(t, plan.Hits())
		})
	}
}

// Each step may be made twice, in every combination, with a step of another
// run in between or not.
func TestEachStepTwice(t *testing.T) {
	for name, prepare := range changes {
		for mask := range 8 {
			t.Run(fmt.Sprintf("%s-%03b", name, mask), func(t *testing.T) {
				t.Parallel()
				w := onMini(t)
				prepare(w)
				w.repeating(mask)
			})
		}
	}
	t.Run("over-each-redis", func(t *testing.T) {
		onEach(t, sandbox.Options{}, func(_ *testing.T, w *world) {
			changes["changed"](w)
			w.repeating(7)
		})
	})
}

// repeating makes a run with the steps of the mask made twice.
func (w *world) repeating(mask int) {
	w.t.Helper()
	w.clock.Advance(time.Second)
	ctx := context.Background()
	twice := func(step int) int { return 1 + mask>>step&1 }
	var acquired timersync.Acquired
	var fetched timersync.Fetched
	var results []timercache.Result
	var err error
	for range twice(0) {
		acquired, err = w.process().Acquire(ctx)
		require.NoError(w.t, err)
	}
	for range twice(1) {
		fetched, err = w.process().Fetch(ctx, "run", acquired)
		require.NoError(w.t, err)
	}
	for range twice(2) {
		result, err := w.process().Write(ctx, "run", fetched)
		require.NoError(w.t, err)
		results = append(results, result)
		w.settled()
	}
	assert.Equal(w.t, results[0].Version, results[len(results)-1].Version, "the second changes nothing")
	w.sync()
	w.settled()
}

// A whole other sync happens at each move of a sync: the newer snapshot wins.
func TestTwoSyncsAtOnceAtEveryMove(t *testing.T) {
	atEveryMove(t, func(t *testing.T, w *world, at int) int {
		other := w.processOver(w.db.client) // its moves are not counted
		m := w.watch(nil)
		m.act = func(n int) {
			if n != at {
				return
			}
			m.mu.Lock()
			m.act = nil
			m.mu.Unlock()
			w.clock.Advance(time.Second)
			w.change(at)
			_, err := other.Run(context.Background())
			assert.NoError(t, err)
		}
		_, err := w.process().Run(t.Context())
		require.NoError(t, err)
		w.unwatch()
		if m.n >= at {
			w.settled()
		}
		return m.n
	})
}

// Redis forgets everything between two steps, or at any move: the next sync
// heals it.
func TestRedisLosesEverythingAtEveryMove(t *testing.T) {
	atEveryMove(t, func(t *testing.T, w *world, at int) int {
		m := w.watch(func(n int) {
			if n == at {
				assert.NoError(t, w.rdb.FlushAll(context.Background()).Err())
			}
		})
		w.retried("run")
		w.unwatch()
		view, err := w.cache.Read(t.Context(), timercache.Subject{})
		require.NoError(t, err)
		if view.SyncedAt != nil {
			require.NoError(t, same(view.Timers, w.truth(w.box.People()), w.slack), "what is shown as synced is true")
		}
		return m.n
	})
}

// Single keys are evicted: the next sync notices.
func TestRedisEvictsAnyKey(t *testing.T) {
	w := onMini(t)
	w.sync()
	keys, err := w.rdb.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Greater(t, len(keys), 8)
	for n, key := range keys {
		if strings.HasPrefix(key, "clockwork:known:") && n%100 > 0 || key == "clockwork:active_users" {
			continue // one of a hundred alike; twice a day is enough
		}
		require.NoError(t, w.rdb.Del(t.Context(), key).Err())
		w.sync()
		require.NoError(t, w.compare(w.cache), "after the loss of %s", key)
	}
}
