package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/config"
)

func TestTelemetryDefaults(t *testing.T) {
	c, err := config.Load(complete())
	require.NoError(t, err)
	assert.Nil(t, c.Telemetry.Endpoint.URL.URL, "nowhere unless it is set")
	assert.Empty(t, c.Telemetry.MetricsAddress)
	assert.Empty(t, c.Telemetry.Fields())
	assert.Equal(t, "clockwork-timers", c.Telemetry.Service)
	assert.Equal(t, config.Sampler("parentbased_always_on"), c.Telemetry.Sampler)
}

func TestTelemetry(t *testing.T) {
	c, err := config.Load(with(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": " http://collector.internal:4318/base/ ", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20telemetry-token, x-team = a=b ",
		"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25", "METRICS_ADDRESS": ":9464",
	}))
	require.NoError(t, err)
	assert.Equal(t, "http://collector.internal:4318/base", c.Telemetry.Endpoint.String())
	assert.Equal(t, map[string]string{"Authorization": "Bearer telemetry-token", "x-team": "a=b"}, c.Telemetry.Fields())
	assert.InDelta(t, 0.25, float64(c.Telemetry.Ratio), 0)
	assert.Equal(t, config.Address(":9464"), c.Telemetry.MetricsAddress)
	known := map[string]bool{}
	for _, s := range c.Secrets() {
		known[s.Reveal()] = true
	}
	assert.True(t, known["telemetry-token"] && known["Bearer telemetry-token"], "what the header holds is a secret, with and without its scheme")
}

func TestTelemetryFaults(t *testing.T) {
	for variable, values := range map[string][]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": {"BADVALUE", "ftp://BADVALUE", "https://user:BADVALUE@host", "https://host/?token=BADVALUE"},
		"OTEL_EXPORTER_OTLP_HEADERS":  {"BADVALUE", "=BADVALUE", "a=%zBADVALUE", "a=b,BADVALUE"},
		"OTEL_TRACES_SAMPLER":         {"BADVALUE", "jaeger_remote"},
		"OTEL_TRACES_SAMPLER_ARG":     {"BADVALUE", "-1", "1.1", "NaN"},
		"METRICS_ADDRESS":             {"BADVALUE", "9464", "host:BADVALUE", ":99999"},
	} {
		for _, value := range values {
			_, err := config.Load(with(map[string]string{variable: value}))
			var faults *config.Error
			require.ErrorAs(t, err, &faults, "%s=%s", variable, value)
			assert.Equal(t, []string{variable}, faults.Variables())
			assert.NotContains(t, err.Error(), "BADVALUE", "a value was printed")
		}
	}
}
