package doctor

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// checkLimits warns if requests are not limited.
func checkLimits(_ context.Context, t *target) []Finding {
	switch {
	case t.wrong("RATE_LIMIT"):
		return only(skip(see))
	case !bool(t.config.RateLimit):
		return only(warn("RATE_LIMIT=off: nothing limits how often anyone asks, unless a proxy in front of the server does"))
	}
	return only(ok("requests are limited per caller and per address"))
}

// checkTelemetry sends the collector a list of no traces, with its credentials.
func checkTelemetry(ctx context.Context, t *target) []Finding {
	otlp := t.config.Telemetry
	switch {
	case t.wrong("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"):
		return only(skip(see))
	case otlp.Endpoint.URL.URL == nil:
		return only(skip("OTEL_EXPORTER_OTLP_ENDPOINT is not set: no traces are sent"))
	}
	client, err := rest.New(rest.Options{Upstream: "collector", BaseURL: otlp.Endpoint.String(), Transport: t.transport, Now: t.now})
	if err != nil {
		return only(fail("%v: set OTEL_EXPORTER_OTLP_ENDPOINT", err))
	}
	header, secrets := http.Header{}, []secret.Text{otlp.Headers}
	for name, value := range otlp.Fields() {
		header.Set(name, value)
		secrets = append(secrets, secret.New(value))
	}
	began := t.now()
	_, err = client.Do(ctx, rest.Request{Op: "traces", Method: http.MethodPost, Path: []string{"v1", "traces"}, JSON: struct{}{}, Header: header, Secrets: secrets})
	switch {
	case err == nil:
		return only(ok("the collector accepts traces, %s", took(t.now().Sub(began))))
	case refused(err):
		return only(fail("%d: the collector refuses OTEL_EXPORTER_OTLP_HEADERS: set the credentials that it asks for", upstream.StatusOf(err)))
	case upstream.StatusOf(err) == http.StatusUnsupportedMediaType, upstream.StatusOf(err) == http.StatusBadRequest:
		return only(ok("the collector answers; whether it accepts traces was not checked"))
	}
	return only(fail("the collector: %s: check OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces, and that it speaks OTLP over HTTP", cause(err)))
}
