// Package telemetry is what this backend tells an operator's tools of itself:
// spans of single requests and syncs, and metrics of all of them. It knows
// OpenTelemetry's API and the names of things; where they go is set up by
// package sdk. Names and units are those of OpenTelemetry's semantic
// conventions where they have one, and begin with "clockwork." elsewhere.
//
// What is never told: paths, queries, addresses, accounts, issues, Redis keys
// and values, texts of errors. Every attribute is a constant of this program or
// of its configuration, a status, or one of a few known words, so that nobody
// outside can add to the number of series.
//
// Without a Telemetry, which is nil, each function and method here does
// nothing, and allocates nothing.
package telemetry

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation in what it tells.
const scope = "github.com/clockwork-timer/backend/pkg/telemetry"

// Telemetry is safe for concurrent use. Nil is none.
type Telemetry struct {
	tracer trace.Tracer
	meter  metric.Meter
	in     instruments
	flush  func(context.Context) error
}

// Options say where spans and metrics go. Both providers are required.
type Options struct {
	Traces  trace.TracerProvider
	Metrics metric.MeterProvider
	// Flush sends what has been gathered. It is set where a process may be
	// frozen after an answer, and nil where it goes on running.
	Flush func(context.Context) error
}

// New makes the instruments.
func New(o Options) (*Telemetry, error) {
	t := &Telemetry{tracer: o.Traces.Tracer(scope), meter: o.Metrics.Meter(scope), flush: o.Flush}
	var err error
	t.in, err = newInstruments(t.meter)
	return t, err
}

// Flush sends what has been gathered, where the process may be frozen before it
// is sent otherwise. It takes no longer than ctx.
func (t *Telemetry) Flush(ctx context.Context) error {
	if t == nil || t.flush == nil {
		return nil
	}
	return t.flush(ctx)
}

type contextKey struct{}

// With returns a context whose calls of upstreams and steps are told to t.
func With(ctx context.Context, t *Telemetry) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, t)
}

// From returns what With put in, or nil.
func From(ctx context.Context) *Telemetry {
	t, _ := ctx.Value(contextKey{}).(*Telemetry)
	return t
}

// instruments are the metrics that somebody records; the others are read when
// they are sent.
type instruments struct {
	served    metric.Float64Histogram
	called    metric.Float64Histogram
	redis     metric.Float64Histogram
	commands  metric.Int64Counter
	limited   metric.Int64Counter
	stepped   metric.Float64Histogram
	changed   metric.Int64Counter
	committed metric.Float64Histogram
}

// Bounds of the histograms, in seconds. The first two are the conventions'.
var (
	httpBounds  = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25}
	redisBounds = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}
	writeBounds = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5}
	syncBounds  = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120}
)

func newInstruments(m metric.Meter) (instruments, error) {
	var failed []error
	seconds := func(name, description string, bounds []float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
		failed = append(failed, err)
		return h
	}
	count := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		failed = append(failed, err)
		return c
	}
	in := instruments{
		served:    seconds("http.server.request.duration", "Duration of HTTP server requests, until the answer begins where it is a stream.", httpBounds),
		called:    seconds("http.client.request.duration", "Duration of calls of upstreams, their repeats included.", httpBounds),
		redis:     seconds("db.client.operation.duration", "Duration of round trips to Redis.", redisBounds),
		commands:  count("clockwork.redis.commands", "{command}", "Commands sent to Redis, those inside a pipeline too."),
		limited:   count("clockwork.rate_limited", "{request}", "Requests refused because somebody asked too often."),
		stepped:   seconds("clockwork.sync.step.duration", "Duration of the steps of a sync.", syncBounds),
		changed:   count("clockwork.sync.changed", "{timer}", "Timers that a sync found started, stopped or edited."),
		committed: seconds("clockwork.realtime.commit.duration", "Duration of writing a batch of timers' changes, before they are broadcast.", writeBounds),
	}
	return in, errors.Join(failed...)
}
