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

	"github.com/clockwork-timer/backend/pkg/telemetry"
)

// One span for a call with its repetitions; the upstream learns nothing of it.
func TestSpanOfACall(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	told, err := telemetry.New(telemetry.Options{Traces: trace.NewTracerProvider(trace.WithSpanProcessor(spans)), Metrics: metric.NewMeterProvider()})
	require.NoError(t, err)
	var r *rig
	r = newRig(t, Options{}, func(w http.ResponseWriter, req *http.Request) {
		assert.Empty(t, req.Header.Get("Traceparent"))
		assert.Empty(t, req.Header.Get("Baggage"))
		if r.calls.Load() < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	incoming := httptest.NewRequest(http.MethodGet, "/timers", nil)
	incoming.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	ctx, request := told.Begin(t.Context(), incoming, "/timers", "req-1")
	_, err = r.Do(ctx, Request{Op: "x.get"})
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
}
