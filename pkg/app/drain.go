package app

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

type drainKey struct{}

// WithDrain returns a context for a server's requests. Once draining ends,
// those that only wait for news answer with what there is; the others go on.
func WithDrain(ctx, draining context.Context) context.Context {
	return context.WithValue(ctx, drainKey{}, draining)
}

// WaitTimers is timercache's Wait, but for a server that shuts down: then it
// answers at once.
func (d *Deps) WaitTimers(ctx context.Context, subject timercache.Subject, etag string, wait time.Duration) (timercache.View, error) {
	draining, ok := ctx.Value(drainKey{}).(context.Context)
	if !ok {
		return d.Timers.Wait(ctx, subject, etag, wait)
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(draining, stop)()
	view, err := d.Timers.Wait(waiting, subject, etag, wait)
	if err != nil && draining.Err() != nil && ctx.Err() == nil {
		return d.Timers.Read(ctx, subject)
	}
	return view, err
}
