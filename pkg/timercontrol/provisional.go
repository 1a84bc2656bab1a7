package timercontrol

import (
	"context"
	"hash/fnv"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// startTolerance is how far the start of a listed timer may be from the provisional one's.
const startTolerance = 2 * time.Second

// namesGrace is how long the first write of a started timer waits for names.
const namesGrace = 50 * time.Millisecond

// names are what Jira knows of an issue and a person, as far as it answered.
type names struct {
	issue  timer.Issue
	person timer.Person
}

// lookup is a lookup of names in progress.
type lookup struct {
	timeout time.Duration
	log     *slog.Logger
	all     sync.WaitGroup
	stops   []context.CancelFunc

	mu    sync.Mutex
	found names
}

func (c *Control) newLookup(account string, issue timer.Issue) *lookup {
	return &lookup{timeout: c.NamesTimeout, log: c.Log, found: names{issue: issue, person: timer.Person{AccountID: account}}}
}

// ask begins to ask for something.
func (l *lookup) ask(ctx context.Context, what string, find func(context.Context)) {
	ctx, stop := context.WithTimeout(ctx, l.timeout)
	l.stops = append(l.stops, stop)
	l.all.Go(panics.Logged(l.log, what, func() { find(ctx) }))
}

// stop ends what is still being asked for.
func (l *lookup) stop() {
	for _, stop := range l.stops {
		stop()
	}
}

// known is what has been found so far.
func (l *lookup) known() names {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}

// wait is what has been found in the end.
func (l *lookup) wait() names {
	l.all.Wait()
	return l.known()
}

// soon is what has been found within d. Names that come with Clockwork's answer
// need no write of their own.
func (l *lookup) soon(d time.Duration) names {
	if l.stops == nil { // nothing was asked for
		return l.known()
	}
	found := make(chan struct{})
	go panics.Logged(l.log, "wait for names", func() { l.all.Wait(); close(found) })()
	select {
	case <-found:
	case <-time.After(d):
	}
	return l.known()
}

func (l *lookup) set(change func(*names)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.found)
}

// lookUp begins to ask for the names of a timer that is about to start, as far as
// they are not known.
func (c *Control) lookUp(ctx context.Context, whose subject, issueKey string) *lookup {
	l := c.newLookup(whose.account, timer.Issue{Key: issueKey})
	if whose.account == "" {
		return l
	}
	c.findIssue(ctx, l, whose, issueKey)
	if user, found, asked := whose.known.jiraUser(whose.account); found {
		l.set(func(n *names) { n.person = user.Person() })
	} else if !asked {
		l.ask(ctx, "look up a person", func(ctx context.Context) {
			if user, err := c.Names.User(ctx, whose.account); err == nil {
				l.set(func(n *names) { n.person = user.Person() })
			}
		})
	}
	return l
}

// lookUpIssue begins to ask for the id of an issue that is known by its key.
func (c *Control) lookUpIssue(ctx context.Context, whose subject, issue timer.Issue) *lookup {
	l := c.newLookup(whose.account, issue)
	if whose.account != "" && issue.ID == 0 {
		c.findIssue(ctx, l, whose, issue.Key)
	}
	return l
}

func (c *Control) findIssue(ctx context.Context, l *lookup, whose subject, key string) {
	if issue, found, asked := whose.known.jiraIssue(); found {
		l.set(func(n *names) { n.issue = IssueOf(issue) })
	} else if !asked {
		l.ask(ctx, "look up an issue", func(ctx context.Context) {
			if issue, err := c.Names.Issue(ctx, key); err == nil {
				l.set(func(n *names) { n.issue = IssueOf(issue) })
			}
		})
	}
}

// IssueOf is the little of a Jira issue that a timer shows.
func IssueOf(i jira.Issue) timer.Issue {
	id, _ := strconv.ParseInt(i.ID, 10, 64) // Jira's ids are numbers; 0 if one is not
	return timer.Issue{Key: i.Key, ID: id, Summary: i.Summary, ProjectName: i.Project.Name}
}

// provisional is the timer that is shown until a snapshot brings Clockwork's own. It
// counts from the time at which Clockwork started it, by Clockwork's clock.
func provisional(account string, r Request, n names, at time.Time) timer.Timer {
	at = at.UTC().Truncate(time.Millisecond)
	t := timer.Timer{
		ID:                        provisionalID(at, r.IssueKey),
		StartedAt:                 at,
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

// provisionalID stands for the id until a snapshot brings Clockwork's own. It is
// negative, and contains the start. Clockwork reports whole seconds; the milliseconds
// distinguish the timers that start within one.
func provisionalID(start time.Time, issueKey string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(issueKey))
	return -(start.Truncate(time.Second).UnixMilli() + int64(h.Sum32()%1000))
}

// named is the timers that id means. A client may still hold the provisional id
// of a timer that has its own by now.
func named(timers []timer.Timer, id int64) []timer.Timer {
	if i := slices.IndexFunc(timers, func(t timer.Timer) bool { return t.ID == id }); i >= 0 || id > 0 {
		return timers[max(i, 0) : i+1]
	}
	return slices.DeleteFunc(slices.Clone(timers), func(t timer.Timer) bool {
		return t.StartedAt.Sub(time.UnixMilli(-id)).Abs() > startTolerance
	})
}
