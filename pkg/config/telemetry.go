package config

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// Telemetry is the destination of traces and metrics, by OpenTelemetry's own names.
// Nothing is collected if neither Endpoint nor MetricsAddress is set.
type Telemetry struct {
	Endpoint Collector   `env:"OTEL_EXPORTER_OTLP_ENDPOINT"` // the base: /v1/traces and /v1/metrics are added
	Headers  secret.Text `env:"OTEL_EXPORTER_OTLP_HEADERS"`  // name=value,name=value: mostly a credential
	Service  string      `env:"OTEL_SERVICE_NAME" envDefault:"clockwork-timers"`
	Sampler  Sampler     `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_always_on"`
	Ratio    Ratio       `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1"`
	// MetricsAddress is where cmd/server shows its metrics to Prometheus, apart
	// from the API.
	MetricsAddress Address `env:"METRICS_ADDRESS"`
}

// Fields are Headers one by one, their values decoded.
func (t *Telemetry) Fields() map[string]string {
	fields := map[string]string{}
	for pair := range strings.SplitSeq(t.Headers.Reveal(), ",") {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.PathUnescape(strings.TrimSpace(value)); err == nil && strings.TrimSpace(name) != "" {
			fields[strings.TrimSpace(name)] = decoded
		}
	}
	return fields
}

func (t *Telemetry) faults() []Fault {
	for pair := range strings.SplitSeq(t.Headers.Reveal(), ",") {
		name, value, found := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); !t.Headers.IsZero() && (!found || strings.TrimSpace(name) == "" || err != nil) {
			return []Fault{{"OTEL_EXPORTER_OTLP_HEADERS", "must be name=value,name=value, the values percent-encoded"}}
		}
	}
	return nil
}

// Collector is the address of an OpenTelemetry collector, which is often in the
// same network, without TLS.
type Collector struct{ URL }

func (c *Collector) UnmarshalText(b []byte) error {
	text := strings.TrimRight(strings.TrimSpace(string(b)), "/")
	if text == "" {
		*c = Collector{}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be an address such as https://host:4318; credentials belong into OTEL_EXPORTER_OTLP_HEADERS")
	}
	*c = Collector{URL{u}}
	return nil
}

// Sampler decides which requests are traced.
type Sampler string

func (s *Sampler) UnmarshalText(b []byte) error {
	known := []Sampler{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}
	if *s = Sampler(strings.TrimSpace(string(b))); !slices.Contains(known, *s) {
		return errors.New("must be one of always_on, always_off, traceidratio, each also with parentbased_ before it")
	}
	return nil
}

// Ratio is a share of all, from 0 to 1.
type Ratio float64

func (r *Ratio) UnmarshalText(b []byte) error {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	if err != nil || !(f >= 0 && f <= 1) { // NaN is neither
		return errors.New("must be a number from 0 to 1")
	}
	*r = Ratio(f)
	return nil
}

// Address is host:port to listen on; :port is every interface.
type Address string

func (a *Address) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if _, port, err := net.SplitHostPort(text); text != "" && (err != nil || new(Port).UnmarshalText([]byte(port)) != nil) {
		return errors.New("must be host:port such as 127.0.0.1:9464, or :9464 for every interface")
	}
	*a = Address(text)
	return nil
}
