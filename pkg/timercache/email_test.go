package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

func byMail(email string) timercache.Subject { return timercache.Subject{Email: email} }

// at gives a timer's author another address.
func at(email string, t timer.Timer) timer.Timer {
	author := *t.Author
	author.EmailAddress = email
	t.Author = &author
	return t
}

func TestEmailChanges(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		w.sync(at("ann.lee@example.test", a))
		assert.Empty(t, w.issues(annByMail), "the old address is nobody's now")
		assert.Equal(t, []string{"A-1"}, w.issues(byMail("ann.lee@example.test")))
		w.clock.Advance(time.Second)
		w.sync(at("", a))
		assert.Empty(t, w.issues(byMail("ann.lee@example.test")), "an address that Jira hides now is not answered for")
		assert.Equal(t, []string{"A-1"}, w.issues(ann))
	})
}

func TestEmailChangesAtAStart(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.clock.Advance(time.Second)
	now := at("new@example.test", provisional("ann", "A-2", w.clock.Now()))
	require.NoError(t, w.cache.Started(t.Context(), *now.Author, now, "", nil))
	assert.Equal(t, []string{"A-2", "A-1"}, w.issues(byMail("new@example.test")))
	assert.Empty(t, w.issues(annByMail))
}

// Clockwork's list and Jira may give one person two addresses. Each start brings
// Jira's, which then stays, and nothing grows.
func TestTwoAddressesOfOnePerson(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		known := timercache.KnownKey("new@example.test")
		var size int64
		for round := range 3 {
			w.sync(running(1, "ann", "A-1", time.Hour))
			for range 3 {
				w.clock.Advance(time.Second)
				now := at("new@example.test", provisional("ann", "A-2", w.clock.Now()))
				require.NoError(t, w.cache.Started(t.Context(), *now.Author, now, "", nil))
				w.clock.Advance(time.Second)
				w.stopped("ann", "A-2")
				assert.Equal(t, []string{"A-1"}, w.issues(byMail("new@example.test")))
				assert.Empty(t, w.issues(annByMail))
			}
			length, err := w.rdb.StrLen(t.Context(), known).Result()
			require.NoError(t, err)
			if round == 0 {
				size = length
			}
			assert.Equal(t, size, length, "bytes of the bucket of names")
		}
	})
}

func TestEmailChangesHands(t *testing.T) {
	for _, order := range [][2]string{{"ann", "bob"}, {"bob", "ann"}} {
		w := onMini(t)
		w.sync(at("shared@example.test", running(1, order[0], "OLD-1", time.Hour)))
		w.clock.Advance(time.Second)
		w.sync(
			at("other@example.test", running(1, order[0], "OLD-1", time.Hour)),
			at("shared@example.test", running(2, order[1], "NEW-1", time.Hour)),
		)
		assert.Equal(t, []string{"NEW-1"}, w.issues(byMail("shared@example.test")))
		assert.Equal(t, []string{"OLD-1"}, w.issues(byMail("other@example.test")))
	}
}

// One account of a person's goes, another stays: what they run is under their
// address, whoever's id comes first, and whoever changed.
func TestEmailOfTwoAccounts(t *testing.T) {
	for _, order := range [][2]string{{"ann", "bob"}, {"bob", "ann"}} {
		gone, stays := at("shared@example.test", running(1, order[0], "OLD-1", time.Hour)), at("shared@example.test", running(2, order[1], "NEW-1", time.Hour))
		moved := at("other@example.test", running(1, order[0], "OLD-1", time.Hour))
		for name, syncs := range map[string][][]timer.Timer{
			"one-starts-as-the-other-stops": {{gone}, {stays}},
			"one-runs-on":                   {{gone, stays}, {stays}},
			"one-has-another-address-now":   {{gone, stays}, {moved, stays}},
		} {
			t.Run(order[0]+"/"+name, func(t *testing.T) {
				w := onMini(t)
				for _, timers := range syncs {
					w.sync(timers...)
					w.clock.Advance(time.Second)
				}
				assert.Equal(t, []string{"NEW-1"}, w.issues(byMail("shared@example.test")))
			})
		}
	}
}

// Jira did not send the address in time for the start. The one that the last
// stop left behind must not go on saying that nothing runs.
func TestEmailIsRememberedThroughAStop(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"stopped-here":      func(w *world) { w.stopped("ann", "A-1") },
		"stopped-elsewhere": func(w *world) { w.sync() },
	} {
		t.Run(name, func(t *testing.T) { rememberEmail(t, end) })
	}
}

func rememberEmail(t *testing.T, end func(w *world)) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		w.clock.Advance(time.Second)
		end(w)
		w.clock.Advance(time.Second)
		unknown := at("", provisional("ann", "A-2", w.clock.Now()))
		require.NoError(t, w.cache.Started(t.Context(), owner("ann"), unknown, "", nil))
		assert.Equal(t, []string{"A-2"}, w.issues(annByMail))

		w.clock.Advance(time.Second)
		w.sync()
		assert.Empty(t, w.issues(annByMail), "and a snapshot that ends it knows the address")
		assert.Empty(t, w.issues(ann))
	})
}

// Jira does not send Ann's address in time for a start, and a snapshot that is older
// than the start knows it. Whatever was about to be written without the address is
// written with it.
func TestEmailThatASnapshotKnows(t *testing.T) {
	for name, syncedBefore := range map[string]bool{"first-sync": false, "later-sync": true} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				if syncedBefore {
					w.sync(running(2, "bob", "B-1", time.Hour))
					w.clock.Advance(time.Second)
				}
				older := w.stage(w.seen(running(1, "ann", "A-1", time.Hour)))
				unknown := func(issue string) {
					w.clock.Advance(time.Second)
					now := at("", provisional("ann", issue, w.clock.Now()))
					require.NoError(t, w.cache.Started(t.Context(), owner("ann"), now, "", nil))
				}
				unknown("A-2")
				w.intercept("EVAL", func() {
					_, err := w.cache.Commit(t.Context(), older)
					require.NoError(t, err)
				})
				unknown("A-3")
				assert.Equal(t, []string{"A-3", "A-2"}, w.issues(annByMail))

				w.clock.Advance(time.Second)
				w.sync() // nothing runs, and nobody names anybody
				assert.Empty(t, w.issues(annByMail))
				unknown("A-4")
				assert.Equal(t, []string{"A-4"}, w.issues(annByMail))
			})
		})
	}
}

func TestEmailOfEverybodyIsNoAddress(t *testing.T) {
	w := onMini(t)
	w.sync(at("ALL", running(1, "ann", "A-1", time.Hour)), running(2, "bob", "B-1", 2*time.Hour))
	assert.Equal(t, []string{"A-1", "B-1"}, w.issues(everybody))
	w.stopped("ann", "A-1")
	assert.Equal(t, []string{"B-1"}, w.issues(everybody))
}
