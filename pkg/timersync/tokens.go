package timersync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// ErrRefusedTwice means that Clockwork refused a token that was new: asking
// for another would be refused too.
var ErrRefusedTwice = errors.New("the tokens of this Jira session are refused by Clockwork: log in to Jira as a user who may see the team's timers and renew JIRA_TENANT_SESSION_TOKEN")

const (
	// tokenMargin is how long before its end a token is no longer used.
	tokenMargin = time.Minute
	// renewalGain is how much longer than the stored token a renewed one must last to be
	// worth a write. Each answer of Forge has a renewed one.
	renewalGain = 5 * time.Minute
)

// Source is one way to read running timers.
type Source interface {
	Name() string
	Acquire(ctx context.Context) (timersource.Token, error)
	Timers(ctx context.Context, token timersource.Token, cached timersource.Cached) (timersource.Snapshot, error)
}

// Redis is what the token store needs of a Redis client.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// Tokens chooses the source that works for the site, and stores its token until shortly
// before it ends: encrypted in Redis for all instances, or, without a key, in this
// process only.
type Tokens struct {
	sources []Source // in the order to try; more than one is TIMER_SOURCE=auto
	redis   Redis
	vault   *vault
	site    string
	// sessionEnds is when the Jira session ends; zero if that is not known.
	sessionEnds time.Time
	now         func() time.Time
	pause       func(ctx context.Context, d time.Duration) error
	log         *slog.Logger

	mu   sync.Mutex
	held map[string]timersource.Token // by source, if there is no key
}

// TokensOptions are what NewTokens needs beside the sources.
type TokensOptions struct {
	Redis       Redis
	Key         []byte // AES-256, or nil: then tokens stay in this process
	Site        string // host name
	SessionEnds time.Time
	Now         func() time.Time
	Pause       func(ctx context.Context, d time.Duration) error // nil waits
	Log         *slog.Logger
}

// NewTokens returns a token store over one source, or several to choose from.
func NewTokens(o TokensOptions, sources ...Source) (*Tokens, error) {
	v, err := newVault(o.Key)
	if err != nil {
		return nil, fmt.Errorf("token encryption key: %w", err)
	}
	if o.Pause == nil {
		o.Pause = sleep.For
	}
	return &Tokens{sources: sources, redis: o.Redis, vault: v, site: o.Site, sessionEnds: o.SessionEnds,
		now: o.Now, pause: o.Pause, log: o.Log, held: map[string]timersource.Token{}}, nil
}

// ready returns the first source that has or gets a token, beginning with the
// one that the last snapshot came from. One that cannot be used on this site
// gives way to the next.
func (t *Tokens) ready(ctx context.Context) (Acquired, error) {
	read, err := t.stored(ctx)
	if err != nil {
		return Acquired{}, err
	}
	known := stored{}
	if read != nil {
		known = *read
	}
	last := known.source()
	warning := t.warnOfSessionEnd(ctx)
	for _, s := range t.from(last) {
		if token, ok := t.usable(s, known.sealed[s.Name()]); ok {
			return Acquired{Source: s.Name(), ExpiresAt: token.ExpiresAt, Reused: true, Warning: warning, read: read}, nil
		}
	}
	var unusable error
	for _, s := range t.from(last) {
		got, err := t.acquire(ctx, s, known.sealed[s.Name()])
		switch {
		case err == nil:
			return Acquired{Source: s.Name(), ExpiresAt: got.token.ExpiresAt, Warning: warning}, nil
		case !otherSourceMayWork(err):
			return Acquired{}, err
		}
		unusable = errors.Join(unusable, fmt.Errorf("%s: %w", s.Name(), err))
	}
	return Acquired{}, unusable
}

// otherSourceMayWork reports whether an error means that another source may work: this
// one is gone from the site, or does not say how to ask it.
func otherSourceMayWork(err error) bool {
	return errors.Is(err, timersource.ErrSourceGone) || errors.Is(err, timersource.ErrNotDiscovered)
}

// from lists the sources, the named one first.
func (t *Tokens) from(name string) []Source {
	ordered := make([]Source, 0, len(t.sources))
	for _, s := range t.sources {
		if s.Name() == name {
			ordered = append([]Source{s}, ordered...)
			continue
		}
		ordered = append(ordered, s)
	}
	return ordered
}

// warnOfSessionEnd warns if the session ends soon: then nothing works until a person
// logs in.
func (t *Tokens) warnOfSessionEnd(ctx context.Context) string {
	session := timersource.SessionEnding(t.sessionEnds, t.now())
	warning := session.Warning()
	if warning != "" {
		t.log.WarnContext(ctx, warning, "at", session.Ends)
	}
	return warning
}
