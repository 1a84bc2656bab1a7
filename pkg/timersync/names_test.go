package timersync_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	askUsers  = "jira.user_bulk"
	askIssues = "jira.issue_bulkfetch"
)

// asked is how often Jira was asked for users and for issues since the last look.
func (w *world) asked() [2]int {
	requests := w.box.Requests()
	w.box.ResetRequests()
	return [2]int{requests[askUsers], requests[askIssues]}
}

// jiraIsDown is until what it returns is called.
func (w *world) jiraIsDown() (up func()) {
	users := w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 503, Operation: askUsers})
	issues := w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 503, Operation: askIssues})
	return func() { users.Clear(); issues.Clear() }
}

// withoutAuthors makes Clockwork's list tell nobody's name.
func withoutAuthors(s *sandbox.Switches) { s.OmitAuthors = true }

func (w *world) startTimer(person, issue int) timer.Timer {
	w.t.Helper()
	started, err := w.box.StartTimer(w.box.People()[person].AccountID, w.box.Issues()[issue].Key, "")
	require.NoError(w.t, err)
	return started
}

func TestNamesAreLookedUpOnceAnHour(t *testing.T) {
	w := onMini(t)
	w.box.Switch(withoutAuthors)
	w.sync()
	w.settled()
	assert.Equal(t, [2]int{1, 1}, w.asked())

	w.sync()
	assert.Equal(t, [2]int{}, w.asked(), "carried over")

	w.startTimer(11, 30)
	w.sync()
	w.settled()
	assert.Equal(t, [2]int{1, 1}, w.asked(), "only for the newcomer")

	someone := w.box.People()[0]
	someone.DisplayName = "A New Name"
	_, err := w.box.AddPerson(someone)
	require.NoError(t, err)
	w.clock.Advance(time.Hour - 10*time.Second)
	w.sync()
	assert.Equal(t, [2]int{}, w.asked())
	w.clock.Advance(10 * time.Second)
	w.sync()
	w.settled()
	assert.Equal(t, [2]int{1, 1}, w.asked())
	w.sync()
	assert.Equal(t, [2]int{}, w.asked())
}

func TestNamesInClockworksListNeedNoLookUp(t *testing.T) {
	w := onMini(t)
	w.sync()
	w.settled()
	w.asked()
	for i, p := range w.box.People() {
		if i < 11 || p.EmailHidden {
			continue
		}
		w.startTimer(i, 0)
	}
	w.sync()
	w.settled()
	assert.Zero(t, w.asked()[0], "the list tells who they are")
}

func TestNamesAreKeptWhileJiraIsDown(t *testing.T) {
	w := onMini(t)
	w.box.Switch(withoutAuthors)
	w.sync()
	down := w.jiraIsDown()
	w.clock.Advance(2 * time.Hour)
	w.sync()
	w.settled()
	started := w.startTimer(11, 30)
	w.sync()
	view, err := w.cache.Read(t.Context(), timercache.Subject{AccountID: started.RunningFor})
	require.NoError(t, err)
	require.Len(t, view.Timers, 1, "a timer without names is shown all the same")
	assert.Empty(t, view.Timers[0].Issue.Summary)
	assert.Equal(t, &timer.Person{AccountID: started.RunningFor}, view.Timers[0].Author)

	down()
	w.sync()
	w.settled()
}

// One that Jira did not tell, because it was down just then, is asked for by
// the next sync and not an hour later: until then the e-mail key is missing.
func TestNamesOfANewcomerAreAskedForAgain(t *testing.T) {
	w := onMini(t)
	w.box.Switch(withoutAuthors)
	w.sync()
	w.startTimer(11, 30)
	down := w.jiraIsDown()
	w.sync()
	down()
	w.asked()
	w.sync()
	w.settled()
	assert.Equal(t, [2]int{1, 1}, w.asked())
	w.sync()
	assert.Equal(t, [2]int{}, w.asked())
}

func TestNamesOfAnIssueThatMoved(t *testing.T) {
	w := onMini(t)
	w.sync()
	running := w.box.RunningTimers()[0]
	_, err := w.box.MoveIssue(running.Issue.Key, "OPS-9001")
	require.NoError(t, err)
	w.sync()
	w.settled()
}

// Whose address becomes hidden is no longer found by it.
func TestNamesHiddenEmail(t *testing.T) {
	w := onMini(t)
	w.sync()
	running := w.box.RunningTimers()[0]
	for _, p := range w.box.People() {
		if p.AccountID != running.RunningFor {
			continue
		}
		require.False(t, p.EmailHidden)
		byMail := timercache.Subject{Email: p.Email}
		view, err := w.cache.Read(t.Context(), byMail)
		require.NoError(t, err)
		require.Len(t, view.Timers, 1)
		p.EmailHidden = true
		_, err = w.box.AddPerson(p)
		require.NoError(t, err)
		w.clock.Advance(time.Hour)
		w.sync()
		w.settled()
		view, err = w.cache.Read(t.Context(), byMail)
		require.NoError(t, err)
		assert.Empty(t, view.Timers)
	}
}

// Many are asked for in bulk, a hundred at a time.
func TestNamesInBulk(t *testing.T) {
	w := onMini(t)
	w.box.Switch(withoutAuthors)
	w.box.Populate(900, 301)
	w.sync()
	w.settled()
	assert.Equal(t, 4, w.asked()[0])
}

// degraded is whether a reader of these timers is told that Jira did not answer.
func (w *world) degraded(accountID string) bool {
	w.t.Helper()
	view, err := w.cache.Read(context.Background(), timercache.Subject{AccountID: accountID})
	require.NoError(w.t, err)
	return view.Degraded
}

// Where names are missing because Jira did not answer, readers are told, until
// it does.
func TestMissingNamesAreReported(t *testing.T) {
	w := onMini(t)
	w.box.Switch(withoutAuthors)
	w.sync()
	known := w.box.RunningTimers()[0].RunningFor
	down := w.jiraIsDown()
	w.clock.Advance(2 * time.Hour)
	w.sync()
	assert.False(t, w.degraded(""), "the old names are still there")

	newcomer := w.startTimer(11, 30).RunningFor
	for range 2 {
		w.sync()
		assert.True(t, w.degraded(newcomer))
		assert.True(t, w.degraded(""))
		assert.False(t, w.degraded(known))
	}
	down()
	w.sync()
	assert.False(t, w.degraded(newcomer))
	assert.False(t, w.degraded(""))
	w.settled()
}

// Names that Jira does not show are not a failure of Jira's.
func TestNamesHiddenAreNoFailure(t *testing.T) {
	w := onMini(t)
	w.box.Faults().Add(fault.Fault{Kind: fault.Status, Status: 200, Operation: askIssues, Body: `{"issues":[]}`})
	w.sync()
	view, err := w.cache.Read(t.Context(), timercache.Subject{})
	require.NoError(t, err)
	require.NotEmpty(t, view.Timers)
	assert.Empty(t, view.Timers[0].Issue.Summary)
	assert.False(t, view.Degraded)
}
