package timercache_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// sizes records the size of each script call.
func (w *world) sizes() *[]int {
	sizes := &[]int{}
	w.redis.before = func(cmd []any) error {
		if cmd[0] == "EVAL" {
			size := 0
			for _, arg := range cmd[2:] {
				size += len(fmt.Sprint(arg))
			}
			*sizes = append(*sizes, size)
		}
		return nil
	}
	return sizes
}

func TestLargeWritesGoInParts(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.cache.SetMaxRequest(2000)
		sizes := w.sizes()
		want := team(60)
		got := w.sync(want...)
		assert.Equal(t, 60, got.Started)
		assert.Greater(t, len(*sizes), 5)
		for _, size := range *sizes {
			assert.Less(t, size, 6000)
		}
		w.redis.before = nil
		shown := w.read(everybody).Timers
		require.Len(t, shown, 60)
		for i := range shown {
			assert.Equal(t, want[i].Comment, shown[i].Comment)
			assert.Equal(t, []timer.Timer{shown[i]}, w.read(subjectOf(shown[i])).Timers)
		}
		assert.Len(t, w.active(), 60)
		w.clock.Advance(time.Second)
		assert.Equal(t, 60, w.events(t, func() { w.sync() }), "events go in parts too")
		assert.Empty(t, w.issues(everybody))
		assert.Empty(t, w.active())
	})
}

// One person whose timers are larger than a part is written all the same.
func TestLargePerson(t *testing.T) {
	w := onMini(t)
	w.cache.SetMaxRequest(100)
	w.sync(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", 2*time.Hour))
	assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
}

// The process ends between two parts, or loses an answer, and the step is
// repeated: everybody is written once, and each event is sent once.
func TestCrashBetweenParts(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, crashed := range []int{0, 1, 3} {
			t.Run(fmt.Sprintf("part-%d-took-effect-%t", crashed, after), func(t *testing.T) {
				onEach(t, func(t *testing.T, w *world) {
					w.cache.SetMaxRequest(2000)
					timers := team(40)
					w.sync(timers...)
					w.clock.Advance(time.Second)
					before := w.read(everybody)
					run := w.stage(w.seen(timers[20:]...))
					events := w.events(t, func() {
						n := 0
						w.redis.failing = func(cmd []any) fault {
							if cmd[0] != "EVAL" {
								return fault{}
							}
							n++
							return fault{fails: n == crashed+1, after: after}
						}
						_, err := w.cache.Commit(t.Context(), run)
						w.redis.failing = nil
						require.ErrorIs(t, err, timercache.ErrUnavailable)
						assert.Equal(t, before.SyncedAt, w.read(everybody).SyncedAt, "the record comes last")
						got, err := w.cache.Commit(t.Context(), run)
						require.NoError(t, err)
						assert.Equal(t, 20, got.Stopped)
						assert.Zero(t, got.Fenced)
					})
					assert.Equal(t, 20, events)
					assert.Len(t, w.issues(everybody), 20)
					for i, x := range timers {
						assert.Len(t, w.issues(subjectOf(x)), i/20)
					}
				})
			})
		}
	}
}

// A crash between parts, and nobody repeats the step: the next sync finds what
// is left.
func TestCrashBetweenPartsIsHealed(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("first-run-%t", first), func(t *testing.T) {
			w := onMini(t)
			w.cache.SetMaxRequest(2000)
			timers := team(40)
			if !first {
				w.sync(team(20)...)
			}
			w.clock.Advance(time.Second)
			run := w.stage(w.seen(timers...))
			n := 0
			w.redis.before = func(cmd []any) error {
				if cmd[0] == "EVAL" {
					if n++; n == 3 {
						return errors.New("connection reset")
					}
				}
				return nil
			}
			_, err := w.cache.Commit(t.Context(), run)
			require.Error(t, err)
			w.redis.before = nil
			if first {
				assert.Nil(t, w.read(everybody).SyncedAt, "a part is not shown as everybody")
			}
			w.clock.Advance(time.Second)
			w.sync(timers[10:]...)
			assert.Len(t, w.issues(everybody), 30)
			for i, x := range timers {
				assert.Equal(t, i >= 10, len(w.issues(subjectOf(x))) == 1, i)
			}
		})
	}
}

// Another sync writes between two parts: ours ends there.
func TestAnotherSyncBetweenParts(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.cache.SetMaxRequest(2000)
		timers := team(40)
		w.sync(timers...)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen())
		n := 0
		w.redis.before = func(cmd []any) error {
			if cmd[0] == "EVAL" {
				if n++; n == 3 {
					w.redis.before = nil
					w.sync(timers[:30]...)
				}
			}
			return nil
		}
		_, err := w.cache.Commit(t.Context(), run)
		require.ErrorIs(t, err, timercache.ErrNotStaged)
		assert.Len(t, w.issues(everybody), 30)
		for i, x := range timers {
			assert.Equal(t, i < 30, len(w.issues(subjectOf(x))) == 1, i)
		}
	})
}

func TestStagedSnapshotIsSmall(t *testing.T) {
	w := onMini(t)
	timers := team(2000)
	s := w.seen(timers...)
	plain, err := json.Marshal(s)
	require.NoError(t, err)
	run := w.stage(s)
	whole := len(w.get("clockwork:staging:" + run))
	assert.Less(t, whole, len(plain)/2)
	w.commit(s)
	w.clock.Advance(time.Second)
	timers[7] = commented(timers[7], "new")
	run = w.stage(w.seen(timers...))
	assert.Less(t, len(w.get("clockwork:staging:"+run)), whole/100, "in proportion to what changed")
}
