// Package collector stands in for an OpenTelemetry collector in tests. It accepts
// OTLP/HTTP in both encodings, strictly, and keeps what it receives.
package collector

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Collector is a running stand-in.
type Collector struct {
	URL string
	// Answer, if set before the first request, answers in the collector's place.
	Answer http.HandlerFunc

	t       testing.TB
	mu      sync.Mutex
	spans   []*trace.Span
	metrics []*metrics.Metric
	headers []http.Header
	text    string
}

// New starts a collector that ends with the test.
func New(t testing.TB) *Collector {
	c := &Collector{t: t}
	server := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) serve(w http.ResponseWriter, r *http.Request) {
	if c.Answer != nil {
		c.Answer(w, r)
		return
	}
	var message proto.Message
	spans, measured := &collectortrace.ExportTraceServiceRequest{}, &collectormetrics.ExportMetricsServiceRequest{}
	switch r.URL.Path {
	case "/v1/traces":
		message = spans
	case "/v1/metrics":
		message = measured
	default:
		http.NotFound(w, r)
		return
	}
	if !assert.NoError(c.t, decode(r, message), "%s", r.URL.Path) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, r.Header)
	c.text += protojson.Format(message)
	for _, resource := range spans.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	for _, resource := range measured.ResourceMetrics {
		for _, scope := range resource.ScopeMetrics {
			c.metrics = append(c.metrics, scope.Metrics...)
		}
	}
}

func decode(r *http.Request, message proto.Message) error {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = zipped
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if r.Header.Get("Content-Type") == "application/json" {
		return protojson.Unmarshal(base64IDs(b), message)
	}
	return proto.Unmarshal(b, message)
}

var ids = regexp.MustCompile(`"((?:trace|span|parentSpan)Id)":"([0-9a-f]*)"`)

// base64IDs converts OTLP's JSON, whose ids are hexadecimal, to protobuf's, whose ids
// are base64.
func base64IDs(b []byte) []byte {
	return ids.ReplaceAllFunc(b, func(pair []byte) []byte {
		part := ids.FindSubmatch(pair)
		id, err := hex.DecodeString(string(part[2]))
		if err != nil {
			return pair
		}
		return []byte(`"` + string(part[1]) + `":"` + base64.StdEncoding.EncodeToString(id) + `"`)
	})
}

// Spans returns the spans received so far.
func (c *Collector) Spans() []*trace.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*trace.Span{}, c.spans...)
}

// Span returns the span with the name, or nil if there is none or more than one.
func (c *Collector) Span(name string) (found *trace.Span) {
	for _, s := range c.Spans() {
		if s.Name == name {
			if found != nil {
				return nil
			}
			found = s
		}
	}
	return found
}

// Metrics returns the metrics received so far, by name. If one came more than once,
// it is the last.
func (c *Collector) Metrics() map[string]*metrics.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]*metrics.Metric{}
	for _, m := range c.metrics {
		all[m.Name] = m
	}
	return all
}

// Headers returns the header of each request.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]http.Header{}, c.headers...)
}

// Text returns everything received as JSON, so that a test can search it for secrets.
func (c *Collector) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

// Attributes converts attributes to a map of texts, numbers, booleans and lists of
// texts.
func Attributes(attrs []*common.KeyValue) map[string]any {
	all := map[string]any{}
	for _, a := range attrs {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			all[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			all[a.Key] = v.IntValue
		case *common.AnyValue_BoolValue:
			all[a.Key] = v.BoolValue
		case *common.AnyValue_DoubleValue:
			all[a.Key] = v.DoubleValue
		case *common.AnyValue_ArrayValue:
			list := []string{}
			for _, one := range v.ArrayValue.Values {
				list = append(list, one.GetStringValue())
			}
			all[a.Key] = list
		}
	}
	return all
}
