package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/telemetry/sdk"
)

// BenchmarkTelemetry is the poll of every client, over the played Upstash, with
// telemetry and without: what is sent stays in the process. The ratio is of the
// two times.
func BenchmarkTelemetry(b *testing.B) {
	var off float64
	for _, c := range []struct {
		name string
		told func() (*telemetry.Telemetry, func())
	}{
		{"off", func() (*telemetry.Telemetry, func()) { return nil, func() {} }},
		{"on", func() (*telemetry.Telemetry, func()) {
			s, err := sdk.New(sdk.Options{Service: "bench", Spans: tracetest.NewNoopExporter(), Readers: []sdkmetric.Reader{sdkmetric.NewManualReader()}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			return s.Telemetry, func() { _ = s.Shutdown(context.Background()) }
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			told, end := c.told()
			defer end()
			w := apptest.New(b, apptest.Options{Env: map[string]string{"RATE_LIMIT": "off"}})
			cfg, err := config.Load(w.Env)
			if err != nil {
				b.Fatal(err)
			}
			d, err := app.New(cfg, app.Options{Log: slog.New(slog.DiscardHandler), Now: w.Clock.Now, Telemetry: told})
			if err != nil {
				b.Fatal(err)
			}
			handler, target := httpapi.WithDeps(d, http.HandlerFunc(timers.HandleActive)), "/api/timers/active?accountId="+w.Person(1).AccountID
			b.ReportAllocs()
			for b.Loop() {
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, target, nil))
				if answer.Code != http.StatusOK {
					b.Fatalf("status %d: %s", answer.Code, answer.Body)
				}
			}
			each := float64(b.Elapsed()) / float64(b.N)
			if c.name == "off" {
				off = each
			}
			b.ReportMetric(each/off, "ratio")
		})
	}
}
