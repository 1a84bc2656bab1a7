// Package timercontrol starts and stops timers in Clockwork. It writes the cache
// before it answers, so that every client sees the change at once, and requests a
// sync that confirms it.
package timercontrol

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Errors that a caller can do something about.
var (
	ErrNotOwner      = errors.New("the Clockwork token belongs to another account")
	ErrDisproved     = errors.New("the saved Clockwork token belongs to another account")
	ErrAmbiguous     = errors.New("several timers run and none was named")
	ErrStateUnknown  = errors.New("it is not known which timer runs")
	ErrOthersUnknown = errors.New("it is not known which other timers run")
	ErrTooMany       = errors.New("too many timers run to stop them all")
	// ErrOutcomeUnknown means that Clockwork may or may not have done it.
	ErrOutcomeUnknown = errors.New("it is not known whether Clockwork did it")
)

// IssueError means that Clockwork finds no such issue, or that the token's owner
// may not see it.
type IssueError struct {
	Key string
	Err error
}

func (e *IssueError) Error() string { return "issue " + e.Key + ": " + e.Err.Error() }

func (e *IssueError) Unwrap() error { return e.Err }

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
	ShownID(held *timercache.Held, issueKey string) int64
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
	// RequestSync asks for a snapshot on behalf of an account ("" for nobody's). It has
	// a deadline of its own.
	RequestSync func(ctx context.Context, accountID string) error
	// NamesTimeout bounds the wait for names: a timer without its summary now is
	// better than one with it later.
	NamesTimeout time.Duration
	Now          func() time.Time
	Log          *slog.Logger
	// Retry repeats a write that failed, after the request. nil: a goroutine does so
	// for a minute.
	Retry func(write func(context.Context) error)
}

// Request is one start or stop.
type Request struct {
	Token     secret.Text
	Saved     bool   // the account has saved the token here
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
	Others        []string // the issues whose timers a switch stopped
	SyncRequested bool
	// Pending: Clockwork did it, but the cache could not be written. A retry or the
	// requested sync writes it within seconds of Redis' return.
	Pending bool
}

// subject is whose timer a token starts or stops. If the account is only claimed,
// what Clockwork refuses proves nothing about it: Clockwork means the token's owner.
type subject struct {
	account string // "" if nobody has said
	claimed bool
	known   Known
	unread  error // Redis did not answer
}

// subject decides whose timer it is: that of the owner that the settings bound the
// token to, else of the account that the caller names. If Redis does not answer, the
// account stays empty: nothing can be cached then, but Clockwork can be asked.
func (c *Control) subject(ctx context.Context, r Request) (subject, error) {
	known := c.known(ctx, r)
	switch {
	case known.Err != nil:
		c.Log.WarnContext(ctx, "token owner not read", "error", known.Err)
		return subject{unread: fmt.Errorf("%w: %w", timercache.ErrUnavailable, known.Err)}, nil
	case r.Saved && known.disproved != "" && known.disproved == r.AccountID:
		return subject{}, ErrDisproved
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

// requestSync reports whether the sync could be requested, also for a caller who has
// hung up. The caller learns if not, but what they wanted has been done.
func (c *Control) requestSync(ctx context.Context, accountID string) bool {
	ctx = context.WithoutCancel(ctx)
	if err := c.RequestSync(ctx, accountID); err != nil {
		c.Log.WarnContext(ctx, "sync not requested", "error", err)
		return false
	}
	return true
}

// failed is the error of a call to Clockwork about an issue. If it is not known
// whether Clockwork did what it was asked, because its answer was lost, in whole or
// in part, or is a failure of its own, the error says so and a sync is asked for.
func (c *Control) failed(ctx context.Context, account, issueKey string, err error) error {
	refused, ok := errors.AsType[*upstream.Error](err)
	switch {
	case ok && refused.Status == http.StatusNotFound:
		return &IssueError{issueKey, err}
	case ok && (refused.Status >= http.StatusMultipleChoices && refused.Status < http.StatusInternalServerError || refused.Unsent()):
		return err
	}
	c.requestSync(ctx, account)
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}
