package upstream

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Timing adds up the time that one request spent waiting for each upstream.
// It is safe for use by several goroutines; calls that ran side by side count
// one by one, so a total may exceed the request's own duration.
type Timing struct {
	mu     sync.Mutex
	totals map[string]time.Duration
}

type timingKey struct{}

// WithTiming returns a context whose outgoing calls are added to the Timing.
func WithTiming(ctx context.Context) (context.Context, *Timing) {
	t := &Timing{totals: map[string]time.Duration{}}
	return context.WithValue(ctx, timingKey{}, t), t
}

// Record adds d to what ctx has spent on the named upstream. Without a Timing
// in ctx it does nothing.
func Record(ctx context.Context, name string, d time.Duration) {
	t, _ := ctx.Value(timingKey{}).(*Timing)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.totals[name] += d
}

// Totals returns a copy of the sums so far, by upstream.
func (t *Timing) Totals() map[string]time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.totals)
}
