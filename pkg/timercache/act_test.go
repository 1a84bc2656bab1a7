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
		assert.Equal(t, []string{"ann", "bob"}, w.active(), "the set is of the last snapshot")
		w.clock.Advance(time.Second)
		w.sync(running(3, "bob", "B-1", time.Hour))
		assert.Empty(t, w.issues(ann))
	})
}

// A start or stop touches the keys of one person, and costs the same whatever
// the size of the team.
func TestActTouchesOnePerson(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(team(50)...)
		before := w.dump()
		w.redis.take()
		w.clock.Advance(time.Second)
		w.started("user-7", "A-1")
		w.stopped("user-7", "T-7")
		assert.Equal(t, []string{"MGET", "EVAL", "MGET", "EVAL"}, w.redis.take())
		after := w.dump()
		for _, key := range []string{"clockwork:timers:user-7", "clockwork:timers:user-7@example.test", "clockwork:timers:all/user-7"} {
			assert.NotEqual(t, before[key], after[key], key)
			delete(before, key)
			delete(after, key)
		}
		assert.Equal(t, before, after)
	})
}

// A caller who has read the values with others spares the read, also if they are
// no longer true.
func TestActWithWhatIsHeld(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		held := w.held("ann")
		w.redis.take()
		w.clock.Advance(time.Second)
		require.NoError(t, w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-2", w.clock.Now()), "", held))
		assert.Equal(t, []string{"EVAL"}, w.redis.take())
		w.clock.Advance(time.Second)
		require.NoError(t, w.cache.Stopped(t.Context(), owner("ann"), timer.Issue{Key: "A-1"}, w.clock.Now(), held))
		assert.Equal(t, []string{"EVAL", "MGET", "EVAL"}, w.redis.take(), "computed again from what is there now")
		assert.Equal(t, []string{"A-2"}, w.issues(ann))
	})
}

// held is what a caller reads of an account together with others.
func (w *world) held(account string) *timercache.Held {
	w.t.Helper()
	var values []string
	for _, key := range timercache.HeldKeys(account) {
		values = append(values, w.get(key))
	}
	return timercache.NewHeld(values)
}

