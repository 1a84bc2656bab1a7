// Package tasks runs the goroutines of one realtime server. A panic ends only the
// task that it happened in, and stopping the group waits for all of them. It knows
// nothing of timers.
package tasks

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/panics"
)

// Pauses between two tries of something that fails.
const (
	MinBackoff = 100 * time.Millisecond
	MaxBackoff = 10 * time.Second
)

// Group is a server's tasks, with the clock and the log that they share.
type Group struct {
	Log *slog.Logger
	Now func() time.Time
	// Sleep waits, or returns early with ctx's error.
	Sleep func(ctx context.Context, d time.Duration) error

	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup
}

// New makes a group; nil arguments have defaults.
func New(log *slog.Logger, now func() time.Time, wait func(context.Context, time.Duration) error) *Group {
	g := &Group{Log: log, Now: now, Sleep: wait}
	if log == nil {
		g.Log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		g.Now = time.Now
	}
	if wait == nil {
		g.Sleep = sleep.For
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// Context ends when the group is stopped.
func (g *Group) Context() context.Context { return g.ctx }

// Go runs f as a task.
func (g *Group) Go(task string, f func()) { g.running.Go(panics.Logged(g.Log, task, f)) }

// Contain calls f and logs its panic.
func (g *Group) Contain(task string, f func()) { panics.Logged(g.Log, task, f)() }

// Enter counts the caller as a task until Leave. It refuses once the group is
// stopped.
func (g *Group) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopped {
		g.running.Add(1)
	}
	return !g.stopped
}

// Leave ends what Enter began.
func (g *Group) Leave() { g.running.Done() }

// Stop ends the group's context. It reports whether this is the first call.
func (g *Group) Stop() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.stopped
	g.stopped = true
	g.cancel()
	return first
}

// Wait waits for all tasks.
func (g *Group) Wait() { g.running.Wait() }

// Subscribe repeats a subscription until the group is stopped. It pauses longer
// each time, until subscribe calls ready.
func (g *Group) Subscribe(name string, subscribe func(ready func()) error) {
	backoff := MinBackoff
	for g.ctx.Err() == nil {
		err := panics.Try(func() error { return subscribe(func() { backoff = MinBackoff }) })
		if g.ctx.Err() != nil {
			return
		}
		g.Log.Warn("realtime: subscription lost", "of", name, "error", err, "again_in", backoff)
		_ = g.Sleep(g.ctx, backoff/2+rand.N(backoff/2)) // instances must not all come at once
		backoff = min(2*backoff, MaxBackoff)
	}
}
