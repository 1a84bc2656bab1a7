// Package timersync is the whole sync as three steps that may each run twice:
// acquire a token, fetch the running timers, write them to the cache. A
// workflow engine calls the steps; Run calls them in one process.
package timersync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// Syncer does the sync. All fields but NamesTimeout are required.
type Syncer struct {
	Tokens *Tokens
	Cache  *timercache.Cache
	Jira   Jira
	Now    func() time.Time
	Log    *slog.Logger
	// NamesTimeout bounds the look-up of names: timers without a name now are
	// better than with one too late. Default 8 s.
	NamesTimeout time.Duration
}

// Acquired is the result of the first step. It holds no token: steps' results
// are kept and shown by the workflow engine.
type Acquired struct {
	Source    string    `json:"source"`
	ExpiresAt time.Time `json:"expiresAt"`
	Reused    bool      `json:"reused"`
	// Warning says that the Jira session ends within days.
	Warning string `json:"warning,omitempty"`

	// read is what Redis held, if the token is one of it. It leaves the process
	// with no result.
	read *stored
}

// Fetched is the result of the second step. The timers themselves are staged
// in Redis: they are people's data, and may be megabytes.
type Fetched struct {
	Source    string    `json:"source"`
	FetchedAt time.Time `json:"fetchedAt"`
	Timers    int       `json:"timers"`
	Users     int       `json:"users"`
	Pages     int       `json:"pages"`
	// Unchanged is set where the cache holds the same already.
	Unchanged *timercache.Mark `json:"unchanged,omitempty"`
	// Moved: the list changed while it was read. After a first sync a timer may
	// be missing until the next.
	Moved bool `json:"moved,omitempty"`
	// Unproven counts timers that were not on the list and are kept all the same:
	// it is not proven that they have stopped.
	Unproven int `json:"unproven,omitempty"`
	// Unreadable counts entries of the list that are left out.
	Unreadable int `json:"unreadable,omitempty"`
}

// Acquire is the first step: a token of the source that works for this site.
func (s *Syncer) Acquire(ctx context.Context) (acquired Acquired, err error) {
	ctx, done := s.startStep(ctx, StepAcquire, "")
	defer func() { done(err, slog.String("source", acquired.Source), slog.Bool("reused", acquired.Reused)) }()
	if acquired, err = s.Tokens.ready(ctx); err != nil {
		return Acquired{}, fmt.Errorf("acquire token: %w", err)
	}
	return acquired, nil
}

// Fetch is the second step: every running timer, with names, staged for the
// third.
func (s *Syncer) Fetch(ctx context.Context, runID string, from Acquired) (fetched Fetched, err error) {
	ctx, done := s.startStep(ctx, StepFetch, runID)
	defer func() {
		done(err, slog.String("source", fetched.Source), slog.Int("timers", fetched.Timers), slog.Int("users", fetched.Users),
			slog.Int("pages", fetched.Pages), slog.Bool("unchanged", fetched.Unchanged != nil), slog.Bool("moved", fetched.Moved),
			slog.Int("unproven", fetched.Unproven), slog.Int("unreadable", fetched.Unreadable))
	}()
	return s.fetch(ctx, runID, from)
}

