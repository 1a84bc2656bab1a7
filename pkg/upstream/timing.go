package upstream

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Timing adds up the time that a request, or a step of a sync, spent waiting
// for each upstream, and what it asked. It is safe for use by several
// goroutines; calls that ran side by side count one by one, so a total may
// exceed the request's own duration.
type Timing struct {
	mu     sync.Mutex
	totals map[string]time.Duration
	counts map[string]int
	whole  *Timing // of which this is a part, or nil
}

type timingKey struct{}

// WithTiming returns a context whose outgoing calls are added to the Timing, and
// to those that ctx has already.
func WithTiming(ctx context.Context) (context.Context, *Timing) {
	whole, _ := ctx.Value(timingKey{}).(*Timing)
	t := &Timing{totals: map[string]time.Duration{}, counts: map[string]int{}, whole: whole}
	return context.WithValue(ctx, timingKey{}, t), t
}

// Record adds a call of the named upstream that took d. Without a Timing in ctx
// it does nothing.
func Record(ctx context.Context, name string, d time.Duration) { RecordMany(ctx, name, d, 1) }

// RecordMany is Record for n commands that were sent together.
func RecordMany(ctx context.Context, name string, d time.Duration, n int) {
	t, _ := ctx.Value(timingKey{}).(*Timing)
	for ; t != nil; t = t.whole {
		t.add(name, d, n)
	}
}

func (t *Timing) add(name string, d time.Duration, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.totals[name] += d
	t.counts[name] += n
}

// Totals returns a copy of the sums so far, by upstream.
func (t *Timing) Totals() map[string]time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.totals)
}

// Summary is what there is to say of all upstreams together.
type Summary struct {
	Upstreams     time.Duration // waiting for all but Redis
	UpstreamCalls int
	Redis         time.Duration
	RedisCommands int
}

// Summary sums up what was recorded so far.
func (t *Timing) Summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s Summary
	for name, spent := range t.totals {
		if name == RedisName {
			s.Redis, s.RedisCommands = spent, t.counts[name]
			continue
		}
		s.Upstreams += spent
		s.UpstreamCalls += t.counts[name]
	}
	return s
}

// Milliseconds is d as logs have durations.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// RedisName is what Redis is called among the upstreams.
const RedisName = "redis"
