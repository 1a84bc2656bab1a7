package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Whatever single key Redis evicts, nobody who runs something is shown a fresh,
// empty list, and the next sync makes all readers right, also one that finds
// nothing new.
func TestEvictionOfOneKey(t *testing.T) {
	for _, key := range []string{"clockwork:timers:ann", "clockwork:timers:ann@example.test", timercache.PeopleKey, "clockwork:sync", "clockwork:active_users", timercache.KnownKey("ann"), timercache.KnownKey("ann@example.test")} {
		for name, news := range map[string]bool{"unchanged": false, "changed": true} {
			t.Run(key[len("clockwork:"):]+"-"+name, func(t *testing.T) {
				onEach(t, func(t *testing.T, w *world) {
					a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
					w.sync(a, b)
					w.clock.Advance(timercache.ActLife + time.Second)
					w.del(key)
					for _, subject := range []timercache.Subject{ann, annByMail, everybody} {
						if got := w.read(subject); len(got.Timers) == 0 {
							assert.Nil(t, got.SyncedAt, "empty, and said to be true")
							assert.Nil(t, got.CachedAt)
						}
					}
					if news {
						b = commented(b, "new")
					}
					w.sync(a, b)
					for _, subject := range []timercache.Subject{ann, annByMail} {
						assert.Equal(t, []string{"A-1"}, w.issues(subject))
					}
					assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
					w.redis.take()
					w.read(ann)
					w.read(annByMail)
					assert.Equal(t, []string{"MGET", "MGET"}, w.redis.take(), "what was missing is there again")
				})
			})
		}
	}
}

// Both keys of a person and nothing else: the hash leads to them.
func TestEvictionOfAPerson(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		w.del("clockwork:timers:ann", "clockwork:timers:ann@example.test", timercache.KnownKey("ann@example.test"))
		w.clock.Advance(10 * time.Second)
		for _, subject := range []timercache.Subject{annByMail, ann, annByMail} {
			got := w.read(subject)
			assert.Equal(t, []string{"A-1"}, issuesOf(got.Timers))
			assert.Equal(t, int64(3610), got.Timers[0].TillNow)
			assert.Equal(t, "ann", got.AccountID)
		}
		w.ttl(timercache.ValueLife, "clockwork:timers:ann", "clockwork:timers:ann@example.test")

		w.del("clockwork:timers:ann")
		w.started("ann", "A-2")
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann), "a start knows the rest as well")
		w.del("clockwork:timers:ann")
		w.stopped("ann", "A-1")
		assert.Equal(t, []string{"A-2"}, w.issues(annByMail))
	})
}

// The same for somebody who came with a later snapshot or a start, and for an
// address that came later.
func TestEvictionOfSomebodyNew(t *testing.T) {
	a := running(1, "ann", "A-1", time.Hour)
	for name, come := range map[string]func(w *world){
		"by-a-snapshot":  func(w *world) { w.sync(a) },
		"by-a-start":     func(w *world) { w.started("ann", "A-1") },
		"address-later":  func(w *world) { w.sync(at("", a)); w.clock.Advance(time.Second); w.sync(a) },
		"before-a-reset": func(w *world) { w.sync(a); w.clock.Advance(13 * time.Hour); w.sync(a) },
		"after-a-stop": func(w *world) {
			w.sync(a)
			w.stopped("ann", "A-1")
			w.clock.Advance(time.Second)
			w.sync(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				w.sync(running(2, "bob", "B-1", time.Hour))
				w.clock.Advance(time.Second)
				come(w)
				for _, subject := range []timercache.Subject{ann, annByMail} {
					w.del("clockwork:timers:ann", "clockwork:timers:ann@example.test")
					assert.Equal(t, []string{"A-1"}, w.issues(subject), "%v", subject)
				}
			})
		})
	}
}

