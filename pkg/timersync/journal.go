package timersync

import (
	"context"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// The steps as they are called wherever people see them.
const (
	StepAcquire = "acquire-jwt"
	StepFetch   = "fetch-timers"
	StepWrite   = "cache-redis"
)

// startStep begins a step. When it is done, one line of the log says what came of
// it and what it cost, and so do a span and metrics if they are recorded.
func (s *Syncer) startStep(ctx context.Context, name, runID string) (context.Context, func(err error, facts ...slog.Attr)) {
	began := time.Now() // the syncer's own clock may stand still
	ctx, timing := upstream.WithTiming(ctx)
	ctx, watched := telemetry.StartStep(ctx, name)
	return ctx, func(err error, facts ...slog.Attr) {
		watched.End(err)
		spent := timing.Summary()
		attrs := append([]slog.Attr{slog.String("step", name)}, facts...)
		attrs = append(attrs,
			slog.Float64("duration_ms", upstream.Milliseconds(time.Since(began))),
			slog.Float64("upstream_ms", upstream.Milliseconds(spent.Upstreams)), slog.Int("upstream_calls", spent.UpstreamCalls),
			slog.Float64("redis_ms", upstream.Milliseconds(spent.Redis)), slog.Int("redis_commands", spent.RedisCommands))
		if runID != "" {
			attrs = append(attrs, slog.String("run", runID))
		}
		if id := upstream.RequestID(ctx); id != "" {
			attrs = append(attrs, slog.String("request_id", id))
		}
		level := slog.LevelInfo
		if err != nil {
			attrs, level = append(attrs, slog.Any("error", err)), slog.LevelError
		}
		s.Log.LogAttrs(ctx, level, "sync step", attrs...)
	}
}
