package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Step is a step of a sync that is under way. The zero value is one that is not
// recorded.
type Step struct {
	t     *Telemetry
	ctx   context.Context // the caller's
	span  Span
	began time.Time
	name  slog.Attr
}

// StartStep begins a step, for the Telemetry in ctx. Its name is a constant.
func StartStep(ctx context.Context, name string) (context.Context, Step) {
	t := From(ctx)
	if t == nil {
		return ctx, Step{}
	}
	s := Step{t: t, ctx: ctx, began: time.Now(), name: slog.String("clockwork.sync.step", name)}
	ctx, s.span = t.recorder.Start(ctx, Internal, "sync "+name, s.name)
	return ctx, s
}

// End ends the step.
func (s Step) End(err error) {
	if s.t == nil {
		return
	}
	attrs := []slog.Attr{s.name}
	if problem := problemOf(err); problem != "" {
		s.span.Set(errorType(problem))
		s.span.Fail()
		attrs = append(attrs, errorType(problem))
	}
	s.span.End()
	s.t.recorder.Observe(s.ctx, stepped, time.Since(s.began).Seconds(), attrs...)
}

// Changed counts the timers that a sync found started, stopped and edited, for
// the Telemetry in ctx.
func Changed(ctx context.Context, started, stopped, edited int) {
	t := From(ctx)
	if t == nil {
		return
	}
	for change, n := range map[string]int{"started": started, "stopped": stopped, "edited": edited} {
		t.recorder.Add(ctx, changed, int64(n), slog.String("clockwork.sync.change", change))
		t.recorder.Set(ctx, slog.Int("clockwork.sync."+change, n))
	}
}