// Somebody who runs nothing is looked for once in ten minutes, and shown at once
// when they start something.
func TestMissingIsRemembered(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		for _, subject := range []timercache.Subject{bob, byMail("bob@example.test")} {
			w.del(timercache.KnownKey(subject.AccountID + subject.Email)) // it would list them as well
			w.redis.take()
			got := w.read(subject)
			assert.Empty(t, got.Timers)
			assert.NotNil(t, got.SyncedAt)
			assert.Equal(t, got, w.read(subject))
			assert.Equal(t, []string{"MGET", "EVAL", "MGET"}, w.redis.take())
		}
		w.ttl(timercache.IdleLife, "clockwork:timers:bob", "clockwork:timers:bob@example.test")

		w.clock.Advance(time.Second)
		now := provisional("bob", "B-1", w.clock.Now())
		require.NoError(t, w.cache.Started(t.Context(), *now.Author, now, "", nil))
		for _, subject := range []timercache.Subject{bob, byMail("bob@example.test")} {
			assert.Equal(t, []string{"B-1"}, w.issues(subject))
		}
		w.ttl(timercache.ValueLife, "clockwork:timers:bob", "clockwork:timers:bob@example.test")
	})
}

// A start between the look into the hash and the writing of what was found.
func TestMissingWhileSomebodyStarts(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(2, "bob", "B-1", time.Hour))
		w.clock.Advance(time.Second)
		w.del(timercache.KnownKey("ann"))
		w.intercept("EVAL", func() { w.started("ann", "A-1") })
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
	})
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

// Redis loses the hash and the record, but an old value survives.
func TestLeftoversAreNotServed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		w.del(timercache.PeopleKey, "clockwork:sync")
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
		assert.Equal(t, []string{"A-2"}, w.issues(annByMail))
	})
}

// The same if the start comes before anybody has read.
func TestLeftoversAreNotBuiltOn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour))
		w.del(timercache.PeopleKey, "clockwork:sync")
		w.clock.Advance(time.Minute)
		w.sync(running(2, "bob", "B-1", time.Hour))
		w.started("ann", "A-2")
		for _, subject := range []timercache.Subject{ann, annByMail} {
			assert.Equal(t, []string{"A-2"}, w.issues(subject))
		}
		assert.Equal(t, []string{"A-2", "B-1"}, w.issues(everybody))
	})
}

// Redis loses keys between the steps of one run.
func TestLossBetweenSteps(t *testing.T) {
	for name, lose := range map[string]func(w *world){
		"everything":     func(w *world) { w.flush() },
		"all-but-staged": func(w *world) { w.del(timercache.PeopleKey, "clockwork:sync") },
		"the-record":     func(w *world) { w.del("clockwork:sync") },
	} {
		for when, intercepted := range map[string]bool{"before-commit": false, "before-the-script": true} {
			t.Run(name+"/"+when, func(t *testing.T) {
				onEach(t, func(t *testing.T, w *world) {
					a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
					w.sync(a, b)
					w.clock.Advance(time.Second)
					run := w.stage(w.seen(a, commented(b, "new")))
					if intercepted {
						w.intercept("EVAL", func() { lose(w) })
					} else {
						lose(w)
					}
					_, err := w.cache.Commit(t.Context(), run)
					require.ErrorIs(t, err, timercache.ErrNotStaged)
					w.sync(a, commented(b, "new"))
					assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
					assert.Equal(t, []string{"A-1"}, w.issues(ann), "written, though it had not changed")
				})
			})
		}
	}
}

// The hash alone is lost while a snapshot of a part of the people is written.
func TestLossOfTheHashBetweenSteps(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen(a, commented(b, "new")))
		w.del(timercache.PeopleKey)
		_, err := w.cache.Commit(t.Context(), run)
		if got := w.read(everybody); err == nil && got.SyncedAt != nil {
			assert.Equal(t, []string{"A-1", "B-1"}, sorted(issuesOf(got.Timers)), "a part is not shown as everybody")
		}
		w.clock.Advance(time.Second)
		w.del("clockwork:timers:ann")
		if got := w.read(ann); got.SyncedAt != nil {
			assert.Equal(t, []string{"A-1"}, issuesOf(got.Timers))
		}
		w.sync(a, b)
		assert.Equal(t, []string{"A-1", "B-1"}, sorted(w.issues(everybody)))
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
	})
}