func TestManyQuickStartsLoseNoTime(t *testing.T) {
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

// at is a moment of Clockwork's clock in these tests.
func (w *world) startedAt(account string, issue timer.Issue, at time.Time) {
	w.t.Helper()
	t := provisional(account, issue.Key, at)
	t.Issue = issue
	require.NoError(w.t, w.cache.Started(context.Background(), owner(account), t, "", nil))
}

func (w *world) stoppedAt(account string, issue timer.Issue, at time.Time) {
	w.t.Helper()
	require.NoError(w.t, w.cache.Stopped(context.Background(), owner(account), issue, at, nil))
}

// What Clockwork accepted later wins, whichever write arrives first.
func TestActsArriveInAnotherOrder(t *testing.T) {
	type step struct {
		start bool
		issue timer.Issue
		at    time.Duration // of Clockwork's acceptance
	}
	byKey, a1, moved := timer.Issue{Key: "A-1"}, timer.Issue{Key: "A-1", ID: 7}, timer.Issue{Key: "B-9", ID: 7}
	ms := time.Millisecond
	for name, tc := range map[string]struct {
		steps  []step
		want   []string
		events int
	}{
		"stop-is-written-before-its-start":     {[]step{{false, a1, ms}, {true, a1, 0}}, []string{}, 0},
		"start-is-written-before-the-stop":     {[]step{{true, a1, ms}, {false, a1, 0}}, []string{"A-1"}, 1},
		"older-start-after-the-newer":          {[]step{{true, a1, ms}, {true, a1, 0}}, []string{"A-1"}, 1},
		"in-order":                             {[]step{{true, a1, 0}, {false, a1, ms}}, []string{}, 2},
		"stop-of-the-same-moment":              {[]step{{true, a1, 0}, {false, a1, 0}}, []string{}, 2},
		"another-issue":                        {[]step{{false, timer.Issue{Key: "A-2", ID: 8}, ms}, {true, a1, 0}}, []string{"A-1"}, 1},
		"the-issue-has-moved":                  {[]step{{false, moved, ms}, {true, a1, 0}}, []string{}, 0},
		"the-id-is-not-known-to-one":           {[]step{{false, byKey, ms}, {true, a1, 0}}, []string{}, 0},
		"nor-to-the-other":                     {[]step{{false, a1, ms}, {true, byKey, 0}}, []string{}, 0},
		"an-hour-by-the-clock-of-this-machine": {[]step{{true, a1, -time.Hour}, {false, a1, ms - time.Hour}}, []string{}, 2},
		"three-in-reverse":                     {[]step{{true, a1, 2 * ms}, {false, a1, ms}, {true, a1, 0}}, []string{"A-1"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, synced := range []bool{false, true} {
				w := onMini(t)
				if synced {
					w.sync()
				}
				w.clock.Advance(time.Second)
				accepted := w.clock.Now()
				events := w.events(t, func() {
					for _, s := range tc.steps {
						if s.start {
							w.startedAt("ann", s.issue, accepted.Add(s.at))
						} else {
							w.stoppedAt("ann", s.issue, accepted.Add(s.at))
						}
					}
				})
				assert.Equal(t, tc.want, w.issues(ann))
				assert.Equal(t, tc.events, events)
			}
		})
	}
}

// Acts are remembered through a snapshot that is written between them.
func TestActsInAnotherOrderAroundASync(t *testing.T) {
	w := onMini(t)
	w.sync()
	accepted := w.clock.Now()
	a1 := timer.Issue{Key: "A-1", ID: issueID("A-1")}
	w.stoppedAt("ann", a1, accepted.Add(time.Second))
	w.clock.Advance(2 * time.Second)
	w.sync(running(1, "ann", "A-2", time.Hour))
	w.startedAt("ann", a1, accepted)
	assert.Equal(t, []string{"A-2"}, w.issues(ann))
}

func TestActsAreForgotten(t *testing.T) {
	w := onMini(t)
	w.sync()
	accepted := w.clock.Now()
	for i := range 20 {
		w.stoppedAt("ann", timer.Issue{Key: fmt.Sprint("A-", i)}, accepted.Add(time.Duration(i)*time.Millisecond))
	}
	held, ok := timercache.DecodeValue(w.get("clockwork:timers:ann"))
	require.True(t, ok)
	assert.LessOrEqual(t, len(held.Acts), 8, "the value stays small")
	w.stoppedAt("ann", timer.Issue{Key: "A-0"}, accepted.Add(timercache.ActLife+time.Second))
	held, ok = timercache.DecodeValue(w.get("clockwork:timers:ann"))
	require.True(t, ok)
	assert.Len(t, held.Acts, 1)
}

// Names that are looked up after the write are added, unless the timer is gone.
func TestNamed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync()
		w.clock.Advance(time.Second)
		bare := provisional("ann", "A-1", w.clock.Now())
		bare.Author = nil
		require.NoError(t, w.cache.Started(t.Context(), owner("ann"), bare, "", nil))
		assert.Empty(t, w.issues(annByMail))

		whole := named(bare)
		whole.Author = &timer.Person{AccountID: "ann", EmailAddress: "ann@example.test", DisplayName: "Ann"}
		w.clock.Advance(time.Second)
		assert.Equal(t, 1, w.events(t, func() { require.NoError(t, w.cache.Named(t.Context(), *whole.Author, whole)) }))
		for _, subject := range []timercache.Subject{ann, annByMail} {
			got := w.read(subject).Timers
			require.Len(t, got, 1)
			assert.Equal(t, "Fix the door", got[0].Issue.Summary)
			assert.Equal(t, "Ann", got[0].Author.DisplayName)
			assert.Equal(t, int64(1), got[0].TillNow, "it counts from Clockwork's start")
		}

		w.stopped("ann", "A-1")
		assert.Zero(t, w.events(t, func() { require.NoError(t, w.cache.Named(t.Context(), *whole.Author, whole)) }))
		assert.Empty(t, w.issues(ann), "a stop that came meanwhile stays")
		assert.Empty(t, w.issues(annByMail))
	})
}

