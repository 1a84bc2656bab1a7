package timercontrol

import (
	"cmp"
	"context"
	"errors"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Stop stops a timer in Clockwork: the one of the issue, the one with the id, or
// the only one that runs. If issue and id are given, both must be the timer's.
func (c *Control) Stop(ctx context.Context, r Request) (Outcome, error) {
	whose, err := c.subject(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	issue := timer.Issue{Key: r.IssueKey}
	switch {
	case whose.unread != nil && r.IssueKey == "":
		return Outcome{}, whose.unread
	case whose.unread == nil && (r.IssueKey == "" || r.TimerID != 0):
		if issue, err = c.running(ctx, whose, r); err != nil || issue.Key == "" {
			return Outcome{}, err
		}
	}
	if held := whose.known.heldBy(whose.account); held != nil && issue.ID == 0 {
		issue.ID = c.Cache.ShownID(held, issue.Key)
	}
	out, err := c.stop(ctx, whose, r.Token, cmp.Or(r.IssueKey, issue.Key), issue)
	if err == nil {
		out.SyncRequested = c.requestSync(ctx, whose.account)
	}
	return out, err
}

// stop stops the timer on an issue that Clockwork knows by key, and requests no
// sync if that succeeds.
func (c *Control) stop(ctx context.Context, whose subject, token secret.Text, key string, issue timer.Issue) (out Outcome, err error) {
	names := c.lookUpIssue(ctx, whose, issue) // its id, if another key is shown
	defer names.stop()
	at, err := c.Clockwork.StopTimer(ctx, token, key)
	ctx, done := detached(ctx)
	defer done()
	if err != nil && !errors.Is(err, clockwork.ErrNotRunning) {
		return out, c.failed(ctx, whose.account, key, err)
	}
	out.Stopped = err == nil
	if whose.account == "" || !out.Stopped && whose.claimed {
		return out, nil
	}
	remove := func(issue timer.Issue) bool {
		held := whose.known.heldBy(whose.account)
		return c.write(ctx, "stopped timer not removed from the cache", held, func(ctx context.Context, held *timercache.Held) error {
			return c.Cache.Stopped(ctx, timer.Person{AccountID: whose.account}, issue, at, held)
		})
	}
	issue.ID = cmp.Or(issue.ID, names.known().issue.ID)
	out.Pending = !remove(issue)
	if later := names.wait().issue; issue.ID == 0 && later.ID != 0 {
		remove(timer.Issue{Key: issue.Key, ID: later.ID}) // it may be shown under another key
	}
	return out, nil
}

// running finds the issue of the timer to stop; its key is "" if nothing runs
// that fits what the caller named. An issue that the caller named is good enough
// if it is not known what runs.
func (c *Control) running(ctx context.Context, whose subject, r Request) (timer.Issue, error) {
	if whose.account == "" {
		return unknown(r)
	}
	view, err := c.view(ctx, whose)
	if err != nil {
		return timer.Issue{}, err
	}
	asked := timer.Issue{Key: r.IssueKey}
	if r.IssueKey != "" && timer.OnIssue(view.Timers, asked) < 0 {
		asked = c.lookUpIssue(ctx, whose, asked).wait().issue // by its id, if another key is shown
	}
	candidates := view.Timers
	if r.TimerID != 0 {
		candidates = named(candidates, r.TimerID)
	}
	var found []timer.Issue
	for _, t := range candidates {
		if r.IssueKey == "" || t.Issue.Same(asked) {
			found = append(found, t.Issue)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return timer.Issue{}, ErrAmbiguous
	case r.IssueKey != "" && timer.OnIssue(view.Timers, asked) >= 0:
		return timer.Issue{}, nil // another timer runs there than the named one
	case view.SyncedAt == nil || view.Stale:
		return unknown(r)
	}
	return timer.Issue{}, nil
}

func unknown(r Request) (timer.Issue, error) {
	if r.IssueKey == "" {
		return timer.Issue{}, ErrStateUnknown
	}
	return timer.Issue{Key: r.IssueKey}, nil
}
