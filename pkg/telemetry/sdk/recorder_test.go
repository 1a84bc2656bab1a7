package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/telemetry/sdk"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// rig is a Telemetry whose spans and metrics are looked at.
type rig struct {
	*telemetry.Telemetry
	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	r.Telemetry = sdk.NewTelemetry(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans)), sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader)))
	return r
}

// span is the one that ended, as name, kind and attributes.
func (r *rig) span(t *testing.T, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, s := range r.spans.Ended() {
		if s.Name() == name {
			return s
		}
	}
	require.Fail(t, "no span "+name, "%v", r.spans.Ended())
	return nil
}

func attributes(list []attribute.KeyValue) map[string]any {
	all := map[string]any{}
	for _, a := range list {
		all[string(a.Key)] = a.Value.AsInterface()
	}
	return all
}

// points gives a metric's points by their attributes: the count of a histogram,
// the value of others.
func (r *rig) points(t *testing.T, name string) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.reader.Collect(t.Context(), &all))
	got := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					got[p.Attributes.Encoded(attribute.DefaultEncoder())] = int64(p.Count)
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					got[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					got[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
				}
			}
		}
	}
	return got
}

func TestRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		method, route, code string
		status              int
		want                map[string]any
		name                string
		failed              bool
	}{
		"answered": {"GET", "/api/issues/{key}", "", 200, map[string]any{"http.request.method": "GET", "http.route": "/api/issues/{key}", "http.response.status_code": int64(200)}, "GET /api/issues/{key}", false},
		"caller-at-fault": {"POST", "/api/timers/stop", "FORBIDDEN", 403, map[string]any{"http.request.method": "POST", "http.route": "/api/timers/stop",
			"http.response.status_code": int64(403)}, "POST /api/timers/stop", false},
		"server-at-fault": {"GET", "/timers", "CACHE_UNAVAILABLE", 503, map[string]any{"http.request.method": "GET", "http.route": "/timers",
			"http.response.status_code": int64(503), "error.type": "CACHE_UNAVAILABLE"}, "GET /timers", true},
		"no-code":          {"GET", "/timers", "", 500, map[string]any{"http.request.method": "GET", "http.route": "/timers", "http.response.status_code": int64(500), "error.type": "500"}, "GET /timers", true},
		"no-route":         {"GET", "", "NOT_FOUND", 404, map[string]any{"http.request.method": "GET", "http.response.status_code": int64(404)}, "GET", false},
		"no-method-either": {"MARKED", "", "NOT_FOUND", 404, map[string]any{"http.request.method": "_OTHER", "http.response.status_code": int64(404)}, "HTTP", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			request := httptest.NewRequest(tc.method, "/marked/path?marked=1", nil)
			ctx, q := r.Begin(t.Context(), request, tc.route, "req-1")
			assert.Same(t, r.Telemetry, telemetry.From(ctx))
			q.End(tc.status, tc.code)
			s := r.span(t, tc.name)
			tc.want["url.scheme"] = "http"
			measured := fmt.Sprint(len(tc.want))
			tc.want["network.protocol.version"], tc.want["http.response.header.x-request-id"] = "1.1", []string{"req-1"}
			assert.Equal(t, tc.want, attributes(s.Attributes()))
			assert.Equal(t, trace.SpanKindServer, s.SpanKind())
			assert.Equal(t, tc.failed, s.Status().Code == codes.Error)
			points := r.points(t, "http.server.request.duration")
			require.Len(t, points, 1)
			for attrs, count := range points {
				assert.EqualValues(t, 1, count)
				assert.Equal(t, measured, fmt.Sprint(1+countOf(attrs, ',')), attrs)
				assert.NotContains(t, attrs, "req-1")
			}
		})
	}
}

func countOf(text string, what rune) (n int) {
	for _, r := range text {
		if r == what {
			n++
		}
	}
	return n
}

// A caller's traceparent is continued, unless it is none. Upstreams get that of
// the span.
func TestTraceparent(t *testing.T) {
	const caller, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, tc := range map[string]struct {
		header string
		same   bool
	}{
		"sampled":  {"00-" + caller + "-" + parent + "-01", true},
		"none":     {"", false},
		"nonsense": {"00-" + caller + "-marked-01", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			ctx, q := r.Begin(upstream.WithTraceparent(t.Context(), tc.header), httptest.NewRequest("GET", "/timers", nil), "/timers", "req-1")
			assert.Len(t, upstream.TraceID(ctx), 32)
			assert.Equal(t, tc.same, upstream.TraceID(ctx) == caller)
			q.End(200, "")
			s := r.span(t, "GET /timers")
			assert.Equal(t, tc.same, s.Parent().SpanID().String() == parent)
			assert.Contains(t, upstream.Traceparent(ctx), s.SpanContext().SpanID().String())
		})
	}
}

