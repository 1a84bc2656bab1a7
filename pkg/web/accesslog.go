package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// AccessLog is what the one log line of a request says. It has no path, no query and no
// user: those may be personal data.
type AccessLog struct {
	Method, Route, ID string
	Began             time.Time
	Timing            *upstream.Timing
}

// Write writes the line, with further facts about this request.
func (l AccessLog) Write(ctx context.Context, log *slog.Logger, status int, facts ...slog.Attr) {
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !log.Enabled(ctx, level) {
		return
	}
	spent := l.Timing.Summary()
	attrs := append(make([]slog.Attr, 0, 16), // as many as a failure has
		slog.String("method", l.Method), slog.String("route", l.Route), slog.Int("status", status),
		slog.Float64("duration_ms", upstream.Milliseconds(time.Since(l.Began))),
		slog.Float64("upstream_ms", upstream.Milliseconds(spent.Upstreams)), slog.Float64("redis_ms", upstream.Milliseconds(spent.Redis)),
		slog.String("request_id", l.ID))
	log.LogAttrs(ctx, level, "request", append(attrs, facts...)...)
}
