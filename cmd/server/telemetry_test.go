package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/clockwork-timer/backend/cmd/server/collector"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
)

const (
	jwtSecret      = "a-signing-key-of-thirty-two-bytes"
	collectorToken = "marked-collector-token"
)

// running is a server that run has started, as main does.
type running struct {
	*apptest.World
	t    *testing.T
	log  *apptest.Log
	base string
	stop func() time.Duration // ends the server, if the test has not, and returns how long that took
}

func startServer(t *testing.T, env map[string]string) *running {
	t.Helper()
	w, environ := world(t, env)
	return startIn(t, w, environ)
}

func startIn(t *testing.T, w *apptest.World, environ []string) *running {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	s := &running{World: w, t: t, log: &apptest.Log{}}
	done := make(chan error, 1)
	go func() { done <- run(ctx, nil, environ, strings.NewReader(""), io.Discard, s.log) }()
	s.stop = sync.OnceValue(func() time.Duration {
		began := time.Now()
		end()
		assert.NoError(t, <-done)
		return time.Since(began)
	})
	t.Cleanup(func() { s.stop() })
	require.Eventually(t, func() bool { return address.MatchString(s.log.String()) }, time.Minute, 5*time.Millisecond, "listening: %s", s.log)
	s.base = "http://127.0.0.1:" + address.FindStringSubmatch(s.log.String())[1]
	return s
}

func (s *running) get(path string, header http.Header) int {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.base+path, nil)
	require.NoError(s.t, err)
	if header != nil {
		r.Header = header
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	return response.StatusCode
}

func withCollector(c *collector.Collector) map[string]string {
	return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20" + collectorToken, "JWT_SECRET": jwtSecret, "AUTH_MODE": "open"}
}

// A request's span continues the caller's trace, and the spans of Jira and Redis are
// below it.
func TestTraceOfARequest(t *testing.T) {
	c := collector.New(t)
	before := telemetryGoroutines()
	s := startServer(t, withCollector(c))
	assert.Greater(t, telemetryGoroutines(), before)
	person := s.Person(1)
	const caller, above = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	header := http.Header{"Traceparent": {"00-" + caller + "-" + above + "-01"}, "X-Request-Id": {"req-77"}}
	require.Equal(t, 200, s.get("/api/issues/PORTAL-301?marked=query", header))
	require.Equal(t, 200, s.get("/api/timers/active?userEmail="+person.Email, nil))
	require.Equal(t, 200, s.get("/api/worklogs?accountId="+person.AccountID, nil))
	require.Equal(t, 404, s.get("/marked/nothing", nil))
	s.stop()

	server := c.Span("GET /api/issues/{key}")
	require.NotNil(t, server)
	assert.Equal(t, wire.Span_SPAN_KIND_SERVER, server.Kind)
	assert.Equal(t, caller, hex.EncodeToString(server.TraceId))
	assert.Equal(t, above, hex.EncodeToString(server.ParentSpanId))
	assert.Equal(t, map[string]any{"http.request.method": "GET", "http.route": "/api/issues/{key}", "http.response.status_code": int64(200),
		"url.scheme": "http", "network.protocol.version": "1.1", "http.response.header.x-request-id": []string{"req-77"}}, collector.Attributes(server.Attributes))

	jira := c.Span("jira issues.get")
	require.NotNil(t, jira)
	assert.Equal(t, server.SpanId, jira.ParentSpanId)
	assert.Equal(t, wire.Span_SPAN_KIND_CLIENT, jira.Kind)
	assert.Equal(t, map[string]any{"http.request.method": "GET", "http.response.status_code": int64(200), "server.address": "127.0.0.1",
		"service.peer.name": "jira", "clockwork.operation": "issues.get"}, collector.Attributes(jira.Attributes))
	var redis int
	for _, span := range c.Spans() {
		if attributes := collector.Attributes(span.Attributes); attributes["db.system.name"] == "redis" {
			assert.Equal(t, wire.Span_SPAN_KIND_CLIENT, span.Kind)
			assert.NotEmpty(t, span.ParentSpanId, span.Name)
			if string(span.ParentSpanId) == string(server.SpanId) {
				redis++
			}
		}
	}
	assert.Positive(t, redis, "Redis was read first")
	assert.Equal(t, "Bearer "+collectorToken, c.Headers()[0].Get("Authorization"))
	assert.Contains(t, s.log.String(), "trace_id="+caller)

	for _, name := range []string{"http.server.request.duration", "http.client.request.duration", "db.client.operation.duration", "clockwork.redis.commands",
		"clockwork.upstream.breaker.open", "clockwork.realtime.connections", "go.goroutine.count"} {
		assert.Contains(t, c.Metrics(), name)
	}
	s.assertNoPrivateData(c.Text())
	s.assertNoPrivateData(s.log.String())
}

