package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

func TestCommitReplacesEverything(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a1, a2, b := running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", time.Minute), running(3, "bob", "B-1", time.Hour)
		got := w.sync(a1, b)
		assert.Equal(t, timercache.Result{Version: got.Version, Timers: 2, Users: 2, Started: 2}, got)
		w.clock.Advance(time.Minute)
		c := running(4, "cleo", "C-1", time.Minute)
		got = w.sync(commented(a1, "new"), a2, c)
		assert.Equal(t, timercache.Result{Version: got.Version, Timers: 3, Users: 2, Started: 2, Stopped: 1, Edited: 1}, got)

		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
		assert.Empty(t, w.issues(bob), "whoever runs nothing any more is cleared")
		assert.Empty(t, w.issues(timercache.Subject{Email: "bob@example.test"}))
		assert.Equal(t, []string{"A-1", "A-2", "C-1"}, sorted(w.issues(everybody)))
		active, err := w.rdb.SMembers(t.Context(), "clockwork:active_users").Result()
		require.NoError(t, err)
		assert.Equal(t, []string{"ann", "cleo"}, sorted(active))
	})
}

func TestCommitTwice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		first, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		before := w.dump(t)
		w.clock.Advance(time.Second)
		second, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.True(t, second.Superseded)
		assert.Equal(t, first.Version, second.Version)
		assert.Equal(t, before, w.dump(t), "nothing was written")
	})
}

// dump is every text in Redis by its key.
func (w *world) dump(t *testing.T) map[string]string {
	t.Helper()
	keys, err := w.rdb.Keys(t.Context(), "clockwork:*").Result()
	require.NoError(t, err)
	texts := map[string]string{}
	for _, key := range keys {
		if key != "clockwork:active_users" {
			texts[key] = w.get(key)
		}
	}
	return texts
}

func TestCommitOlderAfterNewer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		older := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		w.clock.Advance(time.Second)
		newer := w.stage(w.seen(running(2, "ann", "A-2", time.Hour)))
		_, err := w.cache.Commit(t.Context(), newer)
		require.NoError(t, err)
		got, err := w.cache.Commit(t.Context(), older)
		require.NoError(t, err)
		assert.True(t, got.Superseded)
		assert.Equal(t, []string{"A-2"}, w.issues(ann))
		assert.Equal(t, []string{"A-2"}, w.issues(everybody))
	})
}

// The newer comes between the older one's reading and its writing.
func TestCommitOlderDuringNewer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		older := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.intercept("EVAL", func() { w.commit(w.seen(running(2, "ann", "A-2", time.Hour))) })
		got, err := w.cache.Commit(t.Context(), older)
		require.NoError(t, err)
		assert.True(t, got.Superseded)
		assert.Equal(t, []string{"A-2"}, w.issues(ann))
	})
}

func TestCommitDoesNotBelieveTheFuture(t *testing.T) {
	w := onMini(t)
	wrong := w.seen(running(1, "ann", "A-1", time.Hour))
	wrong.FetchedAt = start.Add(time.Hour)
	w.commit(wrong)
	w.clock.Advance(time.Second)
	got := w.sync()
	assert.False(t, got.Superseded, "a clock that was wrong blocks no sync")
	assert.Empty(t, w.issues(ann))
}

func TestCommitWhatIsNotStaged(t *testing.T) {
	w := onMini(t)
	for name, staged := range map[string]string{"absent": "", "not-base64": "%", "cut": "q1YqSS0uAQA", "not-a-snapshot": packed(t, `[]`)} {
		t.Run(name, func(t *testing.T) {
			if staged != "" {
				w.set("clockwork:staging:"+name, staged)
			}
			_, err := w.cache.Commit(t.Context(), name)
			require.ErrorIs(t, err, timercache.ErrNotStaged)
			require.NotErrorIs(t, err, timercache.ErrUnavailable)
		})
	}
}

