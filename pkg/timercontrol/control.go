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

// Clockwork starts and stops the timers of a token's owner.
type Clockwork interface {
	StartTimer(ctx context.Context, token secret.Text, issueKey, comment string) error
	StopTimer(ctx context.Context, token secret.Text, issueKey string) error
}

// Names looks up what is shown beside a timer.
type Names interface {
	User(ctx context.Context, accountID string) (jira.User, error)
	Issue(ctx context.Context, idOrKey string) (jira.Issue, error)
}

// Cache is where clients read timers from.
type Cache interface {
	Read(ctx context.Context, subject timercache.Subject) (timercache.View, error)
	Started(ctx context.Context, owner timer.Person, t timer.Timer) error
	Stopped(ctx context.Context, owner timer.Person, issueKey string) error
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
}

// Request is one start or stop.
type Request struct {
	Token     secret.Text
	AccountID string // as the caller says; "" where they do not
	Claimed   bool   // no login tells that AccountID is the caller's
	IssueKey  string // checked; may be "" on a stop
	TimerID   int64  // 0 where none was named
	Comment   string
	Known     *Known // nil: read when the request is carried out
}

// Outcome of a start or stop.
type Outcome struct {
	Timer         *timer.Timer // the started timer, where its owner is known
	Stopped       bool
	SyncRequested bool
}

// account decides whose timer the token moves: the owner that settings saw with
// it, else whom the caller names. A Redis that does not answer leaves it open:
// then nothing can be cached anyway, and Clockwork still knows. unread says so.
func (c *Control) account(ctx context.Context, r Request) (whose subject, unread, err error) {
	known := c.known(ctx, r)
	owner := known.Owner
	switch {
	case known.Err != nil:
		c.Log.WarnContext(ctx, "token owner not read", "error", known.Err)
		return whose, fmt.Errorf("%w: %w", timercache.ErrUnavailable, known.Err), nil
	case owner != "" && r.AccountID != "" && owner != r.AccountID:
		return whose, nil, ErrNotOwner
	}
	return subject{cmp.Or(owner, r.AccountID), owner == "" && r.Claimed}, nil, nil
}

// subject is whose timer a token moves. Of one that is only claimed nothing may
// be concluded from what Clockwork refuses: it speaks of the token's owner.
type subject struct {
	account string // "" where nobody has said
	claimed bool
}

// requestSync reports whether the sync could be asked for; that it could not
// is told to the caller, but what they wanted has been done.
func (c *Control) requestSync(ctx context.Context, accountID string) bool {
	if err := c.RequestSync(ctx, accountID); err != nil {
		c.Log.WarnContext(ctx, "sync not requested", "error", err)
		return false
	}
	return true
}

// failed is the error of a call to Clockwork. Where it is not known whether
// Clockwork did what it was told, because its answer was lost, in whole or in
// part, or is a failure of its own, the error says so and a sync is asked for.
func (c *Control) failed(ctx context.Context, account string, err error) error {
	var refused *upstream.Error
	if errors.As(err, &refused) && (refused.Status >= http.StatusMultipleChoices && refused.Status < http.StatusInternalServerError || refused.Unsent()) {
		return err
	}
	c.requestSync(ctx, account)
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// followUp bounds what follows a change in Clockwork: the cache and the event.
const followUp = 5 * time.Second

// afterwards is a context for what must follow a change in Clockwork, also
// where the caller has hung up meanwhile: the timer runs all the same.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), followUp)
}

// insist tries twice: Clockwork has changed, and a cache that does not follow
// shows what is not so until the next sync.
func insist(ctx context.Context, amend func() error) error {
	err := amend()
	if err != nil && ctx.Err() == nil {
		err = amend()
	}
	return err
}

// Start starts a timer in Clockwork and shows it.
func (c *Control) Start(ctx context.Context, r Request) (Outcome, error) {
	whose, _, err := c.account(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	account := whose.account
	found := c.lookUp(ctx, account, r.IssueKey) // while Clockwork is being asked
	err = c.Clockwork.StartTimer(ctx, r.Token, r.IssueKey, r.Comment)
	shown := found()
	ctx, done := afterwards(ctx)
	defer done()
	if err != nil {
		return Outcome{}, c.failed(ctx, account, err)
	}
	var out Outcome
	if account != "" {
		t := provisional(account, r, shown, c.Now())
		out.Timer = &t
		if err := insist(ctx, func() error { return c.Cache.Started(ctx, *t.Author, t) }); err != nil {
			c.Log.ErrorContext(ctx, "started timer not cached", "error", err)
		}
	}
	out.SyncRequested = c.requestSync(ctx, account)
	return out, nil
}

// Stop stops a timer in Clockwork: the one of the issue, the one with the id,
// or the only one that runs.
func (c *Control) Stop(ctx context.Context, r Request) (Outcome, error) {
	whose, unread, err := c.account(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	account := whose.account
	if r.IssueKey == "" {
		if unread != nil {
			return Outcome{}, unread
		}
		if r.IssueKey, err = c.running(ctx, account, r.TimerID); err != nil || r.IssueKey == "" {
			return Outcome{}, err
		}
	}
	var out Outcome
	err = c.Clockwork.StopTimer(ctx, r.Token, r.IssueKey)
	ctx, done := afterwards(ctx)
	defer done()
	if err != nil && !errors.Is(err, clockwork.ErrNotRunning) {
		return Outcome{}, c.failed(ctx, account, err)
	}
	out.Stopped = err == nil
	if account != "" && (out.Stopped || !whose.claimed) {
		if err := insist(ctx, func() error { return c.Cache.Stopped(ctx, timer.Person{AccountID: account}, r.IssueKey) }); err != nil {
			c.Log.ErrorContext(ctx, "stopped timer not removed from the cache", "error", err)
		}
	}
	out.SyncRequested = c.requestSync(ctx, account)
	return out, nil
}

// Running looks whether the timer that r would start runs. What is in the cache
// decides: it tells that one runs, and never that none does.
func (c *Control) Running(ctx context.Context, r Request) (t timer.Timer, found bool) {
	whose, unread, err := c.account(ctx, r)
	if err != nil || unread != nil || whose.account == "" {
		return t, false
	}
	view, err := c.Cache.Read(ctx, timercache.Subject{AccountID: whose.account})
	if err != nil || view.SyncedAt == nil || view.Stale {
		return t, false
	}
	for _, t := range view.Timers {
		if t.Issue.Key == r.IssueKey {
			return t, true
		}
	}
	return t, false
}

// running finds the issue of the timer to stop; "" where nothing runs.
func (c *Control) running(ctx context.Context, account string, timerID int64) (string, error) {
	if account == "" {
		return "", ErrStateUnknown
	}
	view, err := c.Cache.Read(ctx, timercache.Subject{AccountID: account})
	if err != nil {
		return "", err
	}
	var found []timer.Timer
	for _, t := range view.Timers {
		if timerID == 0 || named(t, timerID) {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 1:
		return found[0].Issue.Key, nil
	case len(found) > 1:
		return "", ErrAmbiguous
	case view.SyncedAt == nil || view.Stale:
		return "", ErrStateUnknown
	}
	return "", nil
}
