package app

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/telemetry/otlpjson"
	"github.com/clockwork-timer/backend/pkg/telemetry/sdk"
)

// neverByItself is how often a function's metrics are sent without being asked
// for: it is asked at the end of each answer.
const neverByItself = 24 * time.Hour

// FlushTimeout is what an answer of a function may take longer so that its
// trace is sent: the process is frozen once it is out.
const FlushTimeout = 500 * time.Millisecond

// sendTimeout is what the collector has to answer in: the exporter notes a
// failure while the answer still waits for it, so that the next does not.
const sendTimeout = FlushTimeout - 50*time.Millisecond

// functionTelemetry is for a process that is one function: nil unless
// OTEL_EXPORTER_OTLP_ENDPOINT is set. A function that cannot tell of itself
// works all the same.
func functionTelemetry(c *config.Config, log *slog.Logger) *telemetry.Telemetry {
	if c.Telemetry.Endpoint.URL.URL == nil {
		return nil
	}
	collector := otlpjson.Options{Endpoint: c.Telemetry.Endpoint.String(), Headers: c.Telemetry.Fields(), Transport: rest.NewTransport(), Timeout: sendTimeout}
	own, err := sdk.New(sdk.Options{
		Service: c.Telemetry.Service, Version: Version(c), Sampler: string(c.Telemetry.Sampler), Ratio: float64(c.Telemetry.Ratio),
		Spans:   otlpjson.NewSpans(collector),
		Readers: []metric.Reader{metric.NewPeriodicReader(otlpjson.NewMetrics(collector), metric.WithInterval(neverByItself))},
		Frozen:  true, Log: log,
	})
	if err != nil {
		log.Error("telemetry cannot be set up", "error", err)
		return nil
	}
	return own.Telemetry
}