func TestNotSampled(t *testing.T) {
	none := sdk.NewTelemetry(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), sdkmetric.NewMeterProvider())
	ctx, _ := none.Begin(t.Context(), httptest.NewRequest("GET", "/timers", nil), "/timers", "req-1")
	assert.Empty(t, upstream.TraceID(ctx), "nobody can look it up")
}

func TestCalls(t *testing.T) {
	timeout := &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	for name, tc := range map[string]struct {
		status, attempts int
		err              error
		problem          any
	}{
		"answered":       {200, 1, nil, nil},
		"repeated":       {200, 3, nil, nil},
		"refused":        {404, 1, &upstream.Error{Status: 404, Message: "marked"}, "404"},
		"timeout":        {0, 1, &upstream.Error{Err: context.DeadlineExceeded}, "timeout"},
		"timeout-of-net": {0, 1, timeout, "timeout"},
		"canceled":       {0, 1, &upstream.Error{Err: context.Canceled}, "canceled"},
		"reset":          {0, 1, &upstream.Error{Err: &net.OpError{Op: "read", Err: errors.New("marked")}}, "network"},
		"not-sent":       {0, 1, &upstream.Error{Err: upstream.ErrOpen}, "not_sent"},
		"something-else": {0, 1, errors.New("marked"), "error"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			ctx, q := r.Begin(t.Context(), httptest.NewRequest("GET", "/timers", nil), "/timers", "req-1")
			_, call := telemetry.StartCall(ctx, "jira", "issues.get", "GET", "jira.test")
			call.End(tc.status, tc.attempts, tc.err)
			q.End(200, "")
			s := r.span(t, "jira issues.get")
			want := map[string]any{"http.request.method": "GET", "service.peer.name": "jira", "server.address": "jira.test", "clockwork.operation": "issues.get"}
			if tc.status != 0 {
				want["http.response.status_code"] = int64(tc.status)
			}
			if tc.attempts > 1 {
				want["http.request.resend_count"] = int64(tc.attempts - 1)
			}
			if tc.problem != nil {
				want["error.type"] = tc.problem
			}
			assert.Equal(t, want, attributes(s.Attributes()))
			assert.Equal(t, trace.SpanKindClient, s.SpanKind())
			assert.Equal(t, r.span(t, "GET /timers").SpanContext().SpanID(), s.Parent().SpanID())
			points := r.points(t, "http.client.request.duration")
			require.Len(t, points, 1)
			for attrs := range points {
				assert.NotContains(t, attrs, "marked")
				assert.Contains(t, attrs, "service.peer.name=jira")
			}
		})
	}
}

// refusedByRedis is an error of Redis' own.
type refusedByRedis struct{}

func (refusedByRedis) Error() string     { return "WRONGTYPE marked" }
func (refusedByRedis) RedisCode() string { return "WRONGTYPE" }

func TestRedis(t *testing.T) {
	r := newRig(t)
	ctx, q := r.Begin(t.Context(), httptest.NewRequest("GET", "/timers", nil), "/timers", "req-1")
	_, call := r.StartRedis(ctx, []any{"mget", "marked:key", "marked:value"})
	call.EndRedis(nil)
	_, call = r.StartRedis(ctx, []any{"SET", "marked", "marked"}, []any{"GET", "marked"})
	call.EndRedis(refusedByRedis{})
	_, call = r.StartRedis(t.Context(), []any{"GET", "marked"}) // of no request
	call.EndRedis(nil)
	q.End(200, "")
	require.Len(t, r.spans.Ended(), 3, "what belongs to no request is no trace of its own")
	assert.Equal(t, map[string]any{"db.system.name": "redis", "db.operation.name": "MGET"}, attributes(r.span(t, "MGET").Attributes()))
	assert.Equal(t, map[string]any{"db.system.name": "redis", "db.operation.name": "PIPELINE", "db.operation.batch.size": int64(2), "error.type": "refused"},
		attributes(r.span(t, "PIPELINE").Attributes()))
	assert.Equal(t, map[string]int64{"db.operation.name=MGET,db.system.name=redis": 1, "db.operation.name=SET,db.system.name=redis": 1, "db.operation.name=GET,db.system.name=redis": 2},
		r.points(t, "clockwork.redis.commands"))
	assert.Equal(t, map[string]int64{"db.operation.name=MGET,db.system.name=redis": 1, "db.operation.name=GET,db.system.name=redis": 1,
		"db.operation.name=PIPELINE,db.system.name=redis,error.type=refused": 1}, r.points(t, "db.client.operation.duration"))
}

