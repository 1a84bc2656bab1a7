package timercontrol

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Start starts a timer in Clockwork and shows it, with the names that are known
// by then. Names that come later are added: a stop that is accepted meanwhile
// must not wait behind them.
func (c *Control) Start(ctx context.Context, r Request) (Outcome, error) {
	whose, err := c.subject(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	out, err := c.start(ctx, whose, r)
	if err == nil {
		out.SyncRequested = c.requestSync(ctx, whose.account)
	}
	return out, err
}

// start does all of Start but request the sync that follows a success.
func (c *Control) start(ctx context.Context, whose subject, r Request) (out Outcome, err error) {
	names := c.lookUp(ctx, whose, r.IssueKey) // while Clockwork is being asked
	defer names.stop()
	at, err := c.Clockwork.StartTimer(ctx, r.Token, r.IssueKey, r.Comment)
	ctx, done := detached(ctx)
	defer done()
	if err != nil {
		return out, c.failed(ctx, whose.account, r.IssueKey, err)
	}
	accepted := c.Now()
	if at.IsZero() {
		at = accepted.Truncate(time.Second) // as Clockwork would report it
	}
	if whose.account == "" {
		return out, nil
	}
	t := provisional(whose.account, r, names.soon(namesGrace), at)
	held := whose.known.heldBy(whose.account)
	unproven := whose.known.token
	if whose.known.Owner.Seen {
		unproven = ""
	}
	out.Pending = !c.write(ctx, "started timer not cached", held, func(ctx context.Context, held *timercache.Held) error {
		late := t
		late.TillNow = int64(c.Now().Sub(accepted) / time.Second)
		return c.Cache.Started(ctx, *t.Author, late, unproven, held)
	})
	if named := provisional(whose.account, r, names.wait(), at); named.Issue != t.Issue || *named.Author != *t.Author {
		t = named
		c.write(ctx, "names not cached", nil, func(ctx context.Context, _ *timercache.Held) error { return c.Cache.Named(ctx, *t.Author, t) })
	}
	out.Timer = &t
	return out, nil
}

// Running finds the timer that r would start, if it runs. The cache can prove that
// one runs, never that none does.
func (c *Control) Running(ctx context.Context, r Request) (t timer.Timer, found bool) {
	r.Known = nil // it has been done meanwhile, or not
	whose, err := c.subject(ctx, r)
	if err != nil || whose.account == "" {
		return t, false
	}
	view, err := c.view(ctx, whose)
	if err != nil || view.SyncedAt == nil || view.Stale {
		return t, false
	}
	if i := timer.OnIssue(view.Timers, timer.Issue{Key: r.IssueKey}); i >= 0 {
		return view.Timers[i], true
	}
	return t, false
}
