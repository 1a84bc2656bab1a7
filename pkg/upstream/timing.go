package upstream

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Timing adds up the time that a request, or a step of a sync, spent waiting
// for each upstream, and what it asked. It is safe for use by several
// goroutines; calls that ran side by side count one by one, so a total may
// exceed the request's own duration.
type Timing struct {
	mu    sync.Mutex
	spent []spent // sorted by name; few enough to search
	whole *Timing // of which this is a part, or nil
}

// spent is the time spent on one upstream.
type spent struct {
	name  string
	total time.Duration
	calls int
}

type timingKey struct{}

// WithTiming returns a context whose outgoing calls are added to the Timing, and
// to those that ctx has already.
func WithTiming(ctx context.Context) (context.Context, *Timing) {
	whole, _ := ctx.Value(timingKey{}).(*Timing)
	t := &Timing{whole: whole}
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
	i, known := slices.BinarySearchFunc(t.spent, name, func(s spent, name string) int { return strings.Compare(s.name, name) })
	if !known {
		t.spent = slices.Insert(t.spent, i, spent{name: name})
	}
	t.spent[i].total += d
	t.spent[i].calls += n
}

// ServerTiming is the header of that name (W3C), in milliseconds: the total, and
// what was spent on each upstream.
func (t *Timing) ServerTiming(total time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	header := appendMilliseconds(append(make([]byte, 0, 64), "total;dur="...), total)
	for _, s := range t.spent {
		header = append(append(append(header, ", "...), s.name...), ";dur="...)
		header = appendMilliseconds(header, s.total)
	}
	return string(header)
}

func appendMilliseconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, Milliseconds(d), 'f', 1, 64)
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
	var sum Summary
	for _, s := range t.spent {
		if s.name == RedisName {
			sum.Redis, sum.RedisCommands = s.total, s.calls
			continue
		}
		sum.Upstreams += s.total
		sum.UpstreamCalls += s.calls
	}
	return sum
}

// Milliseconds is d as logs have durations.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// RedisName is what Redis is called among the upstreams.
const RedisName = "redis"
