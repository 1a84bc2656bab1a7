package clockwork_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func inSandbox(t *testing.T, opts sandbox.Options) (*sandbox.Sandbox, *clockwork.Client) {
	t.Helper()
	box := sandbox.New(opts)
	c, err := clockwork.New(clockwork.Options{
		BaseURL: box.Start(t).ClockworkURL,
		Sleep:   func(context.Context, time.Duration) error { return nil },
	})
	require.NoError(t, err)
	return box, c
}

func TestContractWorklogs(t *testing.T) {
	shapes := []sandbox.Switches{
		{}, {StartedShape: "colon", IDShape: "number"}, {StartedShape: "millis", IDShape: "mixed"}, {StartedShape: "mixed"},
	}
	for i, shape := range shapes {
		box, c := inSandbox(t, sandbox.Options{})
		box.Switch(func(s *sandbox.Switches) { *s = shape })
		for _, p := range box.People() {
			loc, err := time.LoadLocation(p.TimeZone)
			require.NoError(t, err)
			today := time.Now().In(loc)
			from := today.AddDate(0, 0, -6)
			got, err := c.Worklogs(t.Context(), box.Credentials().ServerClockworkToken,
				clockwork.WorklogQuery{AccountID: p.AccountID, From: from, To: today, Location: loc})
			require.NoError(t, err, "shape %d", i)
			assert.Equal(t, truth(box, p.AccountID, from, loc), keysOf(got.List), "shape %d of %s", i, p.DisplayName)
		}
	}
}

// truth lists the worklogs of the days since from, in their person's zone.
func truth(box *sandbox.Sandbox, accountID string, from time.Time, loc *time.Location) []entry {
	first := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, loc)
	var mine []timer.Worklog
	for _, w := range box.Worklogs() {
		if w.Author.AccountID == accountID && !w.Started.Before(first) {
			mine = append(mine, w)
		}
	}
	return keysOf(mine)
}

type entry struct {
	id                       int64
	key, name, project, text string
	seconds, started         int64
}

func keysOf(worklogs []timer.Worklog) []entry {
	entries := make([]entry, 0, len(worklogs))
	for _, w := range worklogs {
		e := entry{w.ID, w.IssueKey, w.IssueName, w.ProjectName, "", w.TimeSpentSeconds, w.Started.Unix()}
		if w.Comment != nil {
			e.text = *w.Comment
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	return entries
}

func TestContractStartAndStop(t *testing.T) {
	box, c := inSandbox(t, sandbox.Options{})
	person, issue := box.People()[5], box.Issues()[7]
	token := box.ClockworkToken(person.AccountID)
	runs := func() bool {
		return slices.ContainsFunc(box.RunningTimers(), func(t timer.Timer) bool {
			return t.RunningFor == person.AccountID && t.Issue.Key == issue.Key
		})
	}
	for _, emptyBody := range []bool{false, true} {
		box.Switch(func(s *sandbox.Switches) { s.EmptyWriteBody = emptyBody })
		require.NoError(t, failure(c.StartTimer(t.Context(), token, issue.Key, "a comment")))
		assert.True(t, runs())
		require.NoError(t, failure(c.StopTimer(t.Context(), token, issue.Key)))
		assert.False(t, runs())
		assert.ErrorIs(t, failure(c.StopTimer(t.Context(), token, issue.Key)), clockwork.ErrNotRunning)
	}
	assert.Equal(t, 404, statusOf(t, failure(c.StartTimer(t.Context(), token, "NOPE-1", ""))))
	assert.Equal(t, 401, statusOf(t, failure(c.StartTimer(t.Context(), secret.New("wrong"), issue.Key, ""))))
}

func TestContractVerifyToken(t *testing.T) {
	box, c := inSandbox(t, sandbox.Options{})
	person := box.People()[5]
	assert.NoError(t, c.VerifyToken(t.Context(), box.ClockworkToken(person.AccountID), person.AccountID))
	assert.Equal(t, 401, statusOf(t, c.VerifyToken(t.Context(), secret.New("wrong"), person.AccountID)))
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	var e *upstream.Error
	require.ErrorAs(t, err, &e)
	return e.Status
}

func TestContractFaults(t *testing.T) {
	read := func(box *sandbox.Sandbox, c *clockwork.Client) error {
		_, err := c.Worklogs(t.Context(), box.Credentials().ServerClockworkToken, clockwork.WorklogQuery{
			AccountID: box.Credentials().AccountID, From: time.Now().AddDate(0, 0, -7), To: time.Now()})
		return err
	}
	write := func(box *sandbox.Sandbox, c *clockwork.Client) error {
		return failure(c.StartTimer(t.Context(), box.ClockworkToken(box.People()[5].AccountID), box.Issues()[7].Key, ""))
	}
	tests := []struct {
		name  string
		fault fault.Fault
		call  func(*sandbox.Sandbox, *clockwork.Client) error
		ok    bool
	}{
		{"read-after-a-reset", fault.Fault{Kind: fault.Reset, Count: 1}, read, true},
		{"read-after-502", fault.Fault{Kind: fault.Status, Status: 502, Count: 2}, read, true},
		{"read-malformed", fault.Fault{Kind: fault.MalformedJSON}, read, false},
		{"read-wrong-types", fault.Fault{Kind: fault.WrongTypes}, read, false},
		{"read-huge", fault.Fault{Kind: fault.Huge}, read, false},
		{"write-after-502", fault.Fault{Kind: fault.Status, Status: 502, Count: 1}, write, false},
		{"write-after-a-reset", fault.Fault{Kind: fault.Reset, Count: 1}, write, false},
		{"write-answer-lost", fault.Fault{Kind: fault.Reset, Count: 1, After: true}, write, false},
		{"write-answered-with-html", fault.Fault{Kind: fault.HTML}, write, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			box, c := inSandbox(t, sandbox.Options{})
			box.Faults().Add(tt.fault)
			box.ResetRequests()
			err := tt.call(box, c)
			assert.Equal(t, tt.ok, err == nil, err)
			assert.LessOrEqual(t, box.Requests()["clockwork.start_timer"], 1, "a write is sent once")
			if err != nil {
				_, ok := errors.AsType[*upstream.Error](err)
				assert.True(t, ok)
			}
		})
	}
}