func TestSteps(t *testing.T) {
	r := newRig(t)
	ctx, step := telemetry.StartStep(telemetry.With(t.Context(), r.Telemetry), "cache-redis")
	telemetry.Changed(ctx, 2, 1, 0)
	step.End(errors.New("marked"))
	assert.Equal(t, map[string]any{"clockwork.sync.step": "cache-redis", "clockwork.sync.started": int64(2), "clockwork.sync.stopped": int64(1),
		"clockwork.sync.edited": int64(0), "error.type": "error"}, attributes(r.span(t, "sync cache-redis").Attributes()))
	assert.Equal(t, map[string]int64{"clockwork.sync.step=cache-redis,error.type=error": 1}, r.points(t, "clockwork.sync.step.duration"))
	assert.Equal(t, map[string]int64{"clockwork.sync.change=started": 2, "clockwork.sync.change=stopped": 1, "clockwork.sync.change=edited": 0}, r.points(t, "clockwork.sync.changed"))
}

func TestRealtime(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.Watch(func() telemetry.Realtime { return telemetry.Realtime{WebSockets: 2, Streams: 1, Received: 5, Sent: 9} }))
	r.Committed(time.Millisecond, nil)
	r.Committed(time.Second, context.DeadlineExceeded)
	assert.Equal(t, map[string]int64{"clockwork.realtime.transport=websocket": 2, "clockwork.realtime.transport=sse": 1}, r.points(t, "clockwork.realtime.connections"))
	assert.Equal(t, map[string]int64{"network.io.direction=receive": 5, "network.io.direction=transmit": 9}, r.points(t, "clockwork.realtime.messages"))
	assert.Equal(t, map[string]int64{"": 1, "error.type=timeout": 1}, r.points(t, "clockwork.realtime.commit.duration"))
}

func TestRefusals(t *testing.T) {
	r := newRig(t)
	r.RateLimited(t.Context(), "write")
	require.NoError(t, r.WatchBreakers(func(tell func(string, bool)) { tell("jira", true); tell("redis", false) }))
	assert.Equal(t, map[string]int64{"clockwork.rate_limit.policy=write": 1}, r.points(t, "clockwork.rate_limited"))
	assert.Equal(t, map[string]int64{"service.peer.name=jira": 1, "service.peer.name=redis": 0}, r.points(t, "clockwork.upstream.breaker.open"))
}

// A stream ends, for the metrics, when it begins to answer.
func TestHandler(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		status int
	}{
		"stream":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(101) }, 101},
		"body":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }, 200},
		"nothing": {func(http.ResponseWriter, *http.Request) {}, 200},
		"twice":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401); w.WriteHeader(500) }, 401},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			request := httptest.NewRequest("GET", "/ws", nil)
			r.Handler("/ws", func(w http.ResponseWriter, in *http.Request) {
				assert.Nil(t, telemetry.From(in.Context()), "what it causes later belongs to no request")
				tc.answer(w, in)
			})(httptest.NewRecorder(), request)
			require.Len(t, r.spans.Ended(), 1)
			assert.EqualValues(t, tc.status, attributes(r.spans.Ended()[0].Attributes())["http.response.status_code"])
		})
	}
}

// The hot path of a process without telemetry.
func TestNothingCostsNothing(t *testing.T) {
	var none *telemetry.Telemetry
	request := httptest.NewRequest("GET", "/timers", nil)
	ctx, cmd := t.Context(), []any{"MGET", "a", "b"}
	allocated := testing.AllocsPerRun(100, func() {
		ctx, q := none.Begin(ctx, request, "/timers", "req-1")
		_, redis := none.StartRedis(ctx, cmd)
		redis.EndRedis(nil)
		ctx, call := telemetry.StartCall(ctx, "jira", "issues.get", "GET", "jira.test")
		call.End(200, 1, nil)
		ctx, step := telemetry.StartStep(ctx, "cache-redis")
		telemetry.Changed(ctx, 1, 1, 1)
		step.End(nil)
		none.Committed(time.Second, nil)
		none.RateLimited(ctx, "write")
		if telemetry.With(ctx, none) != ctx {
			t.Fail()
		}
		q.End(200, "")
	})
	assert.Zero(t, allocated)
	handler := none.Handler("/ws", func(http.ResponseWriter, *http.Request) {})
	assert.NotPanics(t, func() { handler(nil, nil) }, "it is next itself")
	assert.NoError(t, none.Watch(nil))
	assert.NoError(t, none.WatchBreakers(nil))
}