// A start that was written before Jira named its issue is known by the issue's
// id as soon as there is one.
func TestNamedTellsTheIssueOfTheStart(t *testing.T) {
	w := onMini(t)
	w.sync()
	started := provisional("ann", "A-1", w.clock.Now())
	started.Issue.ID = 0
	require.NoError(t, w.cache.Started(t.Context(), owner("ann"), started, "", nil))
	named := started
	named.Issue = timer.Issue{Key: "NEW-1", ID: 7}
	require.NoError(t, w.cache.Named(t.Context(), owner("ann"), named))
	w.stoppedAt("ann", timer.Issue{Key: "NEW-1", ID: 7}, started.StartedAt.Add(-time.Millisecond))
	assert.Equal(t, []string{"NEW-1"}, w.issues(ann), "the stop was accepted before the start")
}

func TestActBeforeAnySync(t *testing.T) {
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
		w.clock.Advance(timercache.ActLife + time.Second)
		assert.Empty(t, w.issues(ann), "nothing older than moments counts without a sync")
		w.started("ann", "A-3")
		assert.Equal(t, []string{"A-3"}, w.issues(ann))
	})
}

// A start while nothing is known of others survives the first snapshot, if that
// snapshot's fetch began before it.
func TestActBeforeTheFirstSnapshotIsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(2, "bob", "B-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.started("ann", "A-1")
		w.clock.Advance(time.Second)
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		for _, subject := range []timercache.Subject{ann, annByMail} {
			assert.Equal(t, []string{"A-1"}, w.issues(subject))
			assert.Equal(t, int64(1), w.read(subject).Timers[0].TillNow)
		}
		assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
		assert.Equal(t, int64(1), w.read(everybody).Timers[0].TillNow)

		w.clock.Advance(time.Second)
		w.sync(running(2, "bob", "B-1", time.Hour))
		assert.Empty(t, w.issues(ann), "the next snapshot decides")
		assert.Equal(t, []string{"B-1"}, w.issues(everybody))
	})
}

// The same with the start between the snapshot's reading and its writing.
func TestActWhileTheFirstSnapshotIsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.intercept("EVAL", func() { w.started("ann", "A-2"); w.started("cleo", "C-1"); w.stopped("bob", "B-1") })
		result, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, 1, result.Fenced)
		assert.Equal(t, []string{"A-2"}, w.issues(ann), "all that was known of her; the next snapshot says the rest")
		assert.Equal(t, []string{"A-2", "C-1"}, sorted(w.issues(everybody)))
		w.clock.Advance(time.Second)
		w.sync(running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-2", 0))
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
		assert.Equal(t, w.issues(ann), w.issues(everybody))
	})
}

func TestActsBeforeAnySyncAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		run := w.stage(w.seen(running(2, "bob", "B-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.started("ann", "A-0")
		w.intercept("EVAL", func() { w.started("ann", "A-1") })
		w.started("ann", "A-2")
		assert.Equal(t, []string{"A-0", "A-1", "A-2"}, sorted(w.issues(ann)), "of one account")
		w.intercept("EVAL", func() { w.started("cleo", "C-1") })
		w.started("dee", "D-1")
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, []string{"A-0", "A-1", "A-2", "B-1", "C-1", "D-1"}, sorted(w.issues(everybody)), "of two")
	})
}

func TestActsOfOneMomentHaveTheirOwnTags(t *testing.T) {
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
func TestActAtTheEndOfASnapshotsDay(t *testing.T) {
	for name, age := range map[string]time.Duration{"just-before": timercache.ForgetAge - time.Second, "just-after": timercache.ForgetAge + time.Second} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(2, "bob", "B-1", time.Hour))
			w.clock.Advance(age - time.Second)
			base, early := w.base(), w.seen(running(2, "bob", "B-1", time.Hour))
			w.clock.Advance(time.Second)
			w.started("ann", "A-1")
			w.clock.Advance(3 * time.Second)
			w.settle(base, early)
			assert.Equal(t, []string{"A-1"}, w.issues(ann))
			assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
		})
	}
}

