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
	"sync"
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

// Acquired is the result of the first step. It has no token, because the workflow engine
// stores and shows the results of steps.
type Acquired struct {
	Source    string    `json:"source"`
	ExpiresAt time.Time `json:"expiresAt"`
	Reused    bool      `json:"reused"`
	// Warning says that the Jira session ends within days.
	Warning string `json:"warning,omitempty"`

	// read is what was in Redis, if the token is from there. It is never part of the
	// encoded result.
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
	// Unchanged is set if the cache holds the same already.
	Unchanged *timercache.Mark `json:"unchanged,omitempty"`
	// Moved: the list changed while it was read. After a first sync a timer may
	// be missing until the next.
	Moved bool `json:"moved,omitempty"`
	// Unproven counts timers that stay although they were not on the list, because it is
	// not proven that they have stopped.
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
	defer func() { done(err, fetched.facts()...) }()
	r, err := s.read(ctx, from)
	if err != nil {
		return Fetched{}, err
	}
	mark, same, err := s.Cache.Propose(ctx, runID, r.base, r.snapshot, r.renewal...)
	if err != nil {
		return Fetched{}, err
	}
	if same {
		r.Unchanged = &mark
	}
	return r.Fetched, nil
}

// compare is Fetch for a process that goes on to write.
func (s *Syncer) compare(ctx context.Context, runID string, from Acquired) (fetched Fetched, p *timercache.Proposal, err error) {
	ctx, done := s.startStep(ctx, StepFetch, runID)
	defer func() { done(err, fetched.facts()...) }()
	r, err := s.read(ctx, from)
	if err != nil {
		return Fetched{}, nil, err
	}
	for _, store := range r.renewal {
		if _, err := s.Tokens.redis.Do(ctx, store...); err != nil {
			s.Log.WarnContext(ctx, "renewed token not stored", "error", err)
		}
	}
	return r.Fetched, s.Cache.Compare(r.base, r.snapshot), nil
}

func (f *Fetched) facts() []slog.Attr {
	return []slog.Attr{slog.String("source", f.Source), slog.Int("timers", f.Timers), slog.Int("users", f.Users), slog.Int("pages", f.Pages),
		slog.Bool("unchanged", f.Unchanged != nil), slog.Bool("moved", f.Moved), slog.Int("unproven", f.Unproven), slog.Int("unreadable", f.Unreadable)}
}

// reading is a snapshot and what the cache held before it.
type reading struct {
	Fetched
	base     timercache.Base
	snapshot timercache.Snapshot
	renewal  [][]any // commands that store a renewed token
}

func (s *Syncer) read(ctx context.Context, from Acquired) (r reading, err error) {
	fetchedAt := s.Now().UTC().Truncate(time.Millisecond)
	base, known, err := s.base(ctx, from)
	if err != nil {
		return r, err
	}
	s.clearRequest(ctx, known.requested)
	shown := sync.OnceValue(func() []timer.Timer { return base.At(fetchedAt) })
	lookup := s.newLookup(ctx, base, shown)
	defer lookup.cancel()
	read, used, source, err := s.Tokens.timers(ctx, from.Source, known.sealed[from.Source], timersource.Cached{Timers: shown, Seen: lookup.seen})
	if err != nil {
		lookup.cancel()
		lookup.calls.Wait()
		return r, fmt.Errorf("fetch timers: %w", err)
	}
	s.logUncertain(ctx, read)
	snapshot := timercache.Snapshot{Timers: read.Timers, FetchedAt: fetchedAt, CachedAt: read.CachedAt.UTC().Truncate(time.Millisecond), Source: source}
	snapshot.Timers = append(snapshot.Timers, undecided(base, read, snapshot.CachedAt)...)
	s.addNames(ctx, lookup, base, &snapshot, read.Unreadable)
	return reading{
		Fetched: Fetched{Source: source, FetchedAt: fetchedAt, Timers: len(snapshot.Timers), Users: countUsers(snapshot.Timers),
			Pages: read.Pages, Moved: read.Moved, Unproven: len(read.Unproven), Unreadable: len(read.Unreadable)},
		base: base, snapshot: snapshot, renewal: s.Tokens.renewal(ctx, used, source, read.Renewed),
	}, nil
}

func countUsers(timers []timer.Timer) int {
	users := map[string]bool{}
	for _, t := range timers {
		users[t.RunningFor] = true
	}
	return len(users)
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

// maxFetches bounds how often a sync fetches again.
const maxFetches = 3

// Write is the third step. If Redis lost what the second one left there, or
// another sync wrote meanwhile, the timers are fetched again.
func (s *Syncer) Write(ctx context.Context, runID string, f Fetched) (timercache.Result, error) {
	return s.write(ctx, runID, f.Source, func(ctx context.Context) (timercache.Result, error) {
		if f.Unchanged == nil {
			return s.Cache.Commit(ctx, runID)
		}
		result, err := s.Cache.Confirm(ctx, *f.Unchanged, f.FetchedAt)
		result.Timers, result.Users = f.Timers, f.Users
		return result, err
	})
}

func (s *Syncer) write(ctx context.Context, runID, source string, do func(context.Context) (timercache.Result, error)) (result timercache.Result, err error) {
	ctx, done := s.startStep(ctx, StepWrite, runID)
	defer func() {
		telemetry.Changed(ctx, result.Started, result.Stopped, result.Edited)
		done(err, slog.Int("timers", result.Timers), slog.Int("users", result.Users), slog.Int("started", result.Started),
			slog.Int("stopped", result.Stopped), slog.Int("edited", result.Edited), slog.Int("fenced", result.Fenced))
	}()
	for fetches := 0; ; fetches++ {
		result, err = do(ctx)
		if !errors.Is(err, timercache.ErrNotStaged) || fetches == maxFetches {
			return result, err
		}
		s.Log.WarnContext(ctx, "snapshot not written, fetching again", "run", runID, "error", err)
		fetched, proposal, err := s.compare(ctx, runID, Acquired{Source: source})
		if err != nil {
			return timercache.Result{}, err
		}
		source = fetched.Source
		do = func(ctx context.Context) (timercache.Result, error) { return s.Cache.Write(ctx, proposal) }
	}
}

// Run does the whole sync in this process. Nothing is staged: what changes is
// written from memory.
func (s *Syncer) Run(ctx context.Context) (result timercache.Result, err error) {
	runID := rand.Text()
	ctx, whole := telemetry.StartStep(ctx, "run")
	defer func() { whole.End(err) }()
	acquired, err := s.Acquire(ctx)
	if err != nil {
		return timercache.Result{}, err
	}
	fetched, proposal, err := s.compare(ctx, runID, acquired)
	if err != nil {
		return timercache.Result{}, err
	}
	return s.write(ctx, runID, fetched.Source, func(ctx context.Context) (timercache.Result, error) { return s.Cache.Write(ctx, proposal) })
}

// Permanent reports whether trying again cannot help: a person has to renew or
// set something first.
func Permanent(err error) bool {
	for _, one := range []error{
		timersource.ErrSessionExpired, timersource.ErrSourceGone, timersource.ErrNotDiscovered, timersource.ErrUnknownShape, ErrRefusedTwice,
		timercache.ErrOtherSite,
	} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}
