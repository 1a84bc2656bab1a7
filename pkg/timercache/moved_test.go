package timercache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// moved is a timer after its issue has got another key.
func moved(t timer.Timer, key string) timer.Timer {
	t.Issue.Key = key
	return t
}

// summaries are what events say, in short.
func summaries(t *testing.T, messages []published) (list []string) {
	t.Helper()
	for _, e := range wireEvents(t, messages) {
		list = append(list, e.Payload.ID+" "+e.Payload.Status+" "+e.Payload.IssueKey)
	}
	return list
}

// An issue that moves to another project keeps its id: its timer neither stops
// nor starts, and its events keep the name under which it was first seen.
func TestMovedIssue(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		id := a.Issue.ID
		b := running(2, "ann", "B-1", 2*time.Hour)
		stop := w.listen(t, nil)
		w.sync(a, b)
		w.clock.Advance(time.Second)
		got := w.sync(moved(a, "NEW-7"), b)
		assert.Equal(t, []int{0, 0, 1}, []int{got.Started, got.Stopped, got.Edited})
		view := w.read(ann)
		assert.Equal(t, []string{"NEW-7", "B-1"}, issuesOf(view.Timers))
		assert.Equal(t, map[int64]string{id: "A-1"}, view.SeenAs)

		w.clock.Advance(time.Second)
		w.sync(moved(a, "NEW-8"), b) // it moves again
		w.clock.Advance(time.Second)
		w.sync(moved(commented(a, "note"), "NEW-8"), b)
		w.clock.Advance(time.Second)
		w.started("ann", "C-1") // what else happens loses nothing of it
		w.stopped("ann", "B-1")
		assert.Equal(t, map[int64]string{id: "A-1"}, w.read(annByMail).SeenAs)
		w.stoppedAt("ann", timer.Issue{Key: "NEW-8", ID: id}, w.clock.Now())
		assert.Equal(t, []string{"C-1"}, w.issues(ann))
		assert.Equal(t, []string{
			"cw:ann:A-1 running A-1", "cw:ann:B-1 running B-1",
			"cw:ann:A-1 running NEW-7", "cw:ann:A-1 running NEW-8", "cw:ann:A-1 running NEW-8",
			"cw:ann:C-1 running C-1", "cw:ann:B-1 stopped B-1", "cw:ann:A-1 stopped NEW-8",
		}, summaries(t, stop()))
		w.clock.Advance(time.Second)
		w.sync()
		assert.Empty(t, w.read(ann).SeenAs)
	})
}

// Pages of different moments show a timer that stopped before its issue moved, and the
// next one of the same issue. Events tell of one.
func TestMovedIssueOnTwoPages(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		earlier, later := running(1, "ann", "A-1", time.Hour), running(2, "ann", "A-1", time.Minute)
		stop := w.listen(t, nil)
		w.sync(moved(later, "NEW-1"), earlier)
		w.clock.Advance(time.Second)
		w.sync(moved(later, "NEW-1"))
		assert.Empty(t, w.read(ann).SeenAs)
		w.clock.Advance(time.Second)
		w.sync()
		assert.Equal(t, []string{"cw:ann:NEW-1 running NEW-1", "cw:ann:NEW-1 stopped NEW-1"}, summaries(t, stop()))
	})
}

// A start here knows one key, the snapshot that confirms it another.
func TestMovedIssueOfAStart(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync()
		w.clock.Advance(time.Second)
		stop := w.listen(t, nil)
		w.started("ann", "A-1")
		real := running(7, "ann", "A-1", 0)
		real.StartedAt = w.clock.Now()
		w.clock.Advance(time.Second)
		got := w.sync(moved(real, "NEW-1"))
		assert.Zero(t, got.Started+got.Stopped)
		assert.Equal(t, map[int64]string{real.Issue.ID: "A-1"}, w.read(ann).SeenAs)
		w.clock.Advance(time.Second)
		w.sync()
		assert.Equal(t, []string{"cw:ann:A-1 running A-1", "cw:ann:A-1 running NEW-1", "cw:ann:A-1 stopped NEW-1"}, summaries(t, stop()))
		assert.Empty(t, w.issues(ann))
	})
}

