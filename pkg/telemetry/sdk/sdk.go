// Package sdk records for package telemetry with OpenTelemetry's SDK: it says
// which service this is, which requests are traced, and how much is buffered
// while nothing can be sent. Exporters and readers are given to it. For the rest
// the SDK's own variables count, such as OTEL_BSP_SCHEDULE_DELAY and
// OTEL_RESOURCE_ATTRIBUTES.
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
	Log     *slog.Logger
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
	s.Telemetry = NewTelemetry(s.traces, s.Metrics)
	return s, nil
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
