package timersync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/timersource"
)

const (
	// claimTTL bounds how long a process that died while acquiring blocks the
	// others.
	claimTTL = 20 * time.Second
	// claimPollInterval is how often one looks whether another has finished acquiring.
	claimPollInterval = 150 * time.Millisecond
	claimPolls        = int(claimTTL/claimPollInterval) + 2
)

// errBusy means that other processes held the claim for longer than an acquisition
// takes. It passes.
var errBusy = errors.New("other processes are acquiring a token all the time")

// grant is a token to use and its stored form, "" if it is not stored.
type grant struct {
	token  timersource.Token
	sealed string
}

// acquire replaces what was seen stored (nothing, or an unusable token) by a new token.
// One acquisition runs at a time: meanwhile a claim is stored instead of the token, and
// a process that finds the claim waits for the other's token and does not ask Jira.
func (t *Tokens) acquire(ctx context.Context, s Source, seen string) (grant, error) {
	if t.vault == nil {
		return t.acquireAndStore(ctx, s)
	}
	if isClaim(seen) {
		seen = "" // it is another's; when it ends, nothing is there
	}
	mine := claimPrefix + rand.Text()
	for range claimPolls {
		held, err := t.claim(ctx, s, seen, mine)
		if err != nil {
			return grant{}, err
		}
		if held == mine {
			got, err := t.acquireAndStore(ctx, s)
			if err != nil || got.sealed == "" {
				t.drop(ctx, s, mine)
			}
			return got, err
		}
		if token, ok := t.usable(s, held); ok {
			return grant{token, held}, nil
		}
		if !isClaim(held) {
			seen = held // unusable as well: sealed with another key, or it has just gone
			continue
		}
		seen = ""
		if err := t.pause(ctx, claimPollInterval); err != nil {
			return grant{}, err
		}
	}
	return grant{}, errBusy
}

func (t *Tokens) acquireAndStore(ctx context.Context, s Source) (grant, error) {
	token, err := s.Acquire(ctx)
	if err != nil {
		return grant{}, err
	}
	return grant{token, t.store(ctx, s, token)}, nil
}

// timers reads the timers from the named source with its stored token, and returns the
// token and source that it used. If that source is gone, it tries the others.
func (t *Tokens) timers(ctx context.Context, name, sealed string, cached timersource.Cached) (read timersource.Snapshot, used timersource.Token, source string, err error) {
	var unusable error
	for _, s := range t.from(name) {
		if s.Name() != name {
			sealed = ""
		}
		read, used, err = t.timersOf(ctx, s, sealed, cached)
		if !otherSourceMayWork(err) {
			return read, used, s.Name(), err
		}
		unusable = errors.Join(unusable, fmt.Errorf("%s: %w", s.Name(), err))
	}
	return timersource.Snapshot{}, timersource.Token{}, "", unusable
}

// timersOf reads from one source. It replaces a refused token once, and drops the token
// of a source that is gone.
func (t *Tokens) timersOf(ctx context.Context, s Source, sealed string, cached timersource.Cached) (timersource.Snapshot, timersource.Token, error) {
	token, ok := t.usable(s, sealed)
	use := grant{token, sealed}
	var err error
	if !ok {
		if use, err = t.acquire(ctx, s, sealed); err != nil {
			return timersource.Snapshot{}, timersource.Token{}, err
		}
	}
	snapshot, err := s.Timers(ctx, use.token, cached)
	if errors.Is(err, timersource.ErrTokenRefused) {
		if use, err = t.acquire(ctx, s, use.sealed); err != nil {
			return timersource.Snapshot{}, timersource.Token{}, err
		}
		if snapshot, err = s.Timers(ctx, use.token, cached); errors.Is(err, timersource.ErrTokenRefused) {
			err = fmt.Errorf("%w: %w", ErrRefusedTwice, err)
		}
	}
	if errors.Is(err, ErrRefusedTwice) || errors.Is(err, timersource.ErrSourceGone) {
		t.drop(ctx, s, use.sealed)
	}
	return snapshot, use.token, err
}
