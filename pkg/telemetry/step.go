package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	stepKey   = attribute.Key("clockwork.sync.step")
	changeKey = attribute.Key("clockwork.sync.change")
)

// Step is a step of a sync that is under way. The zero value is one that nobody
// is told of.
type Step struct {
	t     *Telemetry
	ctx   context.Context // the caller's
	span  trace.Span
	began time.Time
	name  attribute.KeyValue
}

// StartStep begins a step, for the Telemetry in ctx. Its name is a constant.
func StartStep(ctx context.Context, name string) (context.Context, Step) {
	t := From(ctx)
	if t == nil {
		return ctx, Step{}
	}
	s := Step{t: t, ctx: ctx, began: time.Now(), name: stepKey.String(name)}
	ctx, s.span = t.tracer.Start(ctx, "sync "+name, trace.WithAttributes(s.name))
	return ctx, s
}

// End ends the step.
func (s Step) End(err error) {
	if s.t == nil {
		return
	}
	attrs := []attribute.KeyValue{s.name}
	if problem := problemOf(err); problem != "" {
		failed := semconv.ErrorTypeKey.String(problem)
		s.span.SetAttributes(failed)
		s.span.SetStatus(codes.Error, "")
		attrs = append(attrs, failed)
	}
	s.span.End()
	s.t.in.stepped.Record(s.ctx, time.Since(s.began).Seconds(), metric.WithAttributes(attrs...))
}

// Changed counts the timers that a sync found started, stopped and edited, for
// the Telemetry in ctx.
func Changed(ctx context.Context, started, stopped, edited int) {
	t := From(ctx)
	if t == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	for change, n := range map[string]int{"started": started, "stopped": stopped, "edited": edited} {
		t.in.changed.Add(ctx, int64(n), metric.WithAttributes(changeKey.String(change)))
		span.SetAttributes(attribute.Int("clockwork.sync."+change, n))
	}
}
