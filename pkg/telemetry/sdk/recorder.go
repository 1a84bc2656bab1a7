package sdk

import (
	"context"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// scope names the instrumentation in what it records.
const scope = "github.com/clockwork-timer/backend/pkg/telemetry"

// NewTelemetry returns a Telemetry that records with the providers.
func NewTelemetry(traces trace.TracerProvider, metrics metric.MeterProvider) *telemetry.Telemetry {
	return telemetry.New(&recorder{tracer: traces.Tracer(scope), meter: metrics.Meter(scope)})
}

// recorder is telemetry.Recorder by OpenTelemetry's API.
type recorder struct {
	tracer      trace.Tracer
	meter       metric.Meter
	instruments sync.Map // of *telemetry.Metric: metric.Float64Histogram or metric.Int64Counter
}

var kinds = map[telemetry.Kind]trace.SpanKind{telemetry.Internal: trace.SpanKindInternal, telemetry.Server: trace.SpanKindServer, telemetry.Client: trace.SpanKindClient}

func (r *recorder) Start(ctx context.Context, kind telemetry.Kind, name string, attrs ...slog.Attr) (context.Context, telemetry.Span) {
	if kind == telemetry.Client && !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, span{trace.SpanFromContext(ctx)} // does nothing
	}
	w3c := propagation.TraceContext{}
	if kind == telemetry.Server {
		ctx = w3c.Extract(ctx, propagation.MapCarrier{"traceparent": upstream.Traceparent(ctx)})
	}
	ctx, started := r.tracer.Start(ctx, name, trace.WithSpanKind(kinds[kind]), trace.WithAttributes(convert(attrs)...))
	header := propagation.MapCarrier{}
	w3c.Inject(ctx, header)
	return upstream.WithTraceparent(ctx, header["traceparent"]), span{started}
}

func (r *recorder) Set(ctx context.Context, attrs ...slog.Attr) {
	trace.SpanFromContext(ctx).SetAttributes(convert(attrs)...)
}

func (r *recorder) Observe(ctx context.Context, m *telemetry.Metric, seconds float64, attrs ...slog.Attr) {
	instrument, found := r.instruments.Load(m)
	if !found {
		instrument = r.remember(m, func() (any, error) {
			return r.meter.Float64Histogram(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Description), metric.WithExplicitBucketBoundaries(m.Bounds...))
		})
	}
	instrument.(metric.Float64Histogram).Record(ctx, seconds, metric.WithAttributes(convert(attrs)...))
}

func (r *recorder) Add(ctx context.Context, m *telemetry.Metric, n int64, attrs ...slog.Attr) {
	instrument, found := r.instruments.Load(m)
	if !found {
		instrument = r.remember(m, func() (any, error) {
			return r.meter.Int64Counter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.Description))
		})
	}
	instrument.(metric.Int64Counter).Add(ctx, n, metric.WithAttributes(convert(attrs)...))
}

// remember makes an instrument. One with a wrong name or unit works all the same.
func (r *recorder) remember(m *telemetry.Metric, build func() (any, error)) any {
	instrument, err := build()
	if err != nil {
		otel.Handle(err)
	}
	instrument, _ = r.instruments.LoadOrStore(m, instrument)
	return instrument
}

func (r *recorder) Watch(m *telemetry.Metric, read func(observe func(value int64, attrs ...slog.Attr))) (err error) {
	unit, description := metric.WithUnit(m.Unit), metric.WithDescription(m.Description)
	callback := metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		read(func(value int64, attrs ...slog.Attr) { o.Observe(value, metric.WithAttributes(convert(attrs)...)) })
		return nil
	})
	switch m.Type {
	case telemetry.UpDown:
		_, err = r.meter.Int64ObservableUpDownCounter(m.Name, unit, description, callback)
	case telemetry.Gauge:
		_, err = r.meter.Int64ObservableGauge(m.Name, unit, description, callback)
	default:
		_, err = r.meter.Int64ObservableCounter(m.Name, unit, description, callback)
	}
	return err
}

type span struct{ trace.Span }

func (s span) Set(attrs ...slog.Attr) { s.SetAttributes(convert(attrs)...) }
func (s span) Fail()                  { s.SetStatus(codes.Error, "") }
func (s span) End()                   { s.Span.End() }

func convert(attrs []slog.Attr) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, len(attrs))
	for _, a := range attrs {
		switch value := a.Value.Any().(type) {
		case int64:
			all = append(all, attribute.Int64(a.Key, value))
		case []string:
			all = append(all, attribute.StringSlice(a.Key, value))
		default:
			all = append(all, attribute.String(a.Key, a.Value.String()))
		}
	}
	return all
}
