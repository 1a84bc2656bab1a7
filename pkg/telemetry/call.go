package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// Call is a call of something outside that is under way. The zero value is one
// that is not recorded.
type Call struct {
	t      *Telemetry
	ctx    context.Context // the caller's
	span   Span
	began  time.Time
	attrs  []slog.Attr // of the metric too
	metric *Metric
}

func (t *Telemetry) begin(ctx context.Context, name string, m *Metric, attrs ...slog.Attr) (context.Context, Call) {
	c := Call{t: t, ctx: ctx, began: time.Now(), attrs: attrs, metric: m}
	ctx, c.span = t.recorder.Start(ctx, Client, name, attrs...)
	return ctx, c
}

func (c Call) end(err error) {
	if problem := problemOf(err); problem != "" {
		c.span.Set(errorType(problem))
		c.span.Fail()
		c.attrs = append(c.attrs, errorType(problem))
	}
	c.span.End()
	c.t.recorder.Observe(c.ctx, c.metric, time.Since(c.began).Seconds(), c.attrs...)
}

// StartCall begins a call of an upstream over HTTP, for the Telemetry in ctx.
// op is a constant such as "timers.stop", host the configured one: the
// conventions' url.full would hold ids.
func StartCall(ctx context.Context, upstream, op, verb, host string) (context.Context, Call) {
	t := From(ctx)
	if t == nil {
		return ctx, Call{}
	}
	ctx, c := t.begin(ctx, upstream+" "+op, called, method(verb), slog.String("service.peer.name", upstream), slog.String("server.address", host))
	c.span.Set(slog.String("clockwork.operation", op))
	return ctx, c
}

// End ends a call with the status that came last, 0 for none, and the number of
// attempts.
func (c Call) End(status, attempts int, err error) {
	if c.t == nil {
		return
	}
	if status != 0 {
		c.span.Set(statusCode(status))
		c.attrs = append(c.attrs, statusCode(status))
	}
	if attempts > 1 {
		c.span.Set(slog.Int("http.request.resend_count", attempts-1))
	}
	c.end(err)
}

// pipeline names a round trip of several commands, as in the conventions.
const pipeline = "PIPELINE"

// StartRedis begins a round trip to Redis. Of the commands only the names are
// recorded.
func (t *Telemetry) StartRedis(ctx context.Context, cmds ...[]any) (context.Context, Call) {
	if t == nil {
		return ctx, Call{}
	}
	system := slog.String("db.system.name", "redis")
	name := pipeline
	for _, cmd := range cmds {
		one := commandName(cmd)
		if len(cmds) == 1 {
			name = one
		}
		t.recorder.Add(ctx, commands, 1, system, slog.String("db.operation.name", one))
	}
	ctx, c := t.begin(ctx, name, redisTrip, system, slog.String("db.operation.name", name))
	if len(cmds) > 1 {
		c.span.Set(slog.Int("db.operation.batch.size", len(cmds)))
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