// What no reader is shown any more, because it is a day old, does not come back
// with a start.
func TestActDoesNotReviveForgottenTimers(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.clock.Advance(timercache.ForgetAge)
	assert.Empty(t, w.issues(ann))
	w.started("ann", "A-2")
	assert.Equal(t, []string{"A-2"}, w.issues(ann))
	assert.Equal(t, []string{"A-2"}, w.issues(annByMail))
}

// Whether a snapshot may overwrite a start or stop follows from which came
// first in Redis: no clock matters.
func TestSnapshotAndActInEitherOrder(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, -time.Minute, -300 * time.Millisecond, 0, 300 * time.Millisecond, time.Minute, time.Hour} {
		for name, first := range map[string]bool{"base-first": true, "act-first": false} {
			t.Run(fmt.Sprintf("%s/%s", name, skew), func(t *testing.T) {
				w := onMini(t)
				a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
				w.sync(a, b)
				w.clock.Advance(2 * time.Hour)
				acts := func() { w.started("ann", "A-2"); w.stopped("bob", "B-1") }
				if !first {
					acts()
				}
				base, old := w.base(), w.seen(commented(a, "new"), commented(b, "new"))
				old.FetchedAt = old.FetchedAt.Add(skew).In(time.FixedZone("", 5*3600))
				old.CachedAt = old.CachedAt.Add(skew)
				w.clock.Advance(10 * time.Second)
				if first {
					acts()
				}
				result, _ := w.settle(base, old)
				if first {
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
}

// A start while a snapshot is being written, whichever command it comes before.
func TestActDuringTheWriteOfASnapshot(t *testing.T) {
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
				assert.Equal(t, 1, result.Fenced)
				assert.Zero(t, result.Started+result.Stopped+result.Edited)
				assert.Equal(t, start.Add(time.Minute), *w.read(ann).SyncedAt, "the snapshot was written all the same")
			})
		})
	}
}

func TestTimersKeepTheirSecondsThroughAnAct(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour))
	w.clock.Advance(time.Minute)
	base, early := w.base(), w.seen(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour))
	w.clock.Advance(20 * time.Second) // a slow fetch
	w.started("ann", "A-2")
	w.clock.Advance(time.Second)
	result, _ := w.settle(base, early)
	assert.Zero(t, result.Edited, "that another user started something edits nobody's timer")
	want := map[string]int64{"A-1": 3681, "B-1": 3681, "A-2": 1}
	for _, subject := range []timercache.Subject{everybody, ann, bob} {
		for _, got := range w.read(subject).Timers {
			assert.Equal(t, want[got.Issue.Key], got.TillNow, got.Issue.Key)
		}
	}
}

func TestActIsComputedAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a, running(3, "bob", "B-2", time.Hour))
		w.clock.Advance(time.Minute)
		w.redis.take()
		w.intercept("EVAL", func() { w.started("bob", "B-1") })
		w.started("ann", "A-3")
		assert.Equal(t, []string{"MGET", "EVAL", "MGET", "EVAL"}, w.redis.take(), "another person's start makes nobody try again")
		w.intercept("EVAL", func() { w.sync(a, running(2, "ann", "A-2", time.Minute), running(3, "bob", "B-1", 0)) })
		w.started("ann", "A-4")
		assert.Equal(t, []string{"A-4", "A-2", "A-1"}, sortedDown(w.issues(ann)))
		assert.Equal(t, []string{"B-1", "A-4", "A-2", "A-1"}, sortedDown(w.issues(everybody)))
	})
}

