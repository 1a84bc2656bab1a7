// Package otlpjson sends spans and metrics by OTLP/HTTP in its JSON encoding.
// It is for functions, whose size and cold start count: OpenTelemetry's own
// exporters link protobuf and gRPC, and make a function half as large again. A
// server uses those. It neither compresses nor repeats: what cannot be sent is
// lost, and while a collector does not answer nothing is sent to it.
package otlpjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
)

const (
	// pause is how long nothing is sent after a failure: each answer would wait
	// for it.
	pause          = 30 * time.Second
	defaultTimeout = 10 * time.Second
	// maxAnswer is what is read of an answer, so that its connection can be used
	// again.
	maxAnswer = 64 << 10
)

// Options say where the collector is. Endpoint and Transport are required.
type Options struct {
	Endpoint  string            // OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces
	Headers   map[string]string // OTEL_EXPORTER_OTLP_HEADERS: a credential, mostly
	Transport http.RoundTripper
	Timeout   time.Duration    // for the collector's answer: default 10 s
	Now       func() time.Time // default time.Now
}

// sender posts to one address of a collector.
type sender struct {
	url     string
	headers map[string]string
	http    *http.Client
	now     func() time.Time
	failed  atomic.Int64 // when, in Unix ns
}

func newSender(o Options, path string) *sender {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	client := &http.Client{Transport: o.Transport, Timeout: o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the headers hold a credential
	}}
	return &sender{url: o.Endpoint + path, headers: o.Headers, http: client, now: o.Now}
}

var errPaused = errors.New("the collector did not answer shortly before")

func (s *sender) send(ctx context.Context, message any) error {
	if failed := s.failed.Load(); failed != 0 && s.now().Sub(time.Unix(0, failed)) < pause {
		return errPaused
	}
	err := s.post(ctx, message)
	if err != nil {
		s.failed.Store(s.now().UnixNano())
		return err
	}
	s.failed.Store(0)
	return nil
}

func (s *sender) post(ctx context.Context, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode telemetry: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range s.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.http.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // it repeats the address
		}
		return fmt.Errorf("send telemetry: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("send telemetry: the collector answers with status %d", response.StatusCode)
	}
	return nil
}

// Spans is a trace.SpanExporter.
type Spans struct{ to *sender }

// NewSpans returns an exporter of spans.
func NewSpans(o Options) *Spans { return &Spans{newSender(o, "/v1/traces")} }

func (e *Spans) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	return e.to.send(ctx, tracesOf(spans))
}

func (e *Spans) Shutdown(context.Context) error { return nil }

// Metrics is a metric.Exporter of what changed since it was last asked: an
// instance of a function lives for a while and never says how it ends.
type Metrics struct{ to *sender }

// NewMetrics returns an exporter of metrics.
func NewMetrics(o Options) *Metrics { return &Metrics{newSender(o, "/v1/metrics")} }

func (e *Metrics) Temporality(kind metric.InstrumentKind) metricdata.Temporality {
	return metric.DeltaTemporalitySelector(kind)
}

func (e *Metrics) Aggregation(kind metric.InstrumentKind) metric.Aggregation {
	return metric.DefaultAggregationSelector(kind)
}

func (e *Metrics) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	message, err := metricsOf(m)
	if err != nil || len(message.ResourceMetrics[0].ScopeMetrics) == 0 {
		return err
	}
	return e.to.send(ctx, message)
}

func (e *Metrics) ForceFlush(context.Context) error { return nil }

func (e *Metrics) Shutdown(context.Context) error { return nil }
