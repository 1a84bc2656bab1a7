package timercontrol

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// sameStart is how far Clockwork's start may be from ours.
const sameStart = 2 * time.Second

// names are what Jira knows of an issue and a person, as far as it answered.
type names struct {
	issue  timer.Issue
	person timer.Person
}

// lookUp begins to ask for the names; the returned function waits for them.
func (c *Control) lookUp(ctx context.Context, account, issueKey string) func() names {
	n := names{issue: timer.Issue{Key: issueKey}, person: timer.Person{AccountID: account}}
	if account == "" {
		return func() names { return n }
	}
	ctx, cancel := context.WithTimeout(ctx, c.NamesTimeout)
	var both sync.WaitGroup
	both.Go(func() {
		if issue, err := c.Names.Issue(ctx, issueKey); err == nil {
			n.issue = IssueOf(issue)
		}
	})
	both.Go(func() {
		if user, err := c.Names.User(ctx, account); err == nil {
			n.person = user.Person()
		}
	})
	return func() names {
		defer cancel()
		both.Wait()
		return n
	}
}

// IssueOf is the little of a Jira issue that a timer shows.
func IssueOf(i jira.Issue) timer.Issue {
	id, _ := strconv.ParseInt(i.ID, 10, 64) // Jira's ids are numbers; 0 where one is not
	return timer.Issue{Key: i.Key, ID: id, Summary: i.Summary, ProjectName: i.Project.Name}
}

// provisional is the timer as it is until a snapshot brings Clockwork's own.
func provisional(account string, r Request, n names, now time.Time) timer.Timer {
	now = now.UTC().Truncate(time.Millisecond)
	t := timer.Timer{
		ID:                        provisionalID(now),
		StartedAt:                 now,
		RunningFor:                account,
		Issue:                     n.issue,
		Author:                    &n.person,
		WithinWorkingHours:        true,
		StartedWithinWorkingHours: true,
	}
	if r.Comment != "" {
		t.Comment = &r.Comment
	}
	return t
}

// provisionalID stands for the id until a snapshot brings Clockwork's own. It
// is negative, and tells the start.
func provisionalID(start time.Time) int64 { return -start.UnixMilli() }

// named reports whether id means t. A client may still hold the provisional id
// of a timer that has its own by now.
func named(t timer.Timer, id int64) bool {
	return t.ID == id || (id < 0 && t.StartedAt.Sub(time.UnixMilli(-id)).Abs() <= sameStart)
}
