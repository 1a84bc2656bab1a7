// Package sdk sets OpenTelemetry's SDK up for package telemetry: which service
// it is, which requests are traced, and how much is kept while nothing can be
// sent. It knows no way to send; exporters and readers are given to it. What it
// is not given it takes from the SDK's own variables, OTEL_BSP_SCHEDULE_DELAY and
// OTEL_RESOURCE_ATTRIBUTES among them.
package sdk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/telemetry"
)

// maxSeries bounds each metric, should an attribute ever have more values than
// was thought: what is beyond is counted together.
const maxSeries = 1000

// Options say what to set up. Without Spans nothing is traced, without Readers
// nothing is measured.
type Options struct {
	Service string // service.name
	Version string // service.version
	Sampler string // as OTEL_TRACES_SAMPLER has it
	Ratio   float64
	Spans   trace.SpanExporter
	Readers []metric.Reader
	// Frozen marks a process that may be frozen after each answer: what was
	// gathered is sent by Flush.
	Frozen bool
	Log    *slog.Logger
}

// SDK is what New set up.
type SDK struct {
	Telemetry *telemetry.Telemetry
	Metrics   *metric.MeterProvider

	traces *trace.TracerProvider
}

// New starts the SDK. It begins no call by itself.
func New(o Options) (*SDK, error) {
	res, err := resource.Merge(resource.Environment(), resource.NewSchemaless(
		semconv.ServiceName(o.Service), semconv.ServiceVersion(o.Version), semconv.ServiceInstanceID(rand.Text())))
	if err != nil {
		return nil, fmt.Errorf("telemetry resource: %w", err)
	}
	traces := []trace.TracerProviderOption{trace.WithResource(res), trace.WithSampler(sampler(o))}
	if o.Spans != nil {
		traces = append(traces, trace.WithBatcher(o.Spans))
	} else {
		traces = append(traces, trace.WithSampler(trace.NeverSample()))
	}
	metrics := []metric.Option{metric.WithResource(res), metric.WithCardinalityLimit(maxSeries), metric.WithExemplarFilter(exemplar.AlwaysOffFilter)}
	for _, r := range o.Readers {
		metrics = append(metrics, metric.WithReader(r))
	}
	reportTo(o.Log)
	s := &SDK{traces: trace.NewTracerProvider(traces...), Metrics: metric.NewMeterProvider(metrics...)}
	options := telemetry.Options{Traces: s.traces, Metrics: s.Metrics}
	if o.Frozen {
		options.Flush = s.Flush
	}
	if s.Telemetry, err = telemetry.New(options); err != nil {
		return nil, errors.Join(fmt.Errorf("telemetry: %w", err), s.Shutdown(context.Background()))
	}
	return s, nil
}

// Flush sends what has been gathered, spans and metrics at the same time.
func (s *SDK) Flush(ctx context.Context) error {
	metrics := make(chan error, 1)
	go func() { metrics <- panics.Try(func() error { return s.Metrics.ForceFlush(ctx) }) }()
	return errors.Join(s.traces.ForceFlush(ctx), <-metrics)
}

// Shutdown sends what is left, within ctx, and ends what the SDK runs.
func (s *SDK) Shutdown(ctx context.Context) error {
	return errors.Join(s.traces.Shutdown(ctx), s.Metrics.Shutdown(ctx))
}

// sampler is OTEL_TRACES_SAMPLER. Beside a parentbased one a caller's
// traceparent decides nothing.
func sampler(o Options) trace.Sampler {
	switch o.Sampler {
	case "always_on":
		return trace.AlwaysSample()
	case "always_off":
		return trace.NeverSample()
	case "traceidratio":
		return trace.TraceIDRatioBased(o.Ratio)
	case "parentbased_always_off":
		return trace.ParentBased(trace.NeverSample())
	case "parentbased_traceidratio":
		return trace.ParentBased(trace.TraceIDRatioBased(o.Ratio))
	}
	return trace.ParentBased(trace.AlwaysSample())
}

// complaintEvery bounds how often the log hears that nothing can be sent.
const complaintEvery = time.Minute

// reportTo has the SDK's errors logged. It reports them to the whole process.
func reportTo(log *slog.Logger) {
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now, before := time.Now().UnixNano(), last.Load()
		if now-before < int64(complaintEvery) || !last.CompareAndSwap(before, now) {
			return
		}
		log.Warn("telemetry not sent", "error", err)
	}))
}