// The same if nobody runs anything, and everybody's empty list has been read before.
func TestLossOfNobody(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync()
		assert.NotNil(t, w.read(everybody).SyncedAt)
		w.del(timercache.PeopleKey)
		assert.Nil(t, w.read(everybody).SyncedAt)
	})
}

// A start or stop after Redis has lost what the person runs is shown, but not as all
// that they run, until the next sync. If somebody ran nothing, that much is still known.
func TestActAfterAPersonIsLost(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		lose := func() { w.del("clockwork:timers:ann", "clockwork:timers:ann@example.test", timercache.PeopleKey) }
		assertShown := func(want ...string) {
			t.Helper()
			for _, subject := range []timercache.Subject{ann, annByMail} {
				got := w.read(subject)
				assert.Nil(t, got.SyncedAt)
				assert.ElementsMatch(t, want, issuesOf(got.Timers))
			}
			assert.Nil(t, w.read(everybody).SyncedAt)
		}
		w.sync(a, b)
		w.clock.Advance(time.Second)
		lose()
		w.stopped("ann", "A-9")
		assertShown()
		w.started("ann", "A-2")
		assertShown("A-2")
		w.del(timercache.PeopleKey)
		w.started("ann", "A-3")
		assertShown("A-2", "A-3")
		w.del("clockwork:timers:ann", "clockwork:timers:ann@example.test")
		w.stopped("ann", "A-3")
		assertShown("A-2")
		lose()
		w.stopped("ann", "A-3")
		assertShown()

		w.clock.Advance(time.Second)
		base := w.base()
		s := w.seen(a, b, provisional("ann", "A-2", w.clock.Now()))
		w.stopped("ann", "A-2")
		_, written := w.settle(base, s)
		require.True(t, written)
		assert.Nil(t, w.read(ann).SyncedAt, "the sync left alone who stopped something meanwhile")
		w.clock.Advance(time.Second)
		w.sync(a, b)
		for _, subject := range []timercache.Subject{ann, annByMail} {
			got := w.read(subject)
			assert.NotNil(t, got.SyncedAt)
			assert.Equal(t, []string{"A-1"}, issuesOf(got.Timers))
		}

		lose()
		w.started("cleo", "C-1")
		assert.NotNil(t, w.read(timercache.Subject{AccountID: "cleo"}).SyncedAt, "she ran nothing")
	})
}

// The value that a start or stop finds may be left over from before a sync that did not
// see the person. Then no bucket lists them, and it must again.
func TestActOnALeftover(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.stopped("ann", "A-9")
		w.del(timercache.PeopleKey)
		w.clock.Advance(time.Second)
		w.sync()
		w.del(timercache.PeopleKey)
		w.started("ann", "A-1")
		w.del("clockwork:timers:ann")
		assert.Nil(t, w.read(ann).SyncedAt)
	})
}

// A part of a snapshot does not replace what somebody started meanwhile, if the hash was
// lost before that and again after it.
func TestLossBeforeAPart(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.cache.SetMaxRequest(600)
		people := team(10)
		w.sync(people...)
		w.clock.Advance(time.Second)
		for i := range people {
			people[i] = commented(people[i], "new")
		}
		run := w.stage(w.seen(append(people, running(11, "ann", "A-1", time.Hour))...))
		w.del(timercache.PeopleKey, timercache.KnownKey("ann"))
		w.started("ann", "A-2")
		w.del(timercache.PeopleKey)
		_, err := w.cache.Commit(t.Context(), run)
		require.ErrorIs(t, err, timercache.ErrNotStaged)
		got := w.read(ann)
		assert.Nil(t, got.SyncedAt)
		assert.Equal(t, []string{"A-2"}, issuesOf(got.Timers))
	})
}