func (s *Syncer) fetch(ctx context.Context, runID string, from Acquired) (Fetched, error) {
	fetchedAt := s.Now().UTC().Truncate(time.Millisecond)
	base, known, err := s.base(ctx, from)
	if err != nil {
		return Fetched{}, err
	}
	s.clearRequest(ctx, known.requested)
	shown, _ := base.At(fetchedAt)
	read, used, source, err := s.Tokens.timers(ctx, from.Source, known.sealed[from.Source], shown)
	if err != nil {
		return Fetched{}, fmt.Errorf("fetch timers: %w", err)
	}
	snapshot := timercache.Snapshot{Timers: read.Timers, FetchedAt: fetchedAt, CachedAt: read.CachedAt.UTC().Truncate(time.Millisecond), Source: source,
		Unreadable: len(read.Unreadable)}
	s.logUncertain(ctx, read)
	snapshot.Timers = append(snapshot.Timers, undecided(base, read, snapshot.CachedAt)...)
	s.addNames(ctx, base, &snapshot)
	fetched := Fetched{Source: source, FetchedAt: fetchedAt, Timers: len(snapshot.Timers),
		Users: len(timer.ByAccount(snapshot.Timers)), Pages: read.Pages, Moved: read.Moved, Unproven: len(read.Unproven), Unreadable: len(read.Unreadable)}

	mark, same, err := s.Cache.Propose(ctx, runID, base, snapshot, s.Tokens.renewal(ctx, used, source, read.Renewed)...)
	if err != nil {
		return Fetched{}, err
	}
	if same {
		fetched.Unchanged = &mark
	}
	return fetched, nil
}

// base reads what the cache holds, the stored token of the source, and whether
// somebody has requested this sync.
func (s *Syncer) base(ctx context.Context, from Acquired) (base timercache.Base, known stored, err error) {
	if from.read != nil {
		base, err = s.Cache.BaseOf(ctx, from.read.sync)
		return base, *from.read, err
	}
	base, read, err := s.Cache.Base(ctx, s.Tokens.key(from.Source), requestKey)
	if err != nil {
		return base, known, err
	}
	return base, stored{sealed: map[string]string{from.Source: read[0]}, requested: read[1]}, nil
}

// maxFetches bounds how often the third step fetches again.
const maxFetches = 3

// Write is the third step. If Redis lost what the second one left there, or
// another sync wrote meanwhile, the timers are fetched again.
func (s *Syncer) Write(ctx context.Context, runID string, f Fetched) (result timercache.Result, err error) {
	ctx, done := s.startStep(ctx, StepWrite, runID)
	defer func() {
		telemetry.Changed(ctx, result.Started, result.Stopped, result.Edited)
		done(err, slog.Int("timers", result.Timers), slog.Int("users", result.Users), slog.Int("started", result.Started),
			slog.Int("stopped", result.Stopped), slog.Int("edited", result.Edited), slog.Int("fenced", result.Fenced))
	}()
	for fetches := 0; ; fetches++ {
		result, err = s.write(ctx, runID, f)
		if !errors.Is(err, timercache.ErrNotStaged) || fetches == maxFetches {
			return result, err
		}
		s.Log.WarnContext(ctx, "snapshot not written, fetching again", "run", runID, "error", err)
		if f, err = s.Fetch(ctx, runID, Acquired{Source: f.Source}); err != nil {
			return timercache.Result{}, err
		}
	}
}

func (s *Syncer) write(ctx context.Context, runID string, f Fetched) (timercache.Result, error) {
	if f.Unchanged == nil {
		return s.Cache.Commit(ctx, runID)
	}
	result, err := s.Cache.Confirm(ctx, *f.Unchanged, f.FetchedAt)
	result.Timers, result.Users = f.Timers, f.Users
	return result, err
}

// Run does the whole sync in this process.
func (s *Syncer) Run(ctx context.Context) (result timercache.Result, err error) {
	runID := rand.Text()
	ctx, whole := telemetry.StartStep(ctx, "run")
	defer func() { whole.End(err) }()
	acquired, err := s.Acquire(ctx)
	if err != nil {
		return timercache.Result{}, err
	}
	fetched, err := s.Fetch(ctx, runID, acquired)
	if err != nil {
		return timercache.Result{}, err
	}
	return s.Write(ctx, runID, fetched)
}

// Permanent reports whether trying again cannot help: a person has to renew or
// set something first.
func Permanent(err error) bool {
	for _, one := range []error{
		timersource.ErrSessionExpired, timersource.ErrSourceGone, timersource.ErrNotDiscovered, timersource.ErrUnknownShape, ErrRefusedTwice,
	} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
