package timercache_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// named is a timer with all names.
func named(t timer.Timer) timer.Timer {
	t.Issue.Summary, t.Issue.ProjectName = "Fix the door", "House"
	return t
}

// syncUnnamed is a sync during which Jira did not answer, or did.
func (w *world) syncUnnamed(unnamed bool, timers ...timer.Timer) (written bool) {
	w.t.Helper()
	base := w.base()
	s := w.seen(timers...)
	s.Unnamed = unnamed
	_, written = w.settle(base, s)
	return written
}

// Who lacks a name is told why, with the one command that a read costs; who
// lacks none is not bothered.
func TestReadDegraded(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		whole, bare := named(running(1, "ann", "A-1", time.Hour)), running(2, "bob", "B-1", time.Hour)
		w.syncUnnamed(true, whole, bare)
		w.redis.take()
		assert.True(t, w.read(bob).Degraded)
		assert.Equal(t, []string{"MGET"}, w.redis.take())
		assert.True(t, w.read(everybody).Degraded)
		assert.False(t, w.read(ann).Degraded)
		assert.False(t, w.read(annByMail).Degraded)

		w.stopped("bob", "B-1")
		assert.False(t, w.read(bob).Degraded, "no timer, no name")
		w.started("ann", "A-2")
		assert.True(t, w.read(ann).Degraded, "the next without a name")
	})
}

// That names are missing though Jira answered is nobody's failure.
func TestReadUnnamedButNotDegraded(t *testing.T) {
	w := onMini(t)
	w.syncUnnamed(false, running(2, "bob", "B-1", time.Hour))
	assert.False(t, w.read(bob).Degraded)
	assert.NotContains(t, w.get("clockwork:sync"), "unnamed")
}

// The tag follows, even if the timers stay as they were: an issue that our
// credential does not see has no name either way.
func TestDegradedChangesTheTag(t *testing.T) {
	w := onMini(t)
	whole, bare := named(running(1, "ann", "A-1", time.Hour)), running(2, "bob", "B-1", time.Hour)
	w.syncUnnamed(true, whole, bare)
	anns, bobs, all := w.read(ann).ETag, w.read(bob).ETag, w.read(everybody).ETag
	assert.Contains(t, bobs, "-degraded")

	w.clock.Advance(time.Minute)
	assert.False(t, w.syncUnnamed(true, whole, bare), "nothing new: one key is written")
	assert.Equal(t, bobs, w.read(bob).ETag)
	assert.Equal(t, all, w.read(everybody).ETag)

	w.clock.Advance(time.Minute)
	assert.True(t, w.syncUnnamed(false, whole, bare), "Jira is back")
	assert.False(t, w.read(bob).Degraded)
	assert.Equal(t, strings.Replace(bobs, "-degraded", "", 1), w.read(bob).ETag)
	assert.NotEqual(t, all, w.read(everybody).ETag)
	assert.Equal(t, anns, w.read(ann).ETag, "nothing new for ann")

	w.clock.Advance(time.Minute)
	assert.True(t, w.syncUnnamed(true, whole, bare))
	assert.Equal(t, bobs, w.read(bob).ETag)
	w.clock.Advance(11 * time.Minute)
	assert.Equal(t, strings.Replace(bobs, "-degraded", "-stale-degraded", 1), w.read(bob).ETag)
}

// While Jira does not answer, nobody loses the address that is known when somebody starts
// whose address is not.
func TestAnotherStartWithoutAnAddress(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		bare := func(one timer.Timer) timer.Timer {
			one.Author = &timer.Person{AccountID: one.RunningFor}
			return one
		}
		w.sync(running(1, "zoe", "Z-1", time.Hour))
		w.clock.Advance(time.Minute)
		w.sync() // she stops, and Jira goes down
		w.clock.Advance(time.Minute)
		zoe := bare(running(2, "zoe", "Z-2", 0))
		w.syncUnnamed(true, zoe)
		before := w.read(byMail("zoe@example.test"))
		w.clock.Advance(time.Minute)
		w.syncUnnamed(true, zoe, bare(running(3, "bob", "B-1", 0)))
		after := w.read(byMail("zoe@example.test"))
		assert.Equal(t, []string{"Z-2"}, issuesOf(after.Timers))
		assert.Equal(t, before.ETag, after.ETag, "nothing of hers has changed")
	})
}

// An unreadable entry concerns the person whose it is, and everybody only if that
// is not known.
func TestReadUnreadable(t *testing.T) {
	tests := []struct {
		name  string
		of    []string
		tells map[timercache.Subject]bool
	}{
		{"known-person", []string{"ann", "ann@example.test"}, map[timercache.Subject]bool{ann: true, annByMail: true, bob: false, everybody: true}},
		{"unknown-person", nil, map[timercache.Subject]bool{ann: true, annByMail: true, bob: true, everybody: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := onMini(t)
			s := w.seen(named(running(2, "bob", "B-1", time.Hour))) // ann's one timer cannot be read
			s.Unreadable, s.UnreadableOf = 1, tt.of
			w.commit(s)
			for subject, want := range tt.tells {
				assert.Equal(t, want, w.read(subject).Unreadable, "%+v", subject)
			}
		})
	}
}