// assertNoPrivateData asserts that a text names nobody and quotes no secret.
func (s *running) assertNoPrivateData(text string) {
	s.t.Helper()
	for name, value := range s.Secrets() {
		assert.NotContains(s.t, text, value, name)
	}
	for _, p := range s.Sandbox.People() {
		assert.NotContains(s.t, text, p.Email)
		assert.NotContains(s.t, text, p.AccountID)
		assert.NotContains(s.t, text, p.DisplayName)
	}
	for _, private := range []string{"PORTAL-301", "marked", "clockwork:timers:", collectorToken, jwtSecret, "eyJ"} {
		assert.NotContains(s.t, text, private)
	}
}

// The sync has one trace with its steps.
func TestTraceOfASync(t *testing.T) {
	c := collector.New(t)
	w, environ := world(t, withCollector(c))
	log := &apptest.Log{}
	require.NoError(t, run(t.Context(), []string{"sync"}, environ, strings.NewReader(""), io.Discard, log))
	whole := c.Span("sync run")
	require.NotNil(t, whole)
	for _, step := range []string{"acquire-jwt", "fetch-timers", "cache-redis"} {
		span := c.Span("sync " + step)
		require.NotNil(t, span, step)
		assert.Equal(t, whole.SpanId, span.ParentSpanId)
		var calls int
		for _, below := range c.Spans() {
			if string(below.ParentSpanId) == string(span.SpanId) {
				calls++
			}
		}
		assert.Positive(t, calls, "%s: what it calls", step)
		assert.Equal(t, 1, strings.Count(log.String(), `msg="sync step" step=`+step), log.String())
	}
	assert.Regexp(t, `step=cache-redis timers=\d+ users=\d+ started=[1-9]\d* .*duration_ms=[\d.]+ upstream_ms=0 upstream_calls=0 redis_ms=[\d.]+ redis_commands=[1-9]`, log.String())
	assert.EqualValues(t, len(w.Sandbox.RunningTimers()), collector.Attributes(c.Span("sync cache-redis").Attributes)["clockwork.sync.started"])
	s := &running{World: w, t: t}
	s.assertNoPrivateData(c.Text())
	s.assertNoPrivateData(log.String())
}

// A collector that hangs or refuses delays no request and no shutdown.
func TestCollectorThatFails(t *testing.T) {
	over := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"hangs":   func(http.ResponseWriter, *http.Request) { <-over },
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			c := collector.New(t)
			if name == "hangs" {
				t.Cleanup(func() { close(over) })
			}
			c.Answer = answer
			t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20") // milliseconds, so that spans are sent while requests come
			s := startServer(t, withCollector(c))
			for range 50 {
				began := time.Now()
				require.Equal(t, 200, s.get("/api/timers/active", nil))
				assert.Less(t, time.Since(began), 9*time.Second) // the exporter would wait for ten
			}
			assert.Less(t, s.stop(), 9*time.Second, "what is left is dropped")
			s.assertNoPrivateData(s.log.String())
		})
	}
}

// telemetryGoroutines counts the goroutines that telemetry has started.
func telemetryGoroutines() (n int) {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		for _, part := range []string{"go.opentelemetry.io", "client_golang", "/cmd/observe.(*metricsServer)"} {
			if strings.Contains(stack, part) {
				n++
				break
			}
		}
	}
	return n
}

func TestNothingWithoutTheVariables(t *testing.T) {
	before := telemetryGoroutines() // a collector that hung may have left some, for a while
	s := startServer(t, nil)
	require.Equal(t, 200, s.get("/api/timers/active", nil))
	assert.LessOrEqual(t, telemetryGoroutines(), before)
	assert.NotContains(t, s.log.String(), "trace_id")
}

var metricsAddress = regexp.MustCompile(`msg="metrics for Prometheus" address=(\S+)`)

// scrape reads the metrics as Prometheus does.
func (s *running) scrape() map[string]*dto.MetricFamily {
	s.t.Helper()
	response, err := http.Get("http://" + metricsAddress.FindStringSubmatch(s.log.String())[1] + "/metrics")
	require.NoError(s.t, err)
	defer response.Body.Close()
	require.Equal(s.t, 200, response.StatusCode)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(s.t, err)
	return families
}

// series counts the time series of all families.
func series(families map[string]*dto.MetricFamily) (n int) {
	for _, f := range families {
		n += len(f.Metric)
	}
	return n
}

func labels(m *dto.Metric) string {
	var all []string
	for _, l := range m.Label {
		all = append(all, l.GetName()+"="+l.GetValue())
	}
	return strings.Join(all, ",")
}

