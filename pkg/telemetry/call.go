package telemetry

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Call is a call of something outside that is under way. The zero value is one
// that nobody is told of.
type Call struct {
	t      *Telemetry
	ctx    context.Context // the caller's
	span   trace.Span
	began  time.Time
	attrs  []attribute.KeyValue
	record metric.Float64Histogram
}

// begin starts a span with the attributes, which the metric has too. What
// belongs to no request and no sync is in the metric alone: each would be a
// trace of its own that says nothing.
func (t *Telemetry) begin(ctx context.Context, name string, record metric.Float64Histogram, attrs ...attribute.KeyValue) (context.Context, Call) {
	c := Call{t: t, ctx: ctx, began: time.Now(), attrs: attrs, record: record}
	if c.span = trace.SpanFromContext(ctx); c.span.SpanContext().IsValid() {
		ctx, c.span = t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...))
	}
	return ctx, c
}

func (c Call) end(err error) {
	if problem := problemOf(err); problem != "" {
		failed := semconv.ErrorTypeKey.String(problem)
		c.span.SetAttributes(failed)
		c.span.SetStatus(codes.Error, "")
		c.attrs = append(c.attrs, failed)
	}
	c.span.End()
	c.record.Record(c.ctx, time.Since(c.began).Seconds(), metric.WithAttributes(c.attrs...))
}

// operationKey names a call in a span: the conventions' url.template would tell
// no more, and url.full tells ids.
const operationKey = attribute.Key("clockwork.operation")

// StartCall begins a call of an upstream over HTTP, for the Telemetry in ctx.
// op is a constant such as "timers.stop", host the configured one. The
// upstream learns nothing of it: traceparent is not sent to other companies.
func StartCall(ctx context.Context, upstream, op, verb, host string) (context.Context, Call) {
	t := From(ctx)
	if t == nil {
		return ctx, Call{}
	}
	ctx, c := t.begin(ctx, upstream+" "+op, t.in.called, method(verb), semconv.ServicePeerName(upstream), semconv.ServerAddress(host))
	c.span.SetAttributes(operationKey.String(op))
	return ctx, c
}

// End ends a call with the status that came last, 0 for none, and the number of
// times that it was sent.
func (c Call) End(status, attempts int, err error) {
	if c.t == nil {
		return
	}
	if status != 0 {
		code := semconv.HTTPResponseStatusCode(status)
		c.span.SetAttributes(code)
		c.attrs = append(c.attrs, code)
	}
	if attempts > 1 {
		c.span.SetAttributes(semconv.HTTPRequestResendCount(attempts - 1))
	}
	c.end(err)
}

// pipeline names a round trip of several commands, as the conventions have it.
const pipeline = "PIPELINE"

// StartRedis begins a round trip to Redis with the commands, of which only the
// names are told.
func (t *Telemetry) StartRedis(ctx context.Context, cmds ...[]any) (context.Context, Call) {
	if t == nil {
		return ctx, Call{}
	}
	name := pipeline
	for _, cmd := range cmds {
		one := commandName(cmd)
		if len(cmds) == 1 {
			name = one
		}
		t.in.commands.Add(ctx, 1, metric.WithAttributes(semconv.DBSystemNameRedis, semconv.DBOperationName(one)))
	}
	ctx, c := t.begin(ctx, name, t.in.redis, semconv.DBSystemNameRedis, semconv.DBOperationName(name))
	if len(cmds) > 1 {
		c.span.SetAttributes(semconv.DBOperationBatchSize(len(cmds)))
	}
	return ctx, c
}

func commandName(cmd []any) string {
	if len(cmd) == 0 {
		return otherMethod
	}
	name, _ := cmd[0].(string) // a constant in the code
	return strings.ToUpper(name)
}

// EndRedis ends a round trip.
func (c Call) EndRedis(err error) {
	if c.t == nil {
		return
	}
	c.end(err)
}
