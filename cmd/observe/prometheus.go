package observe

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	scrapesAtOnce = 3
	scrapeTimeout = 10 * time.Second
)

// metricsServer shows the metrics at /metrics, on a port of its own: they are
// for the operator, and the API's port is for everybody.
type metricsServer struct {
	reader   metric.Reader
	listener net.Listener
	server   *http.Server
	served   chan error // nil until start
}

func newMetricsServer(address string) (*metricsServer, error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})); err != nil {
		return nil, err
	}
	reader, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout}))
	return &metricsServer{reader: reader, listener: listener, server: &http.Server{
		Handler: mux, ReadHeaderTimeout: scrapeTimeout, ReadTimeout: scrapeTimeout, WriteTimeout: 2 * scrapeTimeout, IdleTimeout: 2 * time.Minute,
	}}, nil
}

func (m *metricsServer) start() {
	m.served = make(chan error, 1)
	go func() { m.served <- panics.Try(func() error { return m.server.Serve(m.listener) }) }()
}

func (m *metricsServer) close() error {
	err := m.server.Close()
	if m.served == nil {
		return errors.Join(err, m.listener.Close())
	}
	if served := <-m.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
