package timersource

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
)

// Forge reads timers through the GraphQL gateway of the Jira site, which calls
// Clockwork for the holder of a Forge context token.
type Forge struct {
	site       *site
	host       string
	configured ForgeIDs
	now        func() time.Time
}

// NewForge returns the source, or an error that names the option at fault.
func NewForge(opts Options) (*Forge, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, fmt.Errorf("forge source: %w", err)
	}
	s, err := opts.site()
	if err != nil {
		return nil, fmt.Errorf("forge source: %w", err)
	}
	return &Forge{site: s, host: opts.SiteHost, configured: opts.Forge, now: opts.Now}, nil
}

// Name is "forge".
func (f *Forge) Name() string { return "forge" }

// Acquire gets a context token, which lives about 15 minutes. It looks up the
// app's identifiers again, because its version changes with each release.
func (f *Forge) Acquire(ctx context.Context) (Token, error) {
	id, err := f.identify(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("identify Clockwork on Forge: %w", err)
	}
	text, err := f.sign(ctx, id)
	if err != nil {
		return Token{}, fmt.Errorf("acquire forge context token: %w", err)
	}
	token, err := newToken(text)
	if err != nil {
		return Token{}, fmt.Errorf("acquire forge context token: %w", err)
	}
	token.Context = id.encode()
	return token, nil
}

// Timers reads every page of running timers: see the package comment. Renewed is
// the token with the longest life that came with them.
func (f *Forge) Timers(ctx context.Context, token Token, cached Cached) (Snapshot, error) {
	id, ok := decodeIdentity(token.Context)
	if !ok {
		var err error
		if id, err = f.identify(ctx); err != nil {
			return Snapshot{}, fmt.Errorf("identify Clockwork on Forge: %w", err)
		}
	}
	var renewed latestToken
	read := func(ctx context.Context, page int, tooMany func()) (clockwork.TimersPage, error) {
		got, next, err := f.invoke(ctx, id, token, page, tooMany)
		renewed.add(next)
		return got, err
	}
	snapshot, err := readTimers(ctx, read, f.now, cached)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read timers by forge: %w", err)
	}
	if renewed.token.ExpiresAt.After(token.ExpiresAt) {
		renewed.token.Context = id.encode()
		snapshot.Renewed = &renewed.token
	}
	return snapshot, nil
}

// latestToken keeps the token that lives longest.
type latestToken struct {
	mu    sync.Mutex
	token Token
}

// add reads a context token, and ignores one that it cannot read.
func (l *latestToken) add(text string) {
	token, err := newToken(text)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if token.ExpiresAt.After(l.token.ExpiresAt) {
		l.token = token
	}
}
