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
		assert.Empty(t, w.issues(byMail("bob@example.test")))
		assert.Equal(t, []string{"A-1", "A-2", "C-1"}, sorted(w.issues(everybody)))
		assert.Equal(t, []string{"ann", "cleo"}, w.active())
	})
}

func TestCommitTwice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		first, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		before := w.dump()
		w.clock.Advance(time.Second)
		assert.Zero(t, w.events(t, func() {
			second, err := w.cache.Commit(t.Context(), run)
			require.NoError(t, err)
			assert.Equal(t, first, second, "whoever retries learns the same")
		}))
		assert.Equal(t, before, w.dump(), "nothing was changed")
	})
}

// A repetition undoes nothing that came after the first time.
func TestCommitTwiceAroundAnAct(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		w.clock.Advance(time.Second)
		w.started("ann", "A-2")
		assert.Zero(t, w.events(t, func() {
			second, err := w.cache.Commit(t.Context(), run)
			require.NoError(t, err)
			assert.Equal(t, 1, second.Fenced)
		}))
		for _, subject := range []timercache.Subject{ann, annByMail, everybody} {
			assert.Equal(t, []string{"A-2", "A-1"}, w.issues(subject))
		}
	})
}

// Of two syncs at once the one that writes first wins; the other fetches again.
func TestCommitOfTwoSyncs(t *testing.T) {
	for _, command := range []string{"", "MGET", "EVAL"} {
		t.Run("before-"+command, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				one := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
				w.clock.Advance(time.Second)
				two := w.stage(w.seen(running(2, "ann", "A-2", time.Hour)))
				other := func() {
					_, err := w.cache.Commit(t.Context(), two)
					require.NoError(t, err)
				}
				if command == "" {
					other()
				} else {
					w.intercept(command, other)
				}
				assert.LessOrEqual(t, w.events(t, func() {
					_, err := w.cache.Commit(t.Context(), one)
					require.ErrorIs(t, err, timercache.ErrNotStaged)
					require.NotErrorIs(t, err, timercache.ErrUnavailable)
				}), 1, "the other one's alone")
				for _, subject := range []timercache.Subject{ann, annByMail, everybody} {
					assert.Equal(t, []string{"A-2"}, w.issues(subject))
				}
			})
		})
	}
}

func TestCommitDoesNotBelieveTheFuture(t *testing.T) {
	w := onMini(t)
	wrong := w.seen(running(1, "ann", "A-1", time.Hour))
	wrong.FetchedAt = start.Add(time.Hour)
	w.commit(wrong)
	w.clock.Advance(time.Second)
	w.sync()
	assert.Empty(t, w.issues(ann), "a clock that was wrong blocks no sync")
	assert.Equal(t, start.Add(time.Second), *w.read(ann).SyncedAt)
}

