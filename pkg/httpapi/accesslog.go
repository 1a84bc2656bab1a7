package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// statusClientClosed is what the log shows where the caller hung up: not our
// failure (nginx's convention).
const statusClientClosed = 499

// observed is a request that is being answered. The log has one line of it, and
// so have, where they are set up, traces and metrics.
type observed struct {
	d         *app.Deps
	method    string
	route, id string
	began     time.Time
	timing    *upstream.Timing
	told      *telemetry.Request

	// What came of it; status is a preflight's until somebody knows better.
	status int
	code   string // of an error
	err    error
}

// open sets what every answer of the API has, and returns the request's
// context: with its id, its deadline, and the time that it spends waiting for
// others.
func open(w http.ResponseWriter, r *http.Request, d *app.Deps) (context.Context, context.CancelFunc, *observed) {
	web.Protect(w.Header())
	ctx, cancel := context.WithTimeout(r.Context(), d.Deadlines.Request)
	ctx, seen := observe(ctx, w, r, d, RouteOf(r))
	return ctx, cancel, seen
}

// observe begins to watch a request to the route with the template.
func observe(ctx context.Context, w http.ResponseWriter, r *http.Request, d *app.Deps, route string) (context.Context, *observed) {
	seen := &observed{d: d, method: telemetry.Method(r.Method), route: route, id: web.RequestID(r), began: time.Now(), status: http.StatusNoContent}
	w.Header().Set("X-Request-Id", seen.id)
	ctx, seen.timing = upstream.WithTiming(upstream.WithRequestID(ctx, seen.id))
	ctx, seen.told = d.Telemetry.Begin(ctx, r, route, seen.id)
	return ctx, seen
}

// serverTiming is the header of that name.
func (o *observed) serverTiming() string {
	phases, durations := []string{"total"}, []time.Duration{time.Since(o.began)}
	totals := o.timing.Totals()
	for _, name := range slices.Sorted(maps.Keys(totals)) {
		phases, durations = append(phases, name), append(durations, totals[name])
	}
	return web.ServerTiming(phases, durations)
}

// failed notes what the caller is told of an error.
func (o *observed) failed(known *web.Error, err error) {
	o.status, o.code, o.err = known.Status, known.Code, err
}

// end is called once the answer is written.
func (o *observed) end(ctx context.Context) {
	o.log(ctx)
	if limited, ok := errors.AsType[*ratelimit.Exceeded](o.err); ok {
		o.d.Telemetry.RateLimited(ctx, limited.Policy)
	}
	o.told.End(o.status, o.code)
	if o.told != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.FlushTimeout)
		defer cancel()
		if err := o.d.Telemetry.Flush(ctx); err != nil {
			o.d.Log.Debug("telemetry not sent", "error", err)
		}
	}
}

// log writes the request's one line: no path and no query, which may hold
// personal data, and no text of an error that the caller has to mend, which may
// quote them. The code tells what it was.
func (o *observed) log(ctx context.Context) {
	spent := o.timing.Summary()
	attrs := append(make([]slog.Attr, 0, 16), // as many as a failure has
		slog.String("method", o.method), slog.String("route", orUnknown(o.route)), slog.Int("status", o.status),
		slog.Float64("duration_ms", upstream.Milliseconds(time.Since(o.began))),
		slog.Float64("upstream_ms", upstream.Milliseconds(spent.Upstreams)), slog.Float64("redis_ms", upstream.Milliseconds(spent.Redis)),
		slog.String("request_id", o.id))
	if trace := o.told.TraceID(); trace != "" {
		attrs = append(attrs, slog.String("trace_id", trace))
	}
	if o.code != "" {
		attrs = append(attrs, slog.String("code", o.code))
	}
	if failed, ok := errors.AsType[*upstream.Error](o.err); ok {
		attrs = append(attrs, slog.String("upstream", failed.Upstream), slog.String("op", failed.Op), slog.Int("upstream_status", failed.Status))
	}
	level := slog.LevelInfo
	if o.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if o.err != nil && (level == slog.LevelError || o.d.Log.Enabled(ctx, slog.LevelDebug)) {
		attrs = append(attrs, slog.Any("error", o.err))
	}
	o.d.Log.LogAttrs(ctx, level, "request", attrs...)
}