// A start or stop while the record is lost: the hash still says what runs.
func TestActAfterTheRecordIsLost(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a, running(2, "ann", "A-3", 2*time.Hour))
		w.clock.Advance(timercache.ActLife + time.Second)
		w.del("clockwork:sync")
		assert.Equal(t, 2, w.events(t, func() { w.started("ann", "A-2"); w.stopped("ann", "A-3") }))
		for _, subject := range []timercache.Subject{ann, annByMail, everybody} {
			assert.Equal(t, []string{"A-2", "A-1"}, w.issues(subject))
		}
		assert.Nil(t, w.read(ann).SyncedAt)
		w.clock.Advance(time.Second)
		w.sync(a, provisional("ann", "A-2", w.clock.Now()))
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
	})
}

// A snapshot that writes everybody does not take effect if the hash was lost since its
// base was read: whoever started something meanwhile would be left out.
func TestLossBeforeAWholeSnapshot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		w.del(timercache.PeopleKey, "clockwork:sync")
		w.clock.Advance(time.Second)
		run := w.stage(w.seen(a, b))
		w.started("cleo", "C-1")
		w.del(timercache.PeopleKey)
		_, err := w.cache.Commit(t.Context(), run)
		require.ErrorIs(t, err, timercache.ErrNotStaged)
		c := provisional("cleo", "C-1", w.clock.Now())
		w.clock.Advance(time.Second)
		w.sync(a, b, c)
		assert.Equal(t, []string{"A-1", "B-1", "C-1"}, sorted(w.issues(everybody)))
	})
}

// If the hash is lost between two parts of a snapshot that writes everybody, the snapshot
// does not take effect: the hash would lack the people of the first part.
func TestLossBetweenPartsOfAWholeSnapshot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.cache.SetMaxRequest(2000)
		people := team(40)
		run := w.stage(w.seen(people...))
		w.intercept("EVAL", func() {
			w.intercept("EVAL", func() { w.del(timercache.PeopleKey) }) // after the first part
		})
		_, err := w.cache.Commit(t.Context(), run)
		require.ErrorIs(t, err, timercache.ErrNotStaged)
		assert.Nil(t, w.read(everybody).SyncedAt)
		w.sync(people...)
		assert.Len(t, w.issues(everybody), 40)
	})
}

// The hash is lost before a snapshot that says nothing new is confirmed.
func TestLossOfTheHashBeforeAConfirmation(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		mark, fetchedAt := w.unchanged(a)
		w.del(timercache.PeopleKey)
		w.started("bob", "B-1")
		_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		if got := w.read(everybody); err == nil && got.SyncedAt != nil {
			assert.Equal(t, []string{"A-1", "B-1"}, sorted(issuesOf(got.Timers)), "a part is not shown as everybody")
		}
	})
}

// Values outlive the list: what somebody started stays.
func TestLossKeepsAStart(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		run := w.stage(w.seen(commented(a, "new")))
		w.started("ann", "A-2")
		w.del(timercache.PeopleKey, "clockwork:sync")
		_, err := w.cache.Commit(t.Context(), run)
		require.ErrorIs(t, err, timercache.ErrNotStaged)
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann), "moments ago")
		w.sync(a, provisional("ann", "A-2", w.clock.Now()))
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
		assert.Equal(t, []string{"A-2", "A-1"}, w.issues(everybody))
	})
}

func TestValuesAreRewrittenAfterThreeDays(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		before, etag := w.get("clockwork:timers:ann"), w.read(ann).ETag
		for passed := time.Duration(0); passed <= timercache.RefreshAge; passed += 12 * time.Hour {
			w.sync(a)
			assert.Equal(t, before, w.get("clockwork:timers:ann"), passed)
			w.clock.Advance(12 * time.Hour)
		}
		keys := []string{"clockwork:timers:ann", "clockwork:sync"} // a sync gives an address no lifetime of its own
		for _, key := range keys {
			require.NoError(t, w.rdb.Expire(t.Context(), key, 4*24*time.Hour).Err())
		}
		assert.Zero(t, w.events(t, func() { w.sync(a) }))
		w.ttl(timercache.ValueLife, keys...)
		w.ttl(24*time.Hour, "clockwork:active_users")
		assert.Equal(t, etag, w.read(ann).ETag, "nothing new for a client")
		assert.Equal(t, int64(3600+(w.clock.Now().Sub(start))/time.Second), w.read(ann).Timers[0].TillNow)
	})
}

