package timercache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// run is one run of the sync, in the steps that a workflow engine repeats each by
// itself.
type run struct {
	*world
	id       string
	snapshot timercache.Snapshot
	mark     timercache.Mark
	same     bool
}

func (r *run) fetch(ctx context.Context) error {
	base, _, err := r.cache.Base(ctx)
	if err != nil {
		return err
	}
	r.mark, r.same, err = r.cache.Propose(ctx, r.id, base, r.snapshot, []any{"SET", "along", "x"})
	return err
}

func (r *run) write(ctx context.Context) error {
	var err error
	if r.same {
		_, err = r.cache.Confirm(ctx, r.mark, r.snapshot.FetchedAt)
	} else {
		_, err = r.cache.Commit(ctx, r.id)
	}
	return err
}

// crash is a way to change the cache, in steps.
type crash struct {
	steps  func(w *world) []func(context.Context) error
	want   []string // what ann runs then
	events int
}

func crashes() map[string]crash {
	a1, a2, b1 := running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", time.Minute), running(3, "bob", "B-1", time.Hour)
	syncTo := func(timers ...timer.Timer) func(w *world) []func(context.Context) error {
		return func(w *world) []func(context.Context) error {
			r := &run{world: w, id: w.nextRun(), snapshot: w.seen(timers...)}
			return []func(context.Context) error{r.fetch, r.write}
		}
	}
	act := func(does func(ctx context.Context, w *world, at time.Time) error) func(w *world) []func(context.Context) error {
		return func(w *world) []func(context.Context) error {
			at := w.clock.Now()
			return []func(context.Context) error{func(ctx context.Context) error { return does(ctx, w, at) }}
		}
	}
	return map[string]crash{
		"unchanged": {syncTo(a1, b1), []string{"A-1"}, 0},
		"started":   {syncTo(a1, a2, b1), []string{"A-2", "A-1"}, 1},
		"stopped":   {syncTo(b1), []string{}, 1},
		"edited":    {syncTo(commented(a1, "new"), commented(b1, "new")), []string{"A-1"}, 2},
		"start": {act(func(ctx context.Context, w *world, at time.Time) error {
			return w.cache.Started(ctx, owner("ann"), provisional("ann", "A-2", at), "", nil)
		}), []string{"A-2", "A-1"}, 1},
		"stop": {act(func(ctx context.Context, w *world, at time.Time) error {
			return w.cache.Stopped(ctx, owner("ann"), timer.Issue{Key: "A-1"}, at, nil)
		}), []string{}, 1},
		"names": {act(func(ctx context.Context, w *world, _ time.Time) error {
			return w.cache.Named(ctx, owner("ann"), named(a1))
		}), []string{"A-1"}, 1},
	}
}

// Each command in turn is refused, or its answer is lost, and the step is
// repeated: the end is the same, and each event is sent once.
func TestEveryCommandFails(t *testing.T) {
	states := map[string]func(w *world){
		"whole":        func(*world) {},
		"key-evicted":  func(w *world) { w.del("clockwork:timers:ann") },
		"record-gone":  func(w *world) { w.del("clockwork:sync") },
		"hash-evicted": func(w *world) { w.del(timercache.PeopleKey) },
		"never-synced": func(w *world) { w.flush() },
	}
	for name, c := range crashes() {
		for state, prepare := range states {
			t.Run(name+"/"+state, func(t *testing.T) {
				t.Parallel()
				quiet := c.allCommands(t, prepare, fault{}, 0)
				for n := range quiet.calls {
					for _, after := range []bool{false, true} {
						got := c.allCommands(t, prepare, fault{fails: true, after: after}, n)
						assert.Equal(t, quiet.shown, got.shown, "call %d, took effect: %t", n, after)
						assert.Equal(t, quiet.events, got.events, "call %d, took effect: %t", n, after)
					}
				}
				if state == "whole" || state == "key-evicted" {
					assert.Equal(t, c.want, quiet.shown[0])
					assert.Equal(t, c.events, quiet.events)
				}
			})
		}
	}
}

type outcome struct {
	calls  int
	shown  [][]string // ann's by account and address, bob's, everybody's
	events int
}

// allCommands runs the steps in a world of their own; the nth call fails once.
func (c *crash) allCommands(t *testing.T, prepare func(*world), f fault, n int) (o outcome) {
	t.Helper()
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour), running(3, "bob", "B-1", time.Hour))
	prepare(w)
	w.clock.Advance(time.Second)
	steps := c.steps(w)
	o.events = w.events(t, func() {
		w.redis.failing = func([]any) fault {
			o.calls++
			if f.fails && o.calls == n+1 {
				return f
			}
			return fault{}
		}
		for _, step := range steps {
			err := step(t.Context())
			if errors.Is(err, errFault) {
				require.ErrorIs(t, err, timercache.ErrUnavailable)
				err = step(t.Context())
			}
			require.NoError(t, err, fmt.Sprint(o.calls))
		}
		w.redis.failing = nil
	})
	for _, subject := range []timercache.Subject{ann, annByMail, bob, everybody} {
		o.shown = append(o.shown, w.issues(subject))
	}
	return o
}

// Nobody repeats what failed: the next sync makes the cache right, and with all
// that was sent before, the events say the same.
func TestEveryCommandFailsAndIsNotRepeated(t *testing.T) {
	a1, a2 := running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", time.Minute)
	for name, c := range crashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				failed := false
				for _, after := range []bool{false, true} {
					w := onMini(t)
					stop := w.listen(t, nil)
					w.sync(a1, running(3, "bob", "B-1", time.Hour))
					w.clock.Advance(time.Second)
					calls := 0
					w.redis.failing = func([]any) fault {
						calls++
						return fault{fails: calls == n+1, after: after}
					}
					for _, step := range c.steps(w) {
						if err := step(t.Context()); err != nil {
							failed = true
							break
						}
					}
					w.redis.failing = nil
					w.clock.Advance(time.Second)
					w.sync(a2, running(3, "bob", "B-1", time.Hour))
					assert.Equal(t, []string{"A-2"}, w.issues(ann))
					assert.Equal(t, []string{"A-2"}, w.issues(annByMail))
					assert.Equal(t, []string{"A-2", "B-1"}, w.issues(everybody))
					assert.Equal(t, map[string]bool{"cw:ann:A-2": true, "cw:bob:B-1": true}, replay(t, stop()))
				}
				if !failed {
					return // there are no more calls
				}
			}
		})
	}
}

// A reader whose look into the hash fails gets an error, and no list.
func TestMissingIsNotFoundOut(t *testing.T) {
	for _, after := range []bool{false, true} {
		onEach(t, func(t *testing.T, w *world) {
			w.sync(running(1, "ann", "A-1", time.Hour))
			w.del("clockwork:timers:ann")
			w.redis.failing = func(cmd []any) fault { return fault{fails: cmd[0] == "EVAL", after: after} }
			_, err := w.cache.Read(t.Context(), ann)
			require.ErrorIs(t, err, timercache.ErrUnavailable)
			w.redis.failing = nil
			assert.Equal(t, []string{"A-1"}, w.issues(ann))
		})
	}
}