func packed(t *testing.T, plain string) string {
	t.Helper()
	text, err := timercache.Deflate([]byte(plain))
	require.NoError(t, err)
	return text
}

func TestCommitChangesOnlyWhatIsNew(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", 2*time.Hour)
		w.sync(a, b)
		before := w.get("clockwork:timers:ann")
		for range 30 { // each snapshot is late by part of a second, and one user changes
			w.clock.Advance(2700 * time.Millisecond)
			b = commented(b, w.clock.Now().String())
			got := w.sync(a, b)
			assert.Equal(t, 1, got.Edited)
			assert.Equal(t, before, w.get("clockwork:timers:ann"))
			assert.Equal(t, w.read(ann).Timers[0].TillNow, w.read(everybody).Timers[0].TillNow, "the own value and the list of everybody agree")
		}
	})
}

func TestCommitNoticesSlowDrift(t *testing.T) {
	w := onMini(t)
	a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", 2*time.Hour)
	w.sync(a, b)
	for i := range 20 { // ann's clock at Clockwork stands still for 2 s of each minute
		w.clock.Advance(time.Minute)
		s := w.seen(a, commented(b, w.clock.Now().String()))
		s.Timers[0].TillNow -= int64(2 * (i + 1))
		w.commit(s)
		assert.InDelta(t, s.Timers[0].TillNow, w.read(ann).Timers[0].TillNow, 5)
		assert.Equal(t, w.read(ann).Timers[0].TillNow, w.read(everybody).Timers[0].TillNow)
	}
}

func TestProposeAndConfirm(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		before := w.dump(t)
		w.clock.Advance(time.Minute)
		got := w.sync(a)
		assert.Zero(t, got.Started+got.Stopped+got.Edited)
		after := w.dump(t)
		assert.NotEqual(t, before["clockwork:sync"], after["clockwork:sync"])
		delete(before, "clockwork:sync")
		delete(after, "clockwork:sync")
		assert.Equal(t, before, after, "one key is written")
		view := w.read(ann)
		assert.Equal(t, start.Add(time.Minute), *view.SyncedAt)
		assert.Equal(t, int64(3660), view.Timers[0].TillNow)
	})
}

func TestProposeFindsNews(t *testing.T) {
	a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
	for name, change := range map[string]func(s *timercache.Snapshot){
		"started":        func(s *timercache.Snapshot) { s.Timers = append(s.Timers, running(3, "ann", "A-2", 0)) },
		"stopped":        func(s *timercache.Snapshot) { s.Timers = s.Timers[:1] },
		"all-stopped":    func(s *timercache.Snapshot) { s.Timers = nil },
		"another-user":   func(s *timercache.Snapshot) { s.Timers[1].RunningFor = "cleo" },
		"edited":         func(s *timercache.Snapshot) { s.Timers[0] = commented(s.Timers[0], "x") },
		"real-id":        func(s *timercache.Snapshot) { s.Timers[0].ID = 99 },
		"hold":           func(s *timercache.Snapshot) { s.Timers[0].WithinWorkingHours = false },
		"drift":          func(s *timercache.Snapshot) { s.Timers[0].TillNow += 6 },
		"another-source": func(s *timercache.Snapshot) { s.Source = "connect" },
		"enriched":       func(s *timercache.Snapshot) { s.Enriched = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(a, b)
			base, _, err := w.cache.Base(t.Context())
			require.NoError(t, err)
			w.clock.Advance(time.Second)
			s := w.seen(a, b)
			_, same, err := w.cache.Propose(t.Context(), w.nextRun(), base, &s)
			require.NoError(t, err)
			require.True(t, same, "nothing is new yet")
			change(&s)
			_, same, err = w.cache.Propose(t.Context(), w.nextRun(), base, &s)
			require.NoError(t, err)
			assert.False(t, same)
			assert.False(t, s.Whole, "nothing was lost")
		})
	}
}

