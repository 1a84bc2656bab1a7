// Package timercontrol starts and stops timers in Clockwork and makes that
// visible at once: it writes the cache before it answers, and asks for a sync
// that confirms it.
package timercontrol

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Errors that a caller can do something about.
var (
	ErrNotOwner     = errors.New("the Clockwork token belongs to another account")
	ErrAmbiguous    = errors.New("several timers run and none was named")
	ErrStateUnknown = errors.New("it is not known which timer runs")
	// ErrOutcomeUnknown means that Clockwork may or may not have done it.
	ErrOutcomeUnknown = errors.New("it is not known whether Clockwork did it")
)

// Clockwork starts and stops the timers of a token's owner, and says when it did
// so by its own clock; zero if it does not say.
type Clockwork interface {
	StartTimer(ctx context.Context, token secret.Text, issueKey, comment string) (time.Time, error)
	StopTimer(ctx context.Context, token secret.Text, issueKey string) (time.Time, error)
}

// Names looks up what is shown beside a timer.
type Names interface {
	User(ctx context.Context, accountID string) (jira.User, error)
	Issue(ctx context.Context, idOrKey string) (jira.Issue, error)
}

// Cache is where clients read timers from.
type Cache interface {
	CheckSite(held *timercache.Held) error
	Read(ctx context.Context, subject timercache.Subject) (timercache.View, error)
	ReadHeld(ctx context.Context, accountID string, held *timercache.Held) (timercache.View, error)
	Started(ctx context.Context, owner timer.Person, t timer.Timer, unproven string, held *timercache.Held) error
	Named(ctx context.Context, owner timer.Person, t timer.Timer) error
	Stopped(ctx context.Context, owner timer.Person, issue timer.Issue, at time.Time, held *timercache.Held) error
}

// Control starts and stops timers.
type Control struct {
	Clockwork Clockwork
	Names     Names
	Owners    OwnerStore
	Cache     Cache
	// RequestSync asks for a snapshot on behalf of an account ("" for nobody's).
	RequestSync func(ctx context.Context, accountID string) error
	// NamesTimeout bounds the wait for names: a timer without its summary now is
	// better than one with it later.
	NamesTimeout time.Duration
	Now          func() time.Time
	Log          *slog.Logger
	// Retry runs what could not be written yet, apart from the request. nil: a
	// goroutine that repeats it for a minute.
	Retry func(write func(context.Context) error)
}

// Request is one start or stop.
type Request struct {
	Token     secret.Text
	AccountID string // as the caller says; "" if they do not
	Claimed   bool   // no login proves that the account is the caller's
	IssueKey  string // checked; may be "" on a stop
	TimerID   int64  // 0 if none was named
	Comment   string
	Known     *Known // nil: read when the request is carried out
}

// Outcome of a start or stop.
type Outcome struct {
	Timer         *timer.Timer // the started timer, if its owner is known
	Stopped       bool
	SyncRequested bool
	// Pending: Clockwork did it, but the cache could not be written. It will show
	// within seconds of Redis' return, by a repetition or the requested sync.
	Pending bool
}

// subject is whose timer a token moves. If that is only claimed, nothing may be
// concluded from what Clockwork refuses: it speaks of the token's owner, and
// settings too only heard a claim.
type subject struct {
	account string // "" if nobody has said
	claimed bool
	known   Known
	unread  error // Redis did not answer
}

// subject decides whose timer the token moves: the owner that settings bound
// it to, else whom the caller names. A Redis that does not answer leaves it open:
// then nothing can be cached anyway, and Clockwork still knows.
func (c *Control) subject(ctx context.Context, r Request) (subject, error) {
	known := c.known(ctx, r)
	switch {
	case known.Err != nil:
		c.Log.WarnContext(ctx, "token owner not read", "error", known.Err)
		return subject{unread: fmt.Errorf("%w: %w", timercache.ErrUnavailable, known.Err)}, nil
	case known.Owner.Account != "" && r.AccountID != "" && known.Owner.Account != r.AccountID:
		return subject{}, ErrNotOwner
	}
	if known.held != nil {
		if err := c.Cache.CheckSite(known.held); err != nil {
			return subject{}, err
		}
	}
	return subject{cmp.Or(known.Owner.Account, r.AccountID), r.Claimed && !known.Owner.Seen, known, nil}, nil
}

