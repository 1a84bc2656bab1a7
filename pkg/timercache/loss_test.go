package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Whatever single key Redis evicts, the next sync brings it back, also one that
// finds nothing new.
func TestEvictionHeals(t *testing.T) {
	for _, key := range []string{"clockwork:timers:ann", "clockwork:timers:ann@example.test", "clockwork:timers:all", "clockwork:sync", "clockwork:active_users"} {
		for name, news := range map[string]bool{"unchanged": false, "changed": true} {
			t.Run(key[len("clockwork:"):]+"-"+name, func(t *testing.T) {
				w := onMini(t)
				a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
				w.sync(a, b)
				w.del(key)
				w.clock.Advance(time.Second)
				if news {
					b = commented(b, "new")
				}
				w.sync(a, b)
				exists, err := w.rdb.Exists(t.Context(), key).Result()
				require.NoError(t, err)
				assert.Equal(t, int64(1), exists)
				for _, subject := range []timercache.Subject{ann, annByMail} {
					assert.Equal(t, []string{"A-1"}, w.issues(subject))
				}
				assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
				active, err := w.rdb.SMembers(t.Context(), "clockwork:active_users").Result()
				require.NoError(t, err)
				assert.Equal(t, []string{"ann", "bob"}, sorted(active))
			})
		}
	}
}

func TestTotalLossHeals(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		before := w.sync(a)
		w.clock.Advance(time.Second)
		w.flush()
		assert.Nil(t, w.read(ann).SyncedAt)
		after := w.sync(a)
		assert.Greater(t, after.Version, before.Version, "a tag that a client still has must not come again")
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
	})
}

// Redis loses the list and the state, but an old value survives.
func TestLeftoversAreNotServed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		w.del("clockwork:timers:all", "clockwork:sync")
		w.clock.Advance(time.Minute)
		w.sync(b)
		require.NotEmpty(t, w.get("clockwork:timers:ann"), "the leftover is there")
		for _, subject := range []timercache.Subject{ann, annByMail} {
			got := w.read(subject)
			assert.Empty(t, got.Timers, "no ghost")
			assert.NotNil(t, got.SyncedAt)
		}
		w.started("ann", "A-2")
		assert.Equal(t, []string{"A-2"}, w.issues(ann))
	})
}

// Redis loses everything between the steps of one run.
func TestLossBetweenSteps(t *testing.T) {
	w := onMini(t)
	a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
	w.sync(a, b)
	w.clock.Advance(time.Second)
	base, _, err := w.cache.Base(t.Context())
	require.NoError(t, err)
	s := w.seen(a, commented(b, "new"))
	_, same, err := w.cache.Propose(t.Context(), w.nextRun(), base, &s)
	require.NoError(t, err)
	require.False(t, same)
	w.flush()
	w.commit(s)
	assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
	assert.Equal(t, []string{"A-1"}, w.issues(ann), "written, though it had not changed")
}

// Redis loses everything while a snapshot is being written.
func TestLossDuringTheWrite(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen(a, commented(b, "new")))
		w.intercept("EVAL", w.flush)
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
	})
}

// A fence outlives the list: what the user started is kept.
func TestLossKeepsFencedUsers(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen(a))
		w.started("ann", "A-2")
		w.del("clockwork:timers:all", "clockwork:sync")
		result, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, 1, result.Fenced)
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(everybody))
	})
}

func TestEverythingIsRewrittenAfterThreeDays(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		before := w.get("clockwork:timers:ann")
		for passed := time.Duration(0); passed <= timercache.RefreshAge; passed += 12 * time.Hour {
			w.sync(a)
			assert.Equal(t, before, w.get("clockwork:timers:ann"), passed)
			w.clock.Advance(12 * time.Hour)
		}
		for _, key := range []string{"clockwork:timers:ann", "clockwork:timers:ann@example.test", "clockwork:timers:all", "clockwork:sync"} {
			require.NoError(t, w.rdb.Expire(t.Context(), key, 4*24*time.Hour).Err())
		}
		w.sync(a)
		w.ttl(t, 7*24*time.Hour, "clockwork:timers:ann", "clockwork:timers:ann@example.test", "clockwork:timers:all", "clockwork:sync")
		w.ttl(t, 24*time.Hour, "clockwork:active_users")
	})
}

func TestLifetimes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		run := w.stage(w.seen(a))
		w.ttl(t, 10*time.Minute, "clockwork:staging:"+run)
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		w.ttl(t, 7*24*time.Hour, "clockwork:timers:ann", "clockwork:timers:ann@example.test", "clockwork:timers:all", "clockwork:sync")
		w.ttl(t, 24*time.Hour, "clockwork:active_users")

		// A set that empties is gone, and its lifetime with it.
		w.stopped("ann", "A-1")
		w.started("ann", "A-2")
		w.ttl(t, 24*time.Hour, "clockwork:active_users")
		w.clock.Advance(time.Second)
		w.sync()
		w.clock.Advance(time.Second)
		w.sync(a)
		w.ttl(t, 24*time.Hour, "clockwork:active_users")
	})
}

func TestActiveUsersLiveOnThroughUnchangedSyncs(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		require.NoError(t, w.rdb.Expire(t.Context(), "clockwork:active_users", time.Hour).Err())
		w.clock.Advance(11 * time.Hour)
		w.sync(a)
		w.ttl(t, time.Hour, "clockwork:active_users")
		w.clock.Advance(2 * time.Hour)
		w.sync(a)
		w.ttl(t, 24*time.Hour, "clockwork:active_users")
	})
}
