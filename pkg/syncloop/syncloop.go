// Package syncloop runs the sync inside a server: on a schedule, and as soon as
// somebody requests it. It is what a server has instead of Inngest.
//
// Of several servers on one Redis one runs the sync at a time, and all together
// run it about once an interval. Its keys are clockwork:sync:lock and
// clockwork:sync:failure.
package syncloop

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

const (
	// floor is the least time from the beginning of one sync to that of the next,
	// however often one is requested.
	floor = 2 * time.Second
	// busyPause is how soon a requested sync tries again while another server syncs.
	busyPause = 500 * time.Millisecond
	// runLimit ends a sync that hangs.
	runLimit = 5 * time.Minute
)

// ErrEnded means that the server shuts down and runs no further sync.
var ErrEnded = errors.New("the server is shutting down")

// Redis is what the loop needs of a client. Replies are nil, int64 or string.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// Options of a Loop. All are required.
type Options struct {
	Sync  func(ctx context.Context) (timercache.Result, error)
	Redis Redis
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Loop runs syncs, one at a time.
type Loop struct {
	Options
	lock      lock
	requested chan struct{}
	ended     chan struct{}
	floor     time.Duration
}

// New returns a Loop that does nothing until Run.
func New(o Options) *Loop {
	return &Loop{Options: o, lock: lock{redis: o.Redis, lease: lease}, requested: make(chan struct{}, 1), ended: make(chan struct{}), floor: floor}
}

// Request asks for a sync that begins after this call. Requests that come before
// it begins share one. The account is part of what callers say, and has no effect:
// a sync is of everybody.
func (l *Loop) Request(_ context.Context, _ string) error {
	select {
	case <-l.ended:
		return ErrEnded
	default:
	}
	select {
	case l.requested <- struct{}{}:
	default: // one that has not begun serves this request too
	}
	return nil
}

// Run syncs at once, and then whenever it is due or requested, until ctx ends.
func (l *Loop) Run(ctx context.Context) {
	defer close(l.ended)
	var wait time.Duration
	var failures int
	requested := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		case <-l.requested:
			requested = true
		}
		began := time.Now()
		switch err := l.turn(ctx, requested); {
		case errors.Is(err, errBusy) && requested:
			pause(ctx, busyPause)
			wait = 0
			continue
		case err == nil, errors.Is(err, errBusy), timersync.Permanent(err):
			requested, failures, wait = false, 0, l.jittered()
		default: // it may work soon, and does not wait for its turn again
			failures++
			requested, wait = true, min(l.floor<<min(failures, 10), l.jittered())
		}
		pause(ctx, l.floor-time.Since(began)) // what is requested meanwhile is done after it
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// jittered is the interval, a little shorter or longer, so that many servers do
// not come to Redis and Jira at the same moments.
func (l *Loop) jittered() time.Duration {
	return time.Duration(float64(l.Every) * (0.9 + 0.2*rand.Float64()))
}

// turn runs a sync if no other server does. One that is not requested also gives
// way to a sync that has just been.
func (l *Loop) turn(ctx context.Context, requested bool) error {
	token, err := l.lock.acquire(ctx, requested)
	if err != nil {
		if !errors.Is(err, errBusy) && ctx.Err() == nil {
			l.Log.Error("sync not begun: Redis does not answer", "error", err)
		}
		return err
	}
	select {
	case <-l.requested: // this one serves it
	default:
	}
	began := time.Now()
	running, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	var result timercache.Result
	err = l.lock.while(running, token, func(ctx context.Context) error {
		return panics.Try(func() (err error) {
			result, err = l.Sync(ctx)
			return err
		})
	})
	switch {
	case err == nil:
		l.Log.Info("sync done", "timers", result.Timers, "started", result.Started, "stopped", result.Stopped, "edited", result.Edited, "duration", time.Since(began))
	case ctx.Err() != nil && errors.Is(err, context.Canceled): // the server shuts down: another one may begin at once
		l.lock.release(ctx, token, 0, "")
		return err
	default:
		l.Log.Error("sync failed", "error", err)
	}
	l.lock.release(ctx, token, l.Every*8/10, l.failure(err))
	return err
}
