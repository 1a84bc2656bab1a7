package otlpjson_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/clockwork-timer/backend/pkg/apptest/collector"
	"github.com/clockwork-timer/backend/pkg/telemetry/otlpjson"
)

func options(url string) otlpjson.Options {
	return otlpjson.Options{Endpoint: url, Headers: map[string]string{"Authorization": "Bearer t"}, Transport: &http.Transport{DisableKeepAlives: true}}
}

// What a collector decodes is what was recorded.
func TestSpans(t *testing.T) {
	c := collector.New(t)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(otlpjson.NewSpans(options(c.URL))))
	ctx, parent := provider.Tracer("scope").Start(t.Context(), "parent", trace.WithSpanKind(trace.SpanKindServer))
	_, child := provider.Tracer("scope").Start(ctx, "child", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("text", `q"uote`), attribute.Int("number", 1<<60), attribute.Bool("yes", true), attribute.Float64("half", 0.5), attribute.StringSlice("list", []string{"a", "b"})))
	child.SetStatus(codes.Error, "")
	child.End()
	parent.End()
	got, above := c.Span("child"), c.Span("parent")
	require.NotNil(t, got)
	require.NotNil(t, above)
	assert.Equal(t, map[string]any{"text": `q"uote`, "number": int64(1 << 60), "yes": true, "half": 0.5, "list": []string{"a", "b"}}, collector.Attributes(got.Attributes))
	assert.Equal(t, child.SpanContext().TraceID().String(), hex.EncodeToString(got.TraceId))
	assert.Equal(t, child.SpanContext().SpanID().String(), hex.EncodeToString(got.SpanId))
	assert.Equal(t, above.SpanId, got.ParentSpanId)
	assert.Empty(t, above.ParentSpanId)
	assert.Equal(t, wire.Span_SPAN_KIND_CLIENT, got.Kind)
	assert.Equal(t, wire.Span_SPAN_KIND_SERVER, above.Kind)
	assert.Equal(t, wire.Status_STATUS_CODE_ERROR, got.Status.Code)
	assert.Equal(t, wire.Status_STATUS_CODE_UNSET, above.Status.GetCode())
	assert.EqualValues(t, 1, got.Flags)
	assert.WithinDuration(t, time.Now(), time.Unix(0, int64(got.EndTimeUnixNano)), time.Minute)
	assert.GreaterOrEqual(t, got.EndTimeUnixNano, got.StartTimeUnixNano)
	assert.Contains(t, c.Text(), "service.name")
	assert.Equal(t, "Bearer t", c.Headers()[0].Get("Authorization"))
}

func TestMetrics(t *testing.T) {
	c := collector.New(t)
	reader := sdkmetric.NewPeriodicReader(otlpjson.NewMetrics(options(c.URL)), sdkmetric.WithInterval(time.Hour))
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	t.Cleanup(func() { assert.NoError(t, provider.Shutdown(context.Background())) })
	m := provider.Meter("scope")
	durations, err := m.Float64Histogram("duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(1, 2))
	require.NoError(t, err)
	counter, err := m.Int64Counter("count")
	require.NoError(t, err)
	gauge, err := m.Int64Gauge("open")
	require.NoError(t, err)
	with := metric.WithAttributes(attribute.String("route", "/x"))
	durations.Record(t.Context(), 1.5, with)
	durations.Record(t.Context(), 9, with)
	counter.Add(t.Context(), 3, with)
	gauge.Record(t.Context(), 0, with)
	require.NoError(t, provider.ForceFlush(t.Context()))

	got := c.Metrics()
	h := got["duration"].GetHistogram()
	require.NotNil(t, h)
	assert.Equal(t, "s", got["duration"].Unit)
	assert.Equal(t, metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA, h.AggregationTemporality)
	point := h.DataPoints[0]
	assert.Equal(t, []uint64{0, 1, 1}, point.BucketCounts)
	assert.Equal(t, []float64{1, 2}, point.ExplicitBounds)
	assert.EqualValues(t, 2, point.Count)
	assert.InDelta(t, 10.5, point.GetSum(), 0)
	assert.Equal(t, map[string]any{"route": "/x"}, collector.Attributes(point.Attributes))
	sum := got["count"].GetSum()
	assert.True(t, sum.IsMonotonic)
	assert.EqualValues(t, 3, sum.DataPoints[0].GetAsInt())
	assert.Equal(t, int64(0), got["open"].GetGauge().DataPoints[0].GetAsInt())

	counter.Add(t.Context(), 1, with)
	require.NoError(t, provider.ForceFlush(t.Context()))
	assert.EqualValues(t, 1, c.Metrics()["count"].GetSum().DataPoints[0].GetAsInt(), "what was sent is not sent again")
}

func TestMetricOfAnotherKind(t *testing.T) {
	c := collector.New(t)
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(otlpjson.NewMetrics(options(c.URL)))))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	gauge, err := provider.Meter("scope").Float64Gauge("level")
	require.NoError(t, err)
	gauge.Record(t.Context(), 1.5)
	assert.ErrorContains(t, provider.ForceFlush(t.Context()), "metric level:")
	assert.Empty(t, c.Headers())
}

// A collector that fails is left alone for a while: each answer would wait for
// it. A redirect is a failure, since the header holds a credential.
func TestCollectorFails(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"unavailable": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.test/", http.StatusTemporaryRedirect)
		},
		"resets": func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			var well atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if !well.Load() {
					answer(w, r)
				}
			}))
			t.Cleanup(server.Close)
			now := time.Unix(1_700_000_000, 0)
			o := options(server.URL)
			o.Now = func() time.Time { return now }
			exporter := otlpjson.NewSpans(o)
			err := exporter.ExportSpans(t.Context(), nil)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), server.URL)
			before := asked.Load() // a reset connection is tried again by net/http
			require.ErrorContains(t, exporter.ExportSpans(t.Context(), nil), "shortly before")
			assert.Equal(t, before, asked.Load(), "not asked again at once")
			well.Store(true)
			now = now.Add(31 * time.Second)
			require.NoError(t, exporter.ExportSpans(t.Context(), nil))
			require.NoError(t, exporter.ExportSpans(t.Context(), nil))
			assert.Equal(t, before+2, asked.Load())
		})
	}
}

// A transport that does not work is no reason to show the address.
type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no way") }

func TestTransportFails(t *testing.T) {
	exporter := otlpjson.NewSpans(otlpjson.Options{Endpoint: "http://marked.test", Transport: broken{}})
	err := exporter.ExportSpans(t.Context(), nil)
	require.ErrorContains(t, err, "no way")
	assert.NotContains(t, err.Error(), "marked")
}
