package app

import (
	"context"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

type drainKey struct{}

// WithDrain returns a context for a server's requests. Once draining ends,
// those that only wait for news answer that there is none; the others go on.
func WithDrain(ctx, draining context.Context) context.Context {
	return context.WithValue(ctx, drainKey{}, draining)
}

// WaitTimers is timercache's Wait, but for a server that shuts down: then its
// page has the caller's own tag, which says unchanged, and nothing else.
func (d *Deps) WaitTimers(ctx context.Context, subject timercache.Subject, etag string, wait time.Duration) (timercache.Page, error) {
	draining, ok := ctx.Value(drainKey{}).(context.Context)
	if !ok {
		return d.Timers.Wait(ctx, subject, etag, wait)
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(draining, stop)()
	page, err := d.Timers.Wait(waiting, subject, etag, wait)
	if err != nil && draining.Err() != nil && ctx.Err() == nil {
		known, _, _ := strings.Cut(etag, ",")
		return timercache.Page{Status: timercache.Status{ETag: strings.TrimSpace(known)}}, nil
	}
	return page, err
}
