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

func TestStartedShowsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour))
		bobs := w.read(bob).ETag
		w.clock.Advance(1500 * time.Millisecond)
		w.started("ann", "A-2")
		for _, subject := range []timercache.Subject{ann, annByMail} {
			got := w.read(subject)
			assert.Equal(t, []string{"A-2", "A-1"}, issuesOf(got.Timers))
			assert.Equal(t, int64(3601), got.Timers[1].TillNow, "the others lose no second")
			assert.Equal(t, start, *got.SyncedAt, "a start is no sync")
		}
		assert.Equal(t, []string{"A-2", "B-1", "A-1"}, w.issues(everybody))
		assert.Equal(t, bobs, w.read(bob).ETag)
	})
}

func TestStartedAgainReplacesTheIssuesTimer(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.started("ann", "A-1")
	got := w.read(ann).Timers
	require.Len(t, got, 1)
	assert.Equal(t, int64(0), got[0].TillNow)
}

func TestStoppedShowsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", time.Minute), running(3, "bob", "B-1", time.Hour))
		w.stopped("ann", "A-2")
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		w.stopped("ann", "A-1")
		w.stopped("ann", "A-1") // safe to repeat
		assert.Empty(t, w.issues(ann))
		assert.Empty(t, w.issues(annByMail))
		assert.Equal(t, []string{"B-1"}, w.issues(everybody))
		active, err := w.rdb.SMembers(t.Context(), "clockwork:active_users").Result()
		require.NoError(t, err)
		assert.Equal(t, []string{"bob"}, active)
	})
}

func TestAmendManyQuickStartsLoseNoTime(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	for range 20 {
		w.clock.Advance(900 * time.Millisecond)
		w.started("ann", "A-2")
		w.started("bob", "B-1")
	}
	assert.Equal(t, int64(3600+18), w.read(ann).Timers[1].TillNow)
	assert.Equal(t, int64(3600+18), w.read(everybody).Timers[2].TillNow)
}

func TestAmendBeforeAnySync(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.started("ann", "A-1")
		got := w.read(ann)
		assert.Equal(t, []string{"A-1"}, issuesOf(got.Timers))
		assert.Nil(t, got.SyncedAt)
		require.NotNil(t, got.CachedAt)
		assert.Empty(t, w.issues(everybody), "a list of everybody made of one person would be false")

		w.started("ann", "A-2")
		assert.Equal(t, []string{"A-1", "A-2"}, sorted(w.issues(ann)))
		w.stopped("ann", "A-1")
		assert.Equal(t, []string{"A-2"}, w.issues(ann))
		w.clock.Advance(timercache.FenceLife + time.Second)
		assert.Empty(t, w.issues(ann), "nothing older than moments counts without a sync")
	})
}

// A start while nothing is known of others must survive the first snapshot, if
// that was fetched before it.
func TestAmendBeforeTheFirstSnapshotIsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		early := w.seen(running(2, "bob", "B-1", time.Hour))
		w.clock.Advance(time.Second)
		w.started("ann", "A-1")
		w.clock.Advance(time.Second)
		result := w.commit(early)
		assert.Equal(t, 1, result.Fenced)
		for _, subject := range []timercache.Subject{ann, annByMail} {
			assert.Equal(t, []string{"A-1"}, w.issues(subject))
			assert.Equal(t, int64(1), w.read(subject).Timers[0].TillNow)
		}
		assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
		assert.Equal(t, int64(1), w.read(everybody).Timers[0].TillNow)
		assert.Empty(t, w.get("clockwork:pending"), "the list of everybody knows of them now")

		w.clock.Advance(time.Second)
		w.sync(running(2, "bob", "B-1", time.Hour))
		assert.Empty(t, w.issues(ann), "the next snapshot decides")
		assert.Equal(t, []string{"B-1"}, w.issues(everybody))
	})
}

// The same with the start between the snapshot's reading and its writing.
func TestAmendWhileTheFirstSnapshotIsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.intercept("EVAL", func() { w.started("ann", "A-2"); w.started("cleo", "C-1"); w.stopped("bob", "B-1") })
		result, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, 3, result.Fenced)
		assert.Equal(t, []string{"A-2"}, w.issues(ann), "all that was known of her; the next snapshot tells the rest")
		assert.Equal(t, []string{"A-2", "C-1"}, sorted(w.issues(everybody)))
		w.clock.Advance(time.Second)
		w.sync(running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", 0))
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
		assert.Equal(t, w.issues(ann), w.issues(everybody))
	})
}

// The snapshot knows nothing of the account, and its first look neither.
func TestAmendOfAnUnknownAccountWhileTheFirstSnapshotIsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(2, "bob", "B-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.intercept("EVAL", func() { w.started("ann", "A-1") })
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
	})
}

func TestAmendsBeforeAnySyncAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		early := w.seen(running(2, "bob", "B-1", time.Hour))
		w.clock.Advance(time.Second)
		w.started("ann", "A-0")
		w.intercept("EVAL", func() { w.started("ann", "A-1") })
		w.started("ann", "A-2")
		assert.Equal(t, []string{"A-0", "A-1", "A-2"}, sorted(w.issues(ann)), "of one account")
		w.intercept("EVAL", func() { w.started("cleo", "C-1") })
		w.started("dee", "D-1")
		w.commit(early)
		assert.Equal(t, []string{"A-0", "A-1", "A-2", "B-1", "C-1", "D-1"}, sorted(w.issues(everybody)), "of two")
	})
}

func TestAmendsOfOneMomentHaveTheirOwnTags(t *testing.T) {
	w := onMini(t)
	for range 2 { // before any sync, and after
		seen := map[string]bool{}
		for _, issue := range []string{"A-1", "A-2", "A-3"} {
			w.started("ann", issue)
			seen[w.read(ann).ETag] = true
		}
		assert.Len(t, seen, 3)
		w.sync()
	}
}

// A list of everybody that is almost too old must not be believed by one
// writer and thrown away by the next.
func TestAmendAtTheEndOfASnapshotsDay(t *testing.T) {
	for name, at := range map[string]time.Duration{"just-before": timercache.ForgetAge - time.Second, "just-after": timercache.ForgetAge + time.Second} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(2, "bob", "B-1", time.Hour))
			w.clock.Advance(at - time.Second)
			early := w.seen(running(2, "bob", "B-1", time.Hour))
			w.clock.Advance(time.Second)
			w.started("ann", "A-1")
			w.clock.Advance(3 * time.Second)
			w.commit(early)
			assert.Equal(t, []string{"A-1"}, w.issues(ann))
			assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
		})
	}
}

func TestFence(t *testing.T) {
	ms := time.Millisecond
	for name, tc := range map[string]struct {
		fetched time.Duration // after the start and stop
		kept    bool
	}{
		"long-before":        {-5 * time.Second, true},
		"one-ms-before":      {-ms, true},
		"the-same-ms":        {0, true},
		"within-that-ms":     {ms - 1, true},
		"one-ms-after":       {ms, false},
		"long-after":         {5 * time.Second, false},
		"another-time-zone":  {-time.Second, true},
		"another-zone-after": {time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
			w.sync(a, b)
			w.clock.Advance(time.Minute)
			old := w.seen(a, b)
			w.started("ann", "A-2")
			w.stopped("bob", "B-1")
			old.FetchedAt = w.clock.Now().Add(tc.fetched).In(time.FixedZone("", 5*3600))
			w.clock.Advance(10 * time.Second)
			result := w.commit(old)
			if tc.kept {
				assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
				assert.Empty(t, w.issues(bob))
				assert.Equal(t, []string{"A-2", "A-1"}, w.issues(everybody))
				assert.Equal(t, 2, result.Fenced)
				assert.Zero(t, result.Started+result.Stopped+result.Edited)
			} else {
				assert.Equal(t, []string{"A-1"}, w.issues(ann))
				assert.Equal(t, []string{"B-1"}, w.issues(bob))
				assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
				assert.Zero(t, result.Fenced)
			}
		})
	}
}

// A start while a snapshot is being written: its first attempt is refused by
// its guards, whichever command the start comes before.
func TestFenceDuringTheWrite(t *testing.T) {
	for _, command := range []string{"MGET", "EVAL"} {
		t.Run(command, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
				w.sync(a, b)
				w.clock.Advance(time.Minute)
				run := w.stage(w.seen(a, commented(b, "new")))
				w.clock.Advance(time.Second)
				w.intercept(command, func() { w.started("ann", "A-2"); w.stopped("bob", "B-1") })
				result, err := w.cache.Commit(t.Context(), run)
				require.NoError(t, err)
				assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
				assert.Empty(t, w.issues(bob))
				assert.Equal(t, []string{"A-2", "A-1"}, w.issues(everybody))
				assert.Zero(t, result.Started+result.Stopped+result.Edited)
				assert.Equal(t, start.Add(time.Minute), *w.read(ann).SyncedAt, "the snapshot was written all the same")
			})
		})
	}
}

func TestFencedTimersKeepTheirSeconds(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour))
	w.clock.Advance(time.Minute)
	early := w.seen(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour))
	w.clock.Advance(20 * time.Second) // a slow fetch
	w.started("ann", "A-2")
	w.clock.Advance(time.Second)
	result := w.commit(early)
	assert.Zero(t, result.Edited, "that another user started something edits nobody's timer")
	want := map[string]int64{"A-1": 3681, "B-1": 3681, "A-2": 1}
	for _, subject := range []timercache.Subject{everybody, ann, bob} {
		for _, got := range w.read(subject).Timers {
			assert.Equal(t, want[got.Issue.Key], got.TillNow, got.Issue.Key)
		}
	}
}

func TestAmendIsComputedAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Minute)
		w.intercept("EVAL", func() {
			w.sync(a, running(2, "ann", "A-2", time.Minute))
			w.started("bob", "B-1")
		})
		w.started("ann", "A-3")
		assert.Equal(t, []string{"A-3", "A-2", "A-1"}, sortedDown(w.issues(ann)))
		assert.Equal(t, []string{"B-1", "A-3", "A-2", "A-1"}, sortedDown(w.issues(everybody)))
	})
}

func TestAmendGivesUp(t *testing.T) {
	w := onMini(t)
	w.sync()
	paused := 0
	w.cache.SetPause(func(context.Context, int) error { paused++; return nil })
	w.redis.before = func(cmd []any) error {
		if cmd[0] == "EVAL" { // somebody is always faster
			w.set("clockwork:sync", timercache.SyncState{SyncedAt: start, Version: int64(1e6 + paused)}.Encode())
		}
		return nil
	}
	err := w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-1", start))
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	assert.Equal(t, timercache.MaxAttempts, paused)
	assert.Empty(t, w.get("clockwork:timers:ann"), "nothing was written")

	_, err = w.cache.Commit(t.Context(), w.stage(timercache.Snapshot{FetchedAt: start.Add(time.Second), CachedAt: start}))
	require.ErrorIs(t, err, timercache.ErrUnavailable)
}

func TestAmendEndsWithItsCaller(t *testing.T) {
	w := onMini(t)
	w.sync()
	ctx, cancel := context.WithCancel(t.Context())
	w.redis.before = func(cmd []any) error {
		if cmd[0] == "EVAL" {
			w.set("clockwork:sync", "{}")
			cancel()
		}
		return nil
	}
	err := w.cache.Started(ctx, owner("ann"), provisional("ann", "A-1", start))
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAmendRefusesNoAccount(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	for _, account := range []string{"", "all"} {
		require.Error(t, w.cache.Started(t.Context(), owner(account), provisional(account, "X-1", start)))
		require.Error(t, w.cache.Stopped(t.Context(), owner(account), "A-1"))
	}
	assert.Equal(t, []string{"A-1"}, w.issues(everybody))
}

func TestAmendRedisRefuses(t *testing.T) {
	w := onMini(t)
	for _, command := range []string{"MGET", "EVAL"} {
		refusal := errors.New("OOM")
		w.redis.before = func(cmd []any) error {
			if cmd[0] == command {
				return refusal
			}
			return nil
		}
		for _, err := range []error{
			w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-1", start)),
			w.cache.Stopped(t.Context(), owner("ann"), "A-1"),
		} {
			require.ErrorIs(t, err, timercache.ErrUnavailable)
			require.ErrorIs(t, err, refusal)
		}
	}
}

func TestAmendLifetimes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.started("ann", "A-1")
		assert.Equal(t, "2026-05-04T09:00:00.000Z", w.get("clockwork:fence:ann"))
		w.ttl(t, timercache.FenceLife, "clockwork:fence:ann", "clockwork:pending")
		w.ttl(t, 7*24*time.Hour, "clockwork:timers:ann", "clockwork:timers:ann@example.test")
	})
}

// ttl asserts the lifetime of keys, to within ten seconds.
func (w *world) ttl(t *testing.T, want time.Duration, keys ...string) {
	t.Helper()
	for _, key := range keys {
		got, err := w.rdb.TTL(t.Context(), key).Result()
		require.NoError(t, err)
		assert.InDelta(t, want.Seconds(), got.Seconds(), 10, key)
	}
}

func TestSnapshotOlderThanFencesLast(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.clock.Advance(time.Minute)
	run := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
	w.stopped("ann", "A-1")
	w.clock.Advance(timercache.SnapshotLife + time.Second)
	w.del("clockwork:fence:ann") // its ten minutes are almost over
	_, err := w.cache.Commit(t.Context(), run)
	require.ErrorIs(t, err, timercache.ErrNotStaged)
	assert.Empty(t, w.issues(ann))
}

func TestTimersOfAnotherAuthorLeaveThatAuthorsKeyAlone(t *testing.T) {
	w := onMini(t)
	lent := running(1, "ann", "A-1", time.Hour)
	lent.Author = &timer.Person{AccountID: "bob", EmailAddress: "bob@example.test"}
	w.sync(lent, running(2, "bob", "B-1", time.Hour))
	assert.Equal(t, []string{"B-1"}, w.issues(timercache.Subject{Email: "bob@example.test"}))
	assert.Equal(t, []string{"A-1"}, w.issues(ann))
}
