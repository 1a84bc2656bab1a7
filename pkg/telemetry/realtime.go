package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Realtime is the traffic of a realtime server.
type Realtime struct {
	WebSockets, Streams int   // that are open
	Received, Sent      int64 // messages since the start
}

// Watch has read called whenever metrics are sent, so that a message costs
// nothing.
func (t *Telemetry) Watch(read func() Realtime) error {
	if t == nil {
		return nil
	}
	return errors.Join(
		t.recorder.Watch(connections, func(observe func(int64, ...slog.Attr)) {
			now := read()
			observe(int64(now.WebSockets), slog.String("clockwork.realtime.transport", "websocket"))
			observe(int64(now.Streams), slog.String("clockwork.realtime.transport", "sse"))
		}),
		t.recorder.Watch(messages, func(observe func(int64, ...slog.Attr)) {
			now := read()
			observe(now.Received, slog.String("network.io.direction", "receive"))
			observe(now.Sent, slog.String("network.io.direction", "transmit"))
		}),
	)
}

// Committed records how long the store took for a batch of changes.
func (t *Telemetry) Committed(took time.Duration, err error) {
	if t == nil {
		return
	}
	var attrs []slog.Attr
	if problem := problemOf(err); problem != "" {
		attrs = append(attrs, errorType(problem))
	}
	t.recorder.Observe(context.Background(), committed, took.Seconds(), attrs...)
}

// RateLimited counts a request that was refused by the policy with the name,
// which is a constant.
func (t *Telemetry) RateLimited(ctx context.Context, policy string) {
	if t == nil {
		return
	}
	t.recorder.Add(ctx, limited, 1, slog.String("clockwork.rate_limit.policy", policy))
}

// WatchBreakers has read called whenever metrics are sent: for each upstream it
// reports whether calls are refused because the upstream does not answer.
func (t *Telemetry) WatchBreakers(read func(report func(upstream string, open bool))) error {
	if t == nil {
		return nil
	}
	return t.recorder.Watch(breakerOpen, func(observe func(int64, ...slog.Attr)) {
		read(func(upstream string, open bool) {
			state := int64(0)
			if open {
				state = 1
			}
			observe(state, slog.String("service.peer.name", upstream))
		})
	})
}