func TestActGivesUp(t *testing.T) {
	w := onMini(t)
	w.sync()
	paused := 0
	w.cache.SetPause(func(context.Context, int) error { paused++; return nil })
	var last string
	w.redis.before = func(cmd []any) error {
		if cmd[0] == "EVAL" { // somebody is always faster
			v := timercache.NewValue(timercache.About{UserKey: "ann", Version: int64(1e15) + int64(paused), CachedAt: start})
			last = v.Encode()
			w.set("clockwork:timers:ann", last)
		}
		return nil
	}
	err := w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-1", start), "", nil)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	assert.Equal(t, timercache.MaxAttempts, paused)
	assert.Equal(t, last, w.get("clockwork:timers:ann"), "nothing was written")
}

func TestActEndsWithItsCaller(t *testing.T) {
	w := onMini(t)
	w.sync()
	ctx, cancel := context.WithCancel(t.Context())
	w.redis.before = func(cmd []any) error {
		if cmd[0] == "EVAL" {
			v := timercache.NewValue(timercache.About{UserKey: "ann", Version: 1e15})
			w.set("clockwork:timers:ann", v.Encode())
			w.redis.before = nil
		}
		return nil
	}
	w.cache.SetPause(func(context.Context, int) error {
		cancel()
		return fmt.Errorf("%w: %w", timercache.ErrUnavailable, ctx.Err())
	})
	err := w.cache.Started(ctx, owner("ann"), provisional("ann", "A-1", start), "", nil)
	require.ErrorIs(t, err, timercache.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)
}

func TestActRefusesNoAccount(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	for _, account := range []string{"", "all"} {
		require.Error(t, w.cache.Started(t.Context(), owner(account), provisional(account, "X-1", start), "", nil))
		require.Error(t, w.cache.Stopped(t.Context(), owner(account), timer.Issue{Key: "A-1"}, start, nil))
		require.Error(t, w.cache.Named(t.Context(), owner(account), provisional(account, "X-1", start)))
	}
	assert.Equal(t, []string{"A-1"}, w.issues(everybody))
}

func TestActRedisRefuses(t *testing.T) {
	w := onMini(t)
	w.sync()
	w.del(timercache.KnownKey("ann"))
	for _, command := range []string{"MGET", "HMGET", "EVAL"} {
		refusal := errors.New("OOM")
		w.redis.before = func(cmd []any) error {
			if cmd[0] == command {
				return refusal
			}
			return nil
		}
		for _, err := range []error{
			w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-1", start), "", nil),
			w.cache.Stopped(t.Context(), owner("ann"), timer.Issue{Key: "A-1"}, start, nil),
		} {
			require.ErrorIs(t, err, timercache.ErrUnavailable, command)
			require.ErrorIs(t, err, refusal, command)
		}
	}
}

func TestActOddAnswers(t *testing.T) {
	for name, answer := range map[string]any{"nil": nil, "text": "OK", "empty": []any{}, "no-such-place": []any{"written", int64(1)},
		"negative": []any{"written", int64(-1)}, "no-number": []any{"written", "0"}} {
		t.Run(name, func(t *testing.T) {
			w := onMini(t)
			w.sync(running(1, "ann", "A-1", time.Hour))
			held := w.held("ann")
			w.redis.Redis = answering{w.redis.Redis, answer}
			err := w.cache.Started(t.Context(), owner("ann"), provisional("ann", "A-2", start), "", held)
			require.ErrorIs(t, err, timercache.ErrUnavailable)
		})
	}
}

func TestActLifetimes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.started("ann", "A-1")
		w.ttl(timercache.ValueLife, "clockwork:timers:ann", "clockwork:timers:ann@example.test")
	})
}

// A snapshot that is written late, as long as it is staged, undoes nothing.
func TestSnapshotWrittenLate(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.clock.Advance(time.Minute)
	run := w.stage(w.seen(commented(running(1, "ann", "A-1", time.Hour), "new")))
	w.stopped("ann", "A-1")
	w.clock.Advance(9 * time.Minute)
	_, err := w.cache.Commit(t.Context(), run)
	require.NoError(t, err)
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
