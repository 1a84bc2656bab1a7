package timercache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// proposeWith proposes a snapshot of now, with one more command.
func (w *world) proposeWith(t *testing.T, runID string, timers ...timer.Timer) (timercache.Snapshot, timercache.Mark, bool) {
	t.Helper()
	base, s := w.base(), w.seen(timers...)
	mark, same, err := w.cache.Propose(t.Context(), runID, base, s, []any{"SET", "along", runID})
	require.NoError(t, err)
	assert.Equal(t, runID, w.get("along"))
	return s, mark, same
}

func TestPropose(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		_, _, same := w.proposeWith(t, "first", a, b)
		assert.False(t, same, "never synced")
		_, err := w.cache.Commit(t.Context(), "first")
		require.NoError(t, err)

		w.clock.Advance(time.Second)
		s, mark, same := w.proposeWith(t, "unchanged", a, b)
		assert.True(t, same)
		assert.Empty(t, w.get("clockwork:staging:unchanged"), "nothing to write")
		_, err = w.cache.Confirm(t.Context(), mark, s.FetchedAt)
		require.NoError(t, err)

		w.clock.Advance(time.Second)
		_, _, same = w.proposeWith(t, "changed", a, commented(b, "new"))
		assert.False(t, same)
		_, err = w.cache.Commit(t.Context(), "changed")
		require.NoError(t, err)
		assert.Equal(t, "new", *w.read(bob).Timers[0].Comment)
	})
}

// A fetch that carries names over is given what runs, as of its own moment.
// What Redis would not take in one request is left to a write from memory.
func TestProposeTooLarge(t *testing.T) {
	w := onMini(t)
	w.cache.SetMaxStaged(100)
	_, _, same := w.proposeWith(t, "large", running(1, "ann", "A-1", time.Hour))
	assert.False(t, same)
	_, err := w.cache.Commit(t.Context(), "large")
	assert.ErrorIs(t, err, timercache.ErrNotStaged)
}

func TestBaseAt(t *testing.T) {
	w := onMini(t)
	assert.Empty(t, w.base().At(start))
	s := w.seen(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Minute))
	s.Enriched = true
	w.commit(s)
	base := w.base()
	timers := base.At(start.Add(90 * time.Second))
	timer.SortNewestFirst(timers)
	require.Equal(t, []string{"B-1", "A-1"}, issuesOf(timers))
	assert.Equal(t, int64(150), timers[0].TillNow)
	assert.Equal(t, start, base.EnrichedAt())
}

func TestBaseRefused(t *testing.T) {
	refusal := errors.New("LOADING")
	keys := []any{nil}
	page := []any{"0", []any{}}
	for name, answer := range map[string]func(int) ([]any, error){
		"call":           func(int) ([]any, error) { return nil, refusal },
		"keys":           func(int) ([]any, error) { return []any{refusal, page}, nil },
		"people":         func(int) ([]any, error) { return []any{keys, refusal}, nil },
		"too-few":        func(int) ([]any, error) { return []any{keys}, nil },
		"no-page":        func(int) ([]any, error) { return []any{keys, nil}, nil },
		"a-short-page":   func(int) ([]any, error) { return []any{keys, []any{"0"}}, nil },
		"no-cursor":      func(int) ([]any, error) { return []any{keys, []any{int64(0), []any{}}}, nil },
		"no-fields":      func(int) ([]any, error) { return []any{keys, []any{"0", "x"}}, nil },
		"odd-fields":     func(int) ([]any, error) { return []any{keys, []any{"0", []any{"ann"}}}, nil },
		"numbers":        func(int) ([]any, error) { return []any{keys, []any{"0", []any{"ann", int64(1)}}}, nil },
		"a-number-a-key": func(int) ([]any, error) { return []any{[]any{int64(1)}, page}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.redis.Redis = pipelining{w.redis.Redis, answer}
			_, _, err := w.cache.Base(t.Context())
			require.ErrorIs(t, err, timercache.ErrUnavailable)
			assert.NotContains(t, err.Error(), "%!")
		})
	}
}

func TestProposeRefused(t *testing.T) {
	refusal := errors.New("OOM")
	for name, answer := range map[string]func(n int) ([]any, error){
		"call":    func(int) ([]any, error) { return nil, refusal },
		"stage":   func(n int) ([]any, error) { r := make([]any, n); r[n-1] = refusal; return r, nil },
		"too-few": func(int) ([]any, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(1, "ann", "A-1", time.Hour))
			base := w.base()
			w.redis.Redis = pipelining{w.redis.Redis, answer}
			_, same, err := w.cache.Propose(t.Context(), "run", base, w.seen(), []any{"PING"})
			require.ErrorIs(t, err, timercache.ErrUnavailable)
			assert.NotContains(t, err.Error(), "%!")
			assert.False(t, same)
		})
	}
}

// What goes along is somebody else's: whether it worked is theirs to find out.
func TestProposeAlongRefused(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	base := w.base()
	_, same, err := w.cache.Propose(t.Context(), "run", base, w.seen(), []any{"NOSUCHCOMMAND"})
	require.NoError(t, err)
	assert.False(t, same)
	_, err = w.cache.Commit(t.Context(), "run")
	require.NoError(t, err)
}

// pipelining answers pipelines by itself.
type pipelining struct {
	timercache.Redis
	answer func(n int) ([]any, error)
}

func (r pipelining) Pipeline(_ context.Context, cmds ...[]any) ([]any, error) {
	return r.answer(len(cmds))
}
