package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

type drainKey struct{}

// WithDrain returns a context for a server's requests. When draining ends, long polls
// answer that nothing has changed; other requests go on.
func WithDrain(ctx, draining context.Context) context.Context {
	return context.WithValue(ctx, drainKey{}, draining)
}

// maxWaiting bounds the long polls of a process.
const maxWaiting = 1000

// errManyWait refuses a long poll beyond maxWaiting. If it answered "unchanged"
// instead, all these callers would ask again at once.
var errManyWait = &web.Error{Status: http.StatusServiceUnavailable, Code: "TOO_MANY_WAITING", RetryAfter: 5 * time.Second,
	Message: "Too many requests wait for changes already. Ask again in some seconds, or without wait."}

// longPoll is a cache's wait. While the server shuts down, it returns at once a page with
// the caller's own tag, which means unchanged.
func longPoll(ctx context.Context, d *app.Deps, etag string, wait func(context.Context) (timercache.Page, error)) (timercache.Page, error) {
	defer d.LongPolls.Add(-1)
	if d.LongPolls.Add(1) > maxWaiting {
		return timercache.Page{}, errManyWait
	}
	draining, ok := ctx.Value(drainKey{}).(context.Context)
	if !ok {
		return wait(ctx)
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(draining, stop)()
	page, err := wait(waiting)
	if err != nil && draining.Err() != nil && ctx.Err() == nil {
		known, _, _ := strings.Cut(etag, ",")
		return timercache.Page{Status: timercache.Status{ETag: strings.TrimSpace(known)}}, nil
	}
	return page, err
}
