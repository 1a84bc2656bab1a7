package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Neither a repeated write nor names that come later keep a sync from seeing
// whose a token is; and it writes that once.
func TestProofOfABinding(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "bob", "B-1", time.Hour))
		w.clock.Advance(time.Second)
		bare := provisional("ann", "A-1", w.clock.Now())
		named := bare
		named.Issue.Summary = "Named"
		for range 2 {
			require.NoError(t, w.cache.Started(t.Context(), owner("ann"), bare, "abc", nil))
		}
		require.NoError(t, w.cache.Named(t.Context(), owner("ann"), named))

		own := named
		own.ID = 7
		w.clock.Advance(time.Second)
		w.sync(running(1, "bob", "B-1", time.Hour), own)
		key := timercache.BindingKey("abc")
		record, err := w.rdb.Get(t.Context(), key).Result()
		require.NoError(t, err)
		assert.Equal(t, timercache.Binding{Account: "ann", Seen: true}, timercache.ParseBinding(record))
		assert.Greater(t, w.rdb.TTL(t.Context(), key).Val(), timercache.BindingLife-time.Hour)

		require.NoError(t, w.rdb.Del(t.Context(), key).Err())
		w.clock.Advance(time.Second)
		w.sync(running(1, "bob", "B-1", time.Hour), own, running(8, "ann", "A-2", time.Minute))
		assert.Zero(t, w.rdb.Exists(t.Context(), key).Val())
	})
}

// A list with unreadable entries proves no end: the timer may be one of those.
func TestUnreadableProvesNoEnd(t *testing.T) {
	w := onMini(t)
	w.sync()
	w.clock.Advance(time.Second)
	require.NoError(t, w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-1", w.clock.Now()), "abc", nil))
	require.NoError(t, w.rdb.Set(t.Context(), timercache.BindingKey("abc"), "ann", time.Hour).Err())
	events := w.rdb.Subscribe(t.Context(), timercache.EventsChannel("ann"))
	_, err := events.Receive(t.Context())
	require.NoError(t, err)
	w.clock.Advance(time.Second)
	base, _, err := w.cache.Base(t.Context())
	require.NoError(t, err)
	_, same, err := w.cache.Propose(t.Context(), "run", base, timercache.Snapshot{Timers: []timer.Timer{}, FetchedAt: w.clock.Now(), CachedAt: w.clock.Now(), Source: "connect", Unreadable: 1})
	require.NoError(t, err)
	require.False(t, same)
	_, err = w.cache.Commit(t.Context(), "run")
	require.NoError(t, err)
	m, err := events.ReceiveMessage(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, m.Payload, timercache.CodeStartNotConfirmed)
	assert.Equal(t, "ann", w.rdb.Get(t.Context(), timercache.BindingKey("abc")).Val())
}
