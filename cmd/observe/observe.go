// Package observe connects cmd/server to its operator's tools: it sends to the
// OpenTelemetry collector that OTEL_EXPORTER_OTLP_ENDPOINT names, and serves
// Prometheus at METRICS_ADDRESS. One set of instruments feeds both. If neither is
// set it does nothing: no goroutine, no call, no allocation.
package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/telemetry/sdk"
)

const (
	// sendTimeout bounds one attempt to reach the collector.
	sendTimeout = 10 * time.Second
	// flushTimeout bounds sending what is left at shutdown.
	flushTimeout = 3 * time.Second
)

// Observer is what New set up.
type Observer struct {
	// Telemetry is nil if neither is configured.
	Telemetry *telemetry.Telemetry

	sdk     *sdk.SDK
	metrics *metricsServer // nil if Prometheus is not configured
	log     *slog.Logger
}

// New sets up what is configured. It listens for Prometheus, and sends nothing
// yet.
func New(ctx context.Context, c *config.Config, log *slog.Logger) (*Observer, error) {
	o := &Observer{log: log}
	options := sdk.Options{Service: c.Telemetry.Service, Version: app.Version(c), Sampler: string(c.Telemetry.Sampler), Ratio: float64(c.Telemetry.Ratio), Log: log}
	if c.Telemetry.Endpoint.URL.URL != nil {
		if err := sendTo(ctx, &options, &c.Telemetry); err != nil {
			return nil, fmt.Errorf("telemetry: %w", err)
		}
	}
	if c.Telemetry.MetricsAddress != "" {
		server, err := newMetricsServer(string(c.Telemetry.MetricsAddress))
		if err != nil {
			return nil, fmt.Errorf("METRICS_ADDRESS cannot be used: %w", err)
		}
		o.metrics, options.Readers = server, append(options.Readers, server.reader)
	}
	if options.Readers == nil {
		return o, nil
	}
	var err error
	if o.sdk, err = sdk.New(options); err == nil {
		err = runtime.Start(runtime.WithMeterProvider(o.sdk.Metrics))
	}
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.Telemetry = o.sdk.Telemetry
	return o, nil
}

// sendTo adds OpenTelemetry's own exporters. A redirect is not followed, since
// the headers hold a credential.
func sendTo(ctx context.Context, options *sdk.Options, c *config.Telemetry) error {
	client := &http.Client{Timeout: sendTimeout, Transport: http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Endpoint.String()+"/v1/traces"),
		otlptracehttp.WithHeaders(c.Fields()), otlptracehttp.WithHTTPClient(client))
	if err != nil {
		return err
	}
	metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(c.Endpoint.String()+"/v1/metrics"),
		otlpmetrichttp.WithHeaders(c.Fields()), otlpmetrichttp.WithHTTPClient(client))
	if err != nil {
		return err
	}
	options.Spans = spans
	options.Readers = append(options.Readers, metric.NewPeriodicReader(metrics))
	return nil
}

// Run calls serve with a context whose calls are recorded, and serves Prometheus
// while serve runs. Then it sends what is left, within flushTimeout.
func (o *Observer) Run(ctx context.Context, serve func(ctx context.Context) error) error {
	if o.metrics != nil {
		o.log.Info("metrics for Prometheus", "address", o.metrics.listener.Addr().String())
		o.metrics.start()
	}
	err := serve(telemetry.With(ctx, o.Telemetry))
	if failed := o.close(); failed != nil {
		o.log.Warn("the last traces and metrics were not sent", "error", failed)
	}
	return err
}

func (o *Observer) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	var err error
	if o.sdk != nil {
		err = o.sdk.Shutdown(ctx)
	}
	if o.metrics != nil {
		err = errors.Join(err, o.metrics.close())
	}
	return err
}
