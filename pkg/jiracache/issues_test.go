package jiracache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// asked looks issues up and tells how many questions that put to Jira.
func asked(t *testing.T, w *apptest.World, names ...string) (map[string]jira.Issue, int) {
	t.Helper()
	before := w.Sandbox.Requests()["jira.issue_bulkfetch"]
	found, err := w.Deps.Names.Issues(t.Context(), names)
	require.NoError(t, err)
	return found, w.Sandbox.Requests()["jira.issue_bulkfetch"] - before
}

func TestIssuesAreAskedForOnce(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	found, questions := asked(t, w, "BILL-209", "OPS-64", "BILL-9999")
	assert.Len(t, found, 2)
	assert.Equal(t, "Weekly planning and retrospectives", found["OPS-64"].Summary)
	assert.Equal(t, 1, questions)

	found, questions = asked(t, w, "OPS-64", "BILL-9999", found["BILL-209"].ID)
	assert.Len(t, found, 2)
	assert.Zero(t, questions, "also that one is not there is remembered")

	w.Clock.Advance(61 * time.Second)
	_, questions = asked(t, w, "OPS-64", "BILL-9999")
	assert.Equal(t, 1, questions, "but for a minute only")
}

func TestIssuesCostTwoRoundTrips(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	ask := func() { asked(t, w, "BILL-209", "OPS-64", "OPS-42") }
	assert.EqualValues(t, 2, w.Spent(t, ask).RoundTrips, "one to read, one to write")
	assert.EqualValues(t, 1, w.Spent(t, ask).Commands)
}

// What is known is better than nothing, and a failure is not "not found".
func TestIssuesWhileJiraFails(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	asked(t, w, "OPS-64")
	plan := w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 401})
	found, err := w.Deps.Names.Issues(t.Context(), []string{"OPS-64", "BILL-209"})
	assert.Error(t, err)
	assert.Len(t, found, 1)
	plan.Clear()
	found, questions := asked(t, w, "OPS-64", "BILL-209")
	assert.Len(t, found, 2)
	assert.Equal(t, 1, questions)
}

func TestIssuesWhileRedisFails(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	plan := w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status})
	found, questions := asked(t, w, "OPS-64", "BILL-209")
	assert.Len(t, found, 2)
	assert.Equal(t, 1, questions)
	assert.Equal(t, 1, plan.Hits(), "a Redis that could not be read is not written to")
}
