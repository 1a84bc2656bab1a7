package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/clockwork-timer/backend/pkg/telemetry/sdk"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const callersTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// One span for a call with its repetitions; the upstream gets its traceparent.
func TestSpanOfACall(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	recording := sdk.NewTelemetry(trace.NewTracerProvider(trace.WithSpanProcessor(spans)), metric.NewMeterProvider())
	var sent []string
	var r *rig
	r = newRig(t, Options{}, func(w http.ResponseWriter, req *http.Request) {
		sent = append(sent, req.Header.Get("Traceparent"))
		assert.Empty(t, req.Header.Get("Baggage"))
		if r.calls.Load() < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	ctx, request := recording.Begin(upstream.WithTraceparent(t.Context(), callersTrace), httptest.NewRequest(http.MethodGet, "/timers", nil), "/timers", "req-1")
	_, err := r.Do(ctx, Request{Op: "x.get"})
	require.NoError(t, err)
	request.End(200, "")
	require.Len(t, spans.Ended(), 2)
	call := spans.Ended()[0]
	assert.Equal(t, "jira x.get", call.Name())
	attributes := map[string]any{}
	for _, a := range call.Attributes() {
		attributes[string(a.Key)] = a.Value.AsInterface()
	}
	assert.EqualValues(t, 2, attributes["http.request.resend_count"])
	assert.EqualValues(t, 200, attributes["http.response.status_code"])
	require.Len(t, sent, 3)
	for _, header := range sent {
		assert.Equal(t, "00-0af7651916cd43dd8448eb211c80319c-"+call.SpanContext().SpanID().String()+"-01", header)
	}
}

// A function records nothing and passes on what its caller sent.
func TestTraceparentIsPassedOn(t *testing.T) {
	for header, want := range map[string]string{callersTrace: callersTrace, "": "", "00-nonsense": "", callersTrace + "\r\nX: y": ""} {
		r := newRig(t, Options{}, func(_ http.ResponseWriter, req *http.Request) { assert.Equal(t, want, req.Header.Get("Traceparent")) })
		_, err := r.Do(upstream.WithTraceparent(t.Context(), header), Request{Op: "x.get"})
		require.NoError(t, err)
	}
}
