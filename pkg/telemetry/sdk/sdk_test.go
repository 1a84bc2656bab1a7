package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/goleak"

	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/telemetry/sdk"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o sdk.Options) *sdk.SDK {
	t.Helper()
	o.Service, o.Log = "timers", slog.New(slog.DiscardHandler)
	s, err := sdk.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	return s
}

func request(told *telemetry.Telemetry, traceparent string) {
	r := httptest.NewRequest("GET", "/timers", nil)
	_, q := told.Begin(upstream.WithTraceparent(r.Context(), traceparent), r, "/timers", "req-1")
	q.End(200, "")
}

const (
	sampled    = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	notSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

func TestSampler(t *testing.T) {
	for name, tc := range map[string]struct {
		sampler                    string
		ratio                      float64
		alone, sampled, notSampled int // of 200 requests each
	}{
		"default":             {"parentbased_always_on", 1, 200, 200, 0},
		"never-but-asked":     {"parentbased_always_off", 1, 0, 200, 0},
		"never-unless-asked":  {"parentbased_traceidratio", 0, 0, 200, 0},
		"always":              {"always_on", 1, 200, 200, 200},
		"never":               {"always_off", 1, 0, 0, 0},
		"a-ratio-of-all":      {"traceidratio", 0, 0, 0, 0},
		"a-ratio-that-is-all": {"traceidratio", 1, 200, 200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			for traceparent, want := range map[string]int{"": tc.alone, sampled: tc.sampled, notSampled: tc.notSampled} {
				spans := &exported{}
				s := start(t, sdk.Options{Sampler: tc.sampler, Ratio: tc.ratio, Spans: spans})
				for range 200 {
					request(s.Telemetry, traceparent)
				}
				require.NoError(t, s.Shutdown(t.Context()))
				assert.EqualValues(t, want, spans.n.Load(), "traceparent %q", traceparent)
			}
		})
	}
}

// exported counts spans.
type exported struct{ n atomic.Int64 }

func (e *exported) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.n.Add(int64(len(spans)))
	return nil
}

func (e *exported) Shutdown(context.Context) error { return nil }

// stuck is a collector that takes nothing until it is released.
type stuck struct {
	release chan struct{}
	took    atomic.Int64
}

func (s *stuck) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	select {
	case <-s.release:
		s.took.Add(int64(len(spans)))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *stuck) Shutdown(context.Context) error { return nil }

// While nothing can be sent, requests go on and a bounded number of spans is
// kept; the end does not wait for it for longer than it is told to.
func TestStuckCollector(t *testing.T) {
	exporter := &stuck{release: make(chan struct{})}
	s := start(t, sdk.Options{Spans: exporter})
	began := time.Now()
	for range 20_000 {
		request(s.Telemetry, "")
	}
	assert.Less(t, time.Since(began), time.Minute)
	close(exporter.release)
	require.NoError(t, s.Shutdown(t.Context()))
	assert.Positive(t, exporter.took.Load())
	assert.LessOrEqual(t, exporter.took.Load(), int64(2048+512), "the queue, and the batch on its way")
}

func TestShutdownIsBounded(t *testing.T) {
	exporter := &stuck{release: make(chan struct{})}
	defer close(exporter.release)
	s := start(t, sdk.Options{Spans: exporter})
	request(s.Telemetry, "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	assert.Error(t, s.Shutdown(ctx))
	assert.Less(t, time.Since(began), 20*time.Second)
}

// Should an attribute ever take any value, the series are bounded all the same.
func TestSeriesAreBounded(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	s := start(t, sdk.Options{Readers: []sdkmetric.Reader{reader}})
	counter, err := s.Metrics.Meter("test").Int64Counter("odd")
	require.NoError(t, err)
	for i := range 5000 {
		counter.Add(t.Context(), 1, metric.WithAttributes(attribute.Int("n", i)))
	}
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	sum, ok := all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Sum[int64])
	require.True(t, ok)
	assert.Len(t, sum.DataPoints, 1000)
}

// The SDK's complaints are logged, and not over and over.
func TestComplaints(t *testing.T) {
	var log bytes.Buffer
	s, err := sdk.New(sdk.Options{Service: "timers", Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Shutdown(context.Background())) })
	for range 100 {
		otel.Handle(errors.New("no collector"))
	}
	assert.Equal(t, 1, strings.Count(log.String(), "telemetry not sent"), log.String())
}