// Started here once more, under its new key: still the same timer.
func TestMovedIssueIsStartedAgain(t *testing.T) {
	w := onMini(t)
	a := running(1, "ann", "A-1", time.Hour)
	w.sync(a)
	w.clock.Advance(time.Second)
	stop := w.listen(t, nil)
	again := provisional("ann", "NEW-1", w.clock.Now())
	again.Issue.ID = a.Issue.ID
	require.NoError(t, w.cache.Started(t.Context(), owner("ann"), again, "", nil))
	assert.Equal(t, []string{"NEW-1"}, w.issues(ann), "in place of the older")
	w.clock.Advance(time.Second)
	w.stoppedAt("ann", timer.Issue{Key: "NEW-1", ID: a.Issue.ID}, w.clock.Now())
	assert.Equal(t, []string{"cw:ann:A-1 running NEW-1", "cw:ann:A-1 stopped NEW-1"}, summaries(t, stop()))
}

// Another issue has the key now that a running one had: they are two.
func TestMovedIssueLeavesItsKey(t *testing.T) {
	w := onMini(t)
	a := running(1, "ann", "A-1", time.Hour)
	w.sync(a)
	w.clock.Advance(time.Second)
	other := running(2, "ann", "A-1", time.Minute)
	other.Issue.ID++
	got := w.sync(moved(a, "NEW-1"), other)
	assert.Equal(t, []int{1, 0, 1}, []int{got.Started, got.Stopped, got.Edited})
	assert.Equal(t, []string{"A-1", "NEW-1"}, w.issues(ann))
	w.clock.Advance(time.Second)
	w.stoppedAt("ann", timer.Issue{Key: "A-1", ID: other.Issue.ID}, w.clock.Now())
	assert.Equal(t, []string{"NEW-1"}, w.issues(ann), "the other one stops")
}

// The move is found out while another sync, or a start, is written: nothing is
// sent twice.
func TestMovedIssueDuringAnAct(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		stop := w.listen(t, nil)
		run := w.stage(w.seen(moved(a, "NEW-1")))
		w.started("ann", "B-1")
		_, err := w.cache.Commit(t.Context(), run)
		require.NoError(t, err)
		assert.Equal(t, []string{"B-1", "A-1"}, w.issues(ann))
		w.clock.Advance(time.Second)
		w.sync(moved(a, "NEW-1"), provisional("ann", "B-1", w.clock.Now().Add(-time.Second)))
		assert.Equal(t, []string{"B-1", "NEW-1"}, w.issues(ann))
		assert.Equal(t, []string{"cw:ann:B-1 running B-1", "cw:ann:A-1 running NEW-1"}, summaries(t, stop()))
	})
}

// A start by the new key of an issue that has moved, while Jira does not say which
// issue that is, gets an event id of its own: it must not stay running under it.
func TestStartOnAMovedIssueWithoutItsID(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		w.clock.Advance(time.Second)
		stop := w.listen(t, nil)
		start := provisional("ann", "NEW-1", w.clock.Now())
		start.Issue.ID = 0
		require.NoError(t, w.cache.Started(t.Context(), owner("ann"), start, "", nil))
		w.clock.Advance(time.Second)
		again := moved(running(2, "ann", "A-1", 0), "NEW-1")
		w.sync(again)
		assert.Equal(t, []string{"cw:ann:NEW-1 running NEW-1", "cw:ann:A-1 running NEW-1", "cw:ann:NEW-1 stopped NEW-1"}, summaries(t, stop()))
	})
}

// Jira and Clockwork still know a moved issue by its earlier key. A start or stop by that
// key, while Jira does not say which issue that is, is about the timer that runs there.
func TestActByAnEarlierKey(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := running(1, "ann", "A-1", time.Hour)
		w.sync(a)
		w.clock.Advance(time.Second)
		w.sync(moved(a, "NEW-1"))
		w.clock.Advance(time.Second)
		stop := w.listen(t, nil)
		start := provisional("ann", "A-1", w.clock.Now())
		start.Issue.ID = 0
		require.NoError(t, w.cache.Started(t.Context(), owner("ann"), start, "", nil))
		assert.Equal(t, []string{"A-1"}, w.issues(ann), "in place of the older")
		w.clock.Advance(time.Second)
		w.sync(moved(running(2, "ann", "A-1", 0), "NEW-1"))
		assert.Equal(t, []string{"NEW-1"}, w.issues(ann))
		w.clock.Advance(time.Second)
		w.stopped("ann", "A-1")
		assert.Empty(t, w.issues(ann))
		assert.Equal(t, []string{"cw:ann:A-1 running A-1", "cw:ann:A-1 running NEW-1", "cw:ann:A-1 stopped NEW-1"}, summaries(t, stop()))
	})
}
