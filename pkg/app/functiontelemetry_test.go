package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/collector"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// function is a route as Vercel serves it: a process of its own.
func function(t *testing.T, w *apptest.World, c *collector.Collector) http.Handler {
	t.Helper()
	w.Env["OTEL_EXPORTER_OTLP_ENDPOINT"] = c.URL
	cfg, err := config.Load(w.Env)
	require.NoError(t, err)
	log := app.NewLog(w.Log, cfg)
	d, err := app.New(cfg, app.Options{Log: log, Now: w.Clock.Now, Telemetry: app.FunctionTelemetry(cfg, log)})
	require.NoError(t, err)
	return httpapi.WithDeps(d, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpapi.Serve(w, r, httpapi.Route{Method: http.MethodGet, Path: "/api/timers/active", Handle: func(ctx context.Context, d *app.Deps, _ *httpapi.Request) (web.Reply, error) {
			_, err := d.Redis.Do(ctx, "PING")
			return web.OK(map[string]bool{"done": true}), err
		}})
	}))
}

func call(handler http.Handler) (*httptest.ResponseRecorder, time.Duration) {
	began := time.Now()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/timers/active", nil))
	return w, time.Since(began)
}

// A function is frozen once its handler has returned: by then its spans and
// metrics are sent.
func TestFunctionTellsBeforeItIsFrozen(t *testing.T) {
	var w *apptest.World
	var c *collector.Collector
	var told []int
	for tries := 3; tries > 0 && !slices.Equal(told, []int{2, 4}); tries-- { // a machine may pause for longer than an answer waits
		w, c, told = apptest.New(t, apptest.Options{Unsynced: true}), collector.New(t), nil
		handler := function(t, w, c)
		for range 2 {
			answer, _ := call(handler)
			require.Equal(t, 200, answer.Code, "%s", answer.Body)
			told = append(told, len(c.Spans()))
		}
	}
	require.Equal(t, []int{2, 4}, told)
	server, redis := c.Spans()[1], c.Spans()[0]
	if server.Name == "PING" {
		server, redis = redis, server
	}
	assert.Equal(t, "GET /api/timers/active", server.Name)
	assert.Equal(t, server.SpanId, redis.ParentSpanId)
	served := c.Metrics()["http.server.request.duration"].GetHistogram()
	assert.EqualValues(t, 1, served.DataPoints[0].Count, "each answer is told of once")
	w.AssertDiscreet(t, c.Text())
}

// While the collector does not answer, one answer waits for half a second, and
// those after it for nothing.
func TestFunctionWithoutItsCollector(t *testing.T) {
	w, c := apptest.New(t, apptest.Options{Unsynced: true}), collector.New(t)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	var asked atomic.Int32
	c.Answer = func(http.ResponseWriter, *http.Request) { asked.Add(1); <-over }
	handler := function(t, w, c)
	answer, took := call(handler)
	assert.Equal(t, 200, answer.Code)
	assert.GreaterOrEqual(t, took, 400*time.Millisecond, "it was tried")
	assert.Less(t, took, 20*time.Second)
	tried := asked.Load()
	for range 3 {
		answer, _ = call(handler)
		assert.Equal(t, 200, answer.Code)
	}
	assert.Equal(t, tried, asked.Load(), "nor asked again so soon")
}

func TestFunctionWithoutTelemetry(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	assert.Nil(t, app.FunctionTelemetry(w.Deps.Config, w.Deps.Log))
}