func TestPrometheus(t *testing.T) {
	s := startServer(t, map[string]string{"METRICS_ADDRESS": "127.0.0.1:0", "JWT_SECRET": jwtSecret, "AUTH_MODE": "open"})
	person := s.Person(1)
	token, err := auth.Signer{Secret: jwtSecret, Now: time.Now}.Sign(auth.Grant{User: users.User{Username: "ann", AccountID: person.AccountID}})
	require.NoError(t, err)
	ws, _, err := websocket.Dial(t.Context(), s.base+"/ws?token="+token, nil)
	require.NoError(t, err)
	defer ws.CloseNow()
	_, _, err = ws.Read(t.Context())
	require.NoError(t, err)
	require.NoError(t, ws.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"action":"timer_start","id":"one","user_id":%q,"started_at":"2026-05-04T09:00:00Z"}`, person.AccountID)))
	_, _, err = ws.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, 200, s.get("/api/issues/PORTAL-301", nil))

	families := s.scrape()
	for name, kind := range map[string]dto.MetricType{
		"http_server_request_duration_seconds": dto.MetricType_HISTOGRAM, "http_client_request_duration_seconds": dto.MetricType_HISTOGRAM,
		"db_client_operation_duration_seconds": dto.MetricType_HISTOGRAM, "clockwork_redis_commands_total": dto.MetricType_COUNTER,
		"clockwork_realtime_connections": dto.MetricType_GAUGE, "clockwork_realtime_messages_total": dto.MetricType_COUNTER,
		"clockwork_realtime_commit_duration_seconds": dto.MetricType_HISTOGRAM, "clockwork_upstream_breaker_open": dto.MetricType_GAUGE,
		"go_goroutine_count": dto.MetricType_GAUGE, "process_open_fds": dto.MetricType_GAUGE, "target_info": dto.MetricType_GAUGE,
	} {
		if assert.Contains(t, families, name) {
			assert.Equal(t, kind, families[name].GetType(), name)
		}
	}
	var served []string
	for _, m := range families["http_server_request_duration_seconds"].GetMetric() {
		served = append(served, labels(m))
	}
	assert.Contains(t, served, "http_request_method=GET,http_response_status_code=200,http_route=/api/issues/{key},url_scheme=http")
	assert.Contains(t, served, "http_request_method=GET,http_response_status_code=101,http_route=/ws,url_scheme=http")
	for _, m := range families["clockwork_realtime_connections"].Metric {
		if labels(m) == "clockwork_realtime_transport=websocket" {
			assert.InDelta(t, 1, m.Gauge.GetValue(), 0)
		}
	}
	assert.Equal(t, 404, s.get("/metrics", nil), "the API's port does not show them")
	assert.NotContains(t, s.log.String(), "trace_id", "there are no traces")
}

// Values that callers send create no new time series.
func TestSeriesDoNotGrow(t *testing.T) {
	s := startServer(t, map[string]string{"METRICS_ADDRESS": "127.0.0.1:0", "RATE_LIMIT": "off", "SYNC_INTERVAL": "off"})
	odd := func(i int) {
		r, err := http.NewRequest([]string{"GET", "POST", fmt.Sprintf("ODD%d", i)}[i%3], s.base, nil)
		require.NoError(t, err)
		r.URL.Path = []string{"/odd", "/api/odd", "/api/issues/ODD-1/more", "/api/timers/active"}[i%4] + fmt.Sprint("/", i)
		r.URL.RawQuery = fmt.Sprint("q", i, "=", i)
		r.Host = fmt.Sprintf("host-%d.test", i)
		r.Header.Set("User-Agent", fmt.Sprint("agent ", i))
		r.Header.Set("X-Request-Id", fmt.Sprint("id-", i))
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	for i := range 24 {
		odd(i)
	}
	before := s.scrape()
	for i := range 1000 {
		odd(i)
	}
	after := s.scrape()
	name := "http_server_request_duration_seconds"
	assert.Len(t, after[name].Metric, len(before[name].Metric))
	assert.LessOrEqual(t, len(after[name].Metric), 6)
	assert.InDelta(t, series(before), series(after), 3, "the runtime's own may come and go")
}

func TestMetricsAddressThatIsTaken(t *testing.T) {
	s := startServer(t, map[string]string{"METRICS_ADDRESS": "127.0.0.1:0"})
	_, environ := world(t, map[string]string{"METRICS_ADDRESS": metricsAddress.FindStringSubmatch(s.log.String())[1]})
	err := run(t.Context(), nil, environ, strings.NewReader(""), io.Discard, &apptest.Log{})
	assert.ErrorContains(t, err, "METRICS_ADDRESS cannot be used")
}