func TestLifetimes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		run := w.stage(w.seen(a))
		w.ttl(10*time.Minute, "clockwork:staging:"+run)
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		w.ttl(timercache.ValueLife, "clockwork:timers:ann", "clockwork:sync")
		w.ttl(24*time.Hour, "clockwork:active_users")

		// A set that empties is gone, and its lifetime with it.
		w.clock.Advance(time.Second)
		w.sync()
		assert.Empty(t, w.active())
		w.clock.Advance(time.Second)
		w.sync(a)
		w.ttl(24*time.Hour, "clockwork:active_users")
	})
}

// Whoever runs nothing for a week is no longer listed.
func TestIdlePeopleAreForgotten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a, running(2, "bob", "B-1", time.Hour))
		w.clock.Advance(time.Second)
		w.sync(running(2, "bob", "B-1", time.Hour))
		for range 8 {
			require.Contains(t, w.dump(), "clockwork:timers:all/ann")
			w.clock.Advance(23 * time.Hour)
			w.sync(running(2, "bob", "B-1", time.Hour))
		}
		left := w.dump()
		for _, key := range []string{"people/ann", "people/@ann@example.test", "timers:ann", "timers:ann@example.test"} {
			assert.NotContains(t, left, "clockwork:"+key)
		}
		assert.Empty(t, w.issues(ann))
		w.sync(a)
		assert.Equal(t, []string{"A-1"}, w.issues(annByMail))
	})
}

// Twice a day the set of active users is written as a whole: it may have been
// evicted, and its day is half over.
func TestActiveUsersAreWrittenAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
		w.sync(a, b)
		require.NoError(t, w.rdb.Expire(t.Context(), "clockwork:active_users", time.Hour).Err())
		w.clock.Advance(11 * time.Hour)
		w.sync(a, b)
		w.ttl(time.Hour, "clockwork:active_users")
		w.clock.Advance(2 * time.Hour)
		w.del("clockwork:active_users")
		assert.Zero(t, w.events(t, func() { w.sync(a, b) }))
		assert.Equal(t, []string{"ann", "bob"}, w.active())
		w.ttl(24*time.Hour, "clockwork:active_users")
		w.clock.Advance(13 * time.Hour)
		w.sync(b)
		assert.Equal(t, []string{"bob"}, w.active())
	})
}

// What one person starts or stops takes the sync record away from nobody: after a first
// sync, or the first one of a day, that a start without an address overlapped.
func TestRecordStaysAfterAnUnsureStart(t *testing.T) {
	for name, idle := range map[string]time.Duration{"first-sync": 0, "first-sync-after-days": 50 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				b := running(2, "bob", "B-1", time.Hour)
				if idle > 0 {
					w.sync(b)
					w.clock.Advance(idle)
				}
				start := func(issue string) {
					w.clock.Advance(time.Second)
					one, hidden := provisional("ann", issue, w.clock.Now()), timer.Person{AccountID: "ann"}
					one.Author = &hidden
					require.NoError(t, w.cache.Started(t.Context(), hidden, one, "", nil))
				}
				base := w.base()
				start("A-1")
				w.settle(base, w.seen(b))
				start("A-2")
				got := w.read(bob)
				assert.NotNil(t, got.SyncedAt)
				assert.Equal(t, []string{"B-1"}, issuesOf(got.Timers))
				w.clock.Advance(time.Second)
				w.sync(b, running(3, "ann", "A-2", 0))
				assert.Equal(t, []string{"A-2"}, w.issues(ann))
			})
		})
	}
}
