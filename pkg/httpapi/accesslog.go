package httpapi

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// statusClientClosed is the logged status if the caller hung up (nginx's convention):
// that is no failure of ours.
const statusClientClosed = 499

// accessLog is the one log line of a request, and its trace and metrics if those
// are set up.
type accessLog struct {
	d       *app.Deps
	method  string
	route   string // as the documents have the path, "" for none: an id in a path is not logged
	began   time.Time
	request upstream.Request
	traced  *telemetry.Request

	status int // a preflight's, until the answer is known
	code   string
	err    error
}

// open sets what every answer of the API has, and returns the request's context,
// with its deadline.
func open(w http.ResponseWriter, r *http.Request, d *app.Deps, route string) (context.Context, context.CancelFunc, *accessLog) {
	web.Protect(w.Header())
	ctx, cancel := context.WithTimeout(r.Context(), d.Deadlines.Request)
	ctx, log := observe(ctx, w, r, d, route)
	return ctx, cancel, log
}

// observe begins the log line of a request.
func observe(ctx context.Context, w http.ResponseWriter, r *http.Request, d *app.Deps, route string) (context.Context, *accessLog) {
	log := &accessLog{d: d, method: telemetry.Method(r.Method), route: route, began: time.Now(), status: http.StatusNoContent,
		request: upstream.Request{Context: ctx, ID: web.RequestID(r)}}
	w.Header()["X-Request-Id"] = []string{log.request.ID}
	ctx = upstream.WithTraceparent(&log.request, r.Header.Get(upstream.TraceparentHeader))
	ctx, log.traced = d.Telemetry.Begin(ctx, r, route, log.request.ID)
	return ctx, log
}

// serverTiming is the header of that name.
func (o *accessLog) serverTiming() string {
	return o.request.Timing.ServerTiming(time.Since(o.began))
}

// failed notes the error and its answer.
func (o *accessLog) failed(known *web.Error, err error) {
	o.status, o.code, o.err = known.Status, known.Code, err
}

// end is called once the answer is written.
func (o *accessLog) end(ctx context.Context) {
	o.log(ctx)
	if limited, ok := errors.AsType[*ratelimit.Exceeded](o.err); ok {
		o.d.Telemetry.RateLimited(ctx, limited.Policy)
	}
	o.traced.End(o.status, o.code)
}

// log writes the request's line. It has no text of an error that the caller can correct,
// which may quote their input: the code must do.
func (o *accessLog) log(ctx context.Context) {
	var facts []slog.Attr
	if trace := upstream.TraceID(ctx); trace != "" {
		facts = append(facts, slog.String("trace_id", trace))
	}
	if o.code != "" {
		facts = append(facts, slog.String("code", o.code))
	}
	if failed, ok := errors.AsType[*upstream.Error](o.err); ok {
		facts = append(facts, slog.String("upstream", failed.Upstream), slog.String("op", failed.Op), slog.Int("upstream_status", failed.Status))
	}
	if o.err != nil && (o.status >= http.StatusInternalServerError || o.d.Log.Enabled(ctx, slog.LevelDebug)) {
		facts = append(facts, slog.Any("error", o.err))
	}
	line := web.AccessLog{Method: o.method, Route: cmp.Or(o.route, "(none)"), ID: o.request.ID, Began: o.began, Timing: &o.request.Timing}
	line.Write(ctx, o.d.Log, o.status, facts...)
}