func TestCommitWhatIsNotStaged(t *testing.T) {
	for name, staged := range map[string]string{
		"absent": "", "not-base64": "%", "cut": "q1YqSS0uAQA", "a-list": packed(t, `[]`), "null": packed(t, `null`), "empty": packed(t, `{}`),
		// What an earlier version staged is a snapshot, not a plan.
		"earlier-version":            packed(t, `{"timers":[],"fetchedAt":"2026-05-04T09:00:00Z","cachedAt":"2026-05-04T09:00:00Z","source":"forge"}`),
		"earlier-version-no-timers":  packed(t, `{"timers":null,"fetchedAt":"2026-05-04T09:00:00Z","cachedAt":"2026-05-04T09:00:00Z","source":"forge"}`),
		"a-record-without-its-epoch": packed(t, `{"state":"{\"syncedAt\":\"2026-05-04T09:00:00Z\",\"version\":5}"}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			if staged != "" {
				w.set("clockwork:staging:"+name, staged)
			}
			_, err := w.cache.Commit(t.Context(), name)
			require.ErrorIs(t, err, timercache.ErrNotStaged)
			require.NotErrorIs(t, err, timercache.ErrUnavailable)
			assert.Nil(t, w.read(everybody).SyncedAt, "nothing was written")
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
			assert.Equal(t, w.read(ann).Timers[0], w.read(everybody).Timers[0], "the own value and the list of everybody agree")
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
		before := w.dump()
		w.clock.Advance(time.Minute)
		got := w.sync(a)
		assert.Zero(t, got.Started+got.Stopped+got.Edited)
		after := w.dump()
		for _, record := range []string{"clockwork:sync", "clockwork:timers:all/@"} {
			assert.NotEqual(t, before[record], after[record])
			delete(before, record)
			delete(after, record)
		}
		assert.Equal(t, before, after, "the record alone is written")
		for _, subject := range []timercache.Subject{ann, everybody} {
			view := w.read(subject)
			assert.Equal(t, start.Add(time.Minute), *view.SyncedAt)
			assert.Equal(t, int64(3660), view.Timers[0].TillNow)
		}
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
		"unnamed":        func(s *timercache.Snapshot) { s.Unnamed = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(a, b)
			base := w.base()
			w.clock.Advance(time.Second)
			s := w.seen(a, b)
			_, _, same := w.propose(base, s)
			require.True(t, same, "nothing is new yet")
			change(&s)
			_, _, same = w.propose(base, s)
			assert.False(t, same)
		})
	}
}

func TestProposeWithoutABase(t *testing.T) {
	for name, lose := range map[string]func(w *world){
		"never-synced":        func(w *world) { w.flush() },
		"list-lost":           func(w *world) { w.del(timercache.PeopleKey) },
		"list-from-elsewhere": func(w *world) { w.list("@", `{"syncedAt":"2026-05-04T09:00:00Z","version":1,"epoch":"OTHER"}`) },
		"record-lost":         func(w *world) { w.del("clockwork:sync") },
		"record-corrupt":      func(w *world) { w.set("clockwork:sync", "{") },
		"record-of-earlier":   func(w *world) { w.set("clockwork:sync", `{"syncedAt":"2026-05-04T09:00:00Z","version":1,"floor":1}`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			a := running(1, "ann", "A-1", time.Hour)
			w.sync(a)
			lose(w)
			w.clock.Advance(time.Second)
			base := w.base()
			_, _, same := w.propose(base, w.seen(a))
			assert.False(t, same)
			w.sync(a)
			assert.Equal(t, []string{"A-1"}, w.issues(ann))
			assert.Equal(t, []string{"A-1"}, w.issues(everybody))
		})
	}
}

// The first sync after a pause of days compares with what there was.
func TestSyncAfterDays(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		w.clock.Advance(2 * 24 * time.Hour)
		assert.Nil(t, w.read(ann).SyncedAt)
		assert.Equal(t, 1, w.events(t, func() { w.sync(a) }), "bob's stop")
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-1"}, w.issues(everybody))
		assert.Empty(t, w.issues(bob))
	})
}

func TestConfirmAfterAnotherSnapshot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		mark, fetchedAt := w.unchanged(a)
		w.clock.Advance(-500 * time.Millisecond)
		w.sync() // older than ours, written first
		w.clock.Advance(time.Second)
		_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.ErrorIs(t, err, timercache.ErrNotStaged, "ours was compared with what is gone")
		got := w.sync(a)
		require.Equal(t, 1, got.Started)
		before := w.dump()
		_, err = w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.ErrorIs(t, err, timercache.ErrNotStaged)
		assert.Equal(t, before, w.dump())
	})
}

// unchanged compares a snapshot of now, which must be what the cache holds.
func (w *world) unchanged(timers ...timer.Timer) (timercache.Mark, time.Time) {
	w.t.Helper()
	base, s := w.base(), w.seen(timers...)
	_, mark, same := w.propose(base, s)
	require.True(w.t, same)
	return mark, s.FetchedAt
}

// A mark passes through a workflow engine's storage, so none names the people whose timers
// could not be read. Nobody's version changes all the same.
func TestUnchangedSnapshotThatNamesPeople(t *testing.T) {
	w := onMini(t)
	a := running(1, "ann", "A-1", time.Hour)
	snapshot := func() timercache.Snapshot {
		w.clock.Advance(time.Second)
		s := w.seen(a)
		s.Unreadable, s.UnreadableOf = 1, []string{"bob"}
		return s
	}
	first := w.commit(snapshot())
	before := w.read(everybody)
	s := snapshot()
	runID, _, same := w.propose(w.base(), s)
	assert.False(t, same)
	second, err := w.cache.Commit(t.Context(), runID)
	require.NoError(t, err)
	after := w.read(everybody)
	assert.Equal(t, first.Version, second.Version)
	assert.Equal(t, s.FetchedAt, *after.SyncedAt)
	assert.Equal(t, before.ETag, after.ETag)
}

func TestConfirmTwice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		mark, fetchedAt := w.unchanged(a)
		first, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.NoError(t, err)
		before := w.dump()
		w.clock.Advance(time.Second)
		second, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.NoError(t, err, "an answer that got lost is asked for again")
		assert.Equal(t, first, second)
		assert.Equal(t, before, w.dump())
	})
}

func TestConfirmAfterAnAct(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		for _, before := range []string{"", "EVAL"} {
			w.clock.Advance(time.Second)
			mark, fetchedAt := w.unchanged(a)
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
	mark, fetchedAt := w.unchanged(a)
	w.flush()
	for name, mark := range map[string]timercache.Mark{
		"lost": mark, "none": {}, "not-a-record": {State: "{"},
	} {
		_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.ErrorIs(t, err, timercache.ErrNotStaged, name)
		assert.Empty(t, w.get("clockwork:sync"), name)
		assert.Nil(t, w.read(everybody).SyncedAt, name)
	}
}

func TestBaseReadsMoreKeys(t *testing.T) {
	w := onMini(t)
	w.sync()
	w.set("one", "1")
	w.redis.take()
	_, extra, err := w.cache.Base(t.Context(), "one", "two")
	require.NoError(t, err)
	assert.Equal(t, []string{"1", ""}, extra)
	assert.Equal(t, []string{"MGET", "HSCAN"}, w.redis.take())
}
