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

// propose reads a base and proposes a snapshot of now, with one more command.
func (w *world) propose(t *testing.T, runID string, timers ...timer.Timer) (timercache.Snapshot, timercache.Mark, bool) {
	t.Helper()
	base, _, err := w.cache.Base(t.Context())
	require.NoError(t, err)
	s := w.seen(timers...)
	mark, same, err := w.cache.Propose(t.Context(), runID, base, &s, []any{"SET", "along", runID})
	require.NoError(t, err)
	assert.Equal(t, runID, w.get("along"))
	return s, mark, same
}

func TestPropose(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		_, _, same := w.propose(t, "first", a, b)
		assert.False(t, same, "never synced")
		_, err := w.cache.Commit(t.Context(), "first")
		require.NoError(t, err)

		w.clock.Advance(time.Second)
		s, mark, same := w.propose(t, "unchanged", a, b)
		assert.True(t, same)
		assert.Empty(t, w.get("clockwork:staging:unchanged"), "nothing to write")
		_, err = w.cache.Confirm(t.Context(), mark, s.FetchedAt)
		require.NoError(t, err)

		w.clock.Advance(time.Second)
		s, _, same = w.propose(t, "changed", a, commented(b, "new"))
		assert.False(t, same)
		assert.False(t, s.Whole)
		_, err = w.cache.Commit(t.Context(), "changed")
		require.NoError(t, err)
		assert.Equal(t, "new", *w.read(bob).Timers[0].Comment)
	})
}

func TestProposeFindsALoss(t *testing.T) {
	a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
	for name, news := range map[string]timer.Timer{"unchanged": b, "changed": commented(b, "new")} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(a, b)
			w.del("clockwork:timers:ann")
			w.clock.Advance(time.Second)
			s, _, same := w.propose(t, name, a, news)
			assert.False(t, same)
			assert.True(t, s.Whole)
			_, err := w.cache.Commit(t.Context(), name)
			require.NoError(t, err)
			assert.Equal(t, []string{"A-1"}, w.issues(ann))
		})
	}
}

func TestProposeRefused(t *testing.T) {
	refusal := errors.New("OOM")
	for name, answer := range map[string]func(n int) ([]any, error){
		"call":    func(int) ([]any, error) { return nil, refusal },
		"compare": func(n int) ([]any, error) { r := make([]any, n); r[1] = refusal; return r, nil },
		"stage":   func(n int) ([]any, error) { r := make([]any, n); r[1], r[n-1] = int64(0), refusal; return r, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(1, "ann", "A-1", time.Hour))
			base, _, err := w.cache.Base(t.Context())
			require.NoError(t, err)
			w.redis.Redis = pipelining{w.redis.Redis, answer}
			s := w.seen()
			_, same, err := w.cache.Propose(t.Context(), "run", base, &s, []any{"PING"})
			require.ErrorIs(t, err, timercache.ErrUnavailable)
			require.ErrorIs(t, err, refusal)
			assert.False(t, same)
		})
	}
}

// pipelining answers pipelines by itself.
type pipelining struct {
	timercache.Redis
	answer func(n int) ([]any, error)
}

func (r pipelining) Pipeline(_ context.Context, cmds ...[]any) ([]any, error) {
	return r.answer(len(cmds))
}

func TestProposeTooFewReplies(t *testing.T) {
	w := onMini(t)
	base, _, err := w.cache.Base(t.Context())
	require.NoError(t, err)
	w.redis.Redis = pipelining{w.redis.Redis, func(int) ([]any, error) { return nil, nil }}
	s := w.seen()
	_, _, err = w.cache.Propose(t.Context(), "run", base, &s)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	assert.NotContains(t, err.Error(), "%!")
}