// view is what the account's readers see.
func (c *Control) view(ctx context.Context, whose subject) (timercache.View, error) {
	if held := whose.known.heldBy(whose.account); held != nil {
		return c.Cache.ReadHeld(ctx, whose.account, held)
	}
	return c.Cache.Read(ctx, timercache.Subject{AccountID: whose.account})
}

// requestSync reports whether the sync could be asked for. The caller learns if
// not, but what they wanted has been done.
func (c *Control) requestSync(ctx context.Context, accountID string) bool {
	if err := c.RequestSync(ctx, accountID); err != nil {
		c.Log.WarnContext(ctx, "sync not requested", "error", err)
		return false
	}
	return true
}

// failed is the error of a call to Clockwork. If it is not known whether
// Clockwork did what it was asked, because its answer was lost, in whole or in
// part, or is a failure of its own, the error says so and a sync is asked for.
func (c *Control) failed(ctx context.Context, account string, err error) error {
	refused, ok := errors.AsType[*upstream.Error](err)
	if ok && (refused.Status >= http.StatusMultipleChoices && refused.Status < http.StatusInternalServerError || refused.Unsent()) {
		return err
	}
	c.requestSync(ctx, account)
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// Start starts a timer in Clockwork and shows it, with the names that are known
// by then. Names that come later are added: a stop that is accepted meanwhile
// must not wait behind them.
func (c *Control) Start(ctx context.Context, r Request) (Outcome, error) {
	whose, err := c.subject(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	names := c.lookUp(ctx, whose, r.IssueKey) // while Clockwork is being asked
	defer names.stop()
	at, err := c.Clockwork.StartTimer(ctx, r.Token, r.IssueKey, r.Comment)
	ctx, done := detached(ctx)
	defer done()
	if err != nil {
		return Outcome{}, c.failed(ctx, whose.account, err)
	}
	if at.IsZero() {
		at = c.Now().Truncate(time.Second) // as Clockwork would report it
	}
	var out Outcome
	if whose.account != "" {
		t := provisional(whose.account, r, names.soon(namesGrace), at)
		held := whose.known.heldBy(whose.account)
		unproven := ""
		if !whose.known.Owner.Seen {
			unproven = c.Owners.hmac(r.Token)
		}
		out.Pending = !c.write(ctx, "started timer not cached", held, func(ctx context.Context, held *timercache.Held) error {
			return c.Cache.Started(ctx, *t.Author, t, unproven, held)
		})
		if named := provisional(whose.account, r, names.wait(), at); named.Issue != t.Issue || *named.Author != *t.Author {
			t = named
			c.write(ctx, "names not cached", nil, func(ctx context.Context, _ *timercache.Held) error { return c.Cache.Named(ctx, *t.Author, t) })
		}
		out.Timer = &t
	}
	out.SyncRequested = c.requestSync(ctx, whose.account)
	return out, nil
}

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
	if issue.ID == 0 {
		issue.ID = c.shownID(ctx, whose, issue)
	}
	names := c.lookUpIssue(ctx, whose, issue) // its id, if another key is shown
	defer names.stop()
	var out Outcome
	at, err := c.Clockwork.StopTimer(ctx, r.Token, cmp.Or(r.IssueKey, issue.Key))
	ctx, done := detached(ctx)
	defer done()
	if err != nil && !errors.Is(err, clockwork.ErrNotRunning) {
		return Outcome{}, c.failed(ctx, whose.account, err)
	}
	out.Stopped = err == nil
	if whose.account != "" && (out.Stopped || !whose.claimed) {
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
	}
	out.SyncRequested = c.requestSync(ctx, whose.account)
	return out, nil
}

// Running looks whether the timer that r would start runs. What is in the cache
// decides: it can show that one runs, never that none does.
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

// shownID is the id of the issue if a timer of the account is shown on its key.
func (c *Control) shownID(ctx context.Context, whose subject, issue timer.Issue) int64 {
	if whose.known.heldBy(whose.account) == nil {
		return 0
	}
	view, err := c.view(ctx, whose)
	if i := timer.OnIssue(view.Timers, issue); err == nil && i >= 0 {
		return view.Timers[i].Issue.ID
	}
	return 0
}

func unknown(r Request) (timer.Issue, error) {
	if r.IssueKey == "" {
		return timer.Issue{}, ErrStateUnknown
	}
	return timer.Issue{Key: r.IssueKey}, nil
}