func TestProposeWithoutABase(t *testing.T) {
	w := onMini(t)
	for name, prepare := range map[string]func(){
		"never-synced": func() {},
		"list-lost":    func() { w.sync(); w.del("clockwork:timers:all") },
		"list-corrupt": func() { w.set("clockwork:timers:all", "{") },
		"a-day-old":    func() { w.clock.Advance(time.Second); w.sync(); w.clock.Advance(timercache.ForgetAge) },
		"two-days-old": func() { w.clock.Advance(timercache.ForgetAge) },
	} {
		prepare()
		base, _, err := w.cache.Base(t.Context())
		require.NoError(t, err)
		s := w.seen()
		_, same, err := w.cache.Propose(t.Context(), w.nextRun(), base, &s)
		require.NoError(t, err)
		assert.False(t, same, name)
	}
}

func TestConfirmAfterAnotherSnapshot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		mark, fetchedAt := w.unchanged(t, a)
		w.clock.Advance(-500 * time.Millisecond)
		w.sync() // older than ours, written first
		w.clock.Advance(time.Second)
		_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.ErrorIs(t, err, timercache.ErrNotStaged, "ours was compared with what is gone")

		got := w.sync(a)
		require.Equal(t, 1, got.Started)
		got, err = w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.NoError(t, err)
		assert.True(t, got.Superseded, "a newer one is there")
	})
}

// unchanged compares a snapshot of now, which must be what the cache holds.
func (w *world) unchanged(t *testing.T, timers ...timer.Timer) (timercache.Mark, time.Time) {
	t.Helper()
	base, _, err := w.cache.Base(t.Context())
	require.NoError(t, err)
	s := w.seen(timers...)
	mark, same, err := w.cache.Propose(t.Context(), w.nextRun(), base, &s)
	require.NoError(t, err)
	require.True(t, same)
	return mark, s.FetchedAt
}

func TestConfirmTwice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		mark, fetchedAt := w.unchanged(t, a)
		_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.NoError(t, err)
		before := w.dump(t)
		got, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.NoError(t, err)
		assert.True(t, got.Superseded)
		assert.Equal(t, before, w.dump(t))
	})
}

func TestConfirmAfterAStart(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		for _, before := range []string{"", "EVAL"} {
			w.clock.Advance(time.Second)
			mark, fetchedAt := w.unchanged(t, a)
			w.clock.Advance(time.Second)
			act := func() { w.started("ann", "A-2") }
			if before == "" {
				act()
			} else {
				w.intercept(before, act)
			}
			_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
			require.NoError(t, err)
			got := w.read(ann)
			assert.Equal(t, []string{"A-2", "A-1"}, issuesOf(got.Timers), "a start is not undone")
			assert.Equal(t, fetchedAt, *got.SyncedAt)
			w.clock.Advance(time.Second)
			w.sync(a)
			assert.Equal(t, []string{"A-1"}, w.issues(ann), "the next snapshot decides")
		}
	})
}

func TestConfirmWhatIsGone(t *testing.T) {
	w := onMini(t)
	a := running(1, "ann", "A-1", time.Hour)
	w.sync(a)
	w.clock.Advance(time.Second)
	mark, fetchedAt := w.unchanged(t, a)
	w.flush()
	_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
	require.ErrorIs(t, err, timercache.ErrNotStaged)
	assert.Empty(t, w.get("clockwork:sync"))
	_, err = w.cache.Confirm(t.Context(), timercache.Mark{}, fetchedAt)
	require.ErrorIs(t, err, timercache.ErrNotStaged)
}

func TestBaseReadsMoreKeys(t *testing.T) {
	w := onMini(t)
	w.set("one", "1")
	w.redis.take()
	_, extra, err := w.cache.Base(t.Context(), "one", "two")
	require.NoError(t, err)
	assert.Equal(t, []string{"1", ""}, extra)
	assert.Equal(t, []string{"MGET"}, w.redis.take())
}
