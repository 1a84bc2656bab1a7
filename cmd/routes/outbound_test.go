package routes_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/version"
)

// addressOf names the variable with the address of each server that this backend
// calls.
var addressOf = map[string]string{
	"clockwork": "CLOCKWORK_API_BASE_URL", "report": "CLOCKWORK_REPORT_BASE_URL", "jira": "JIRA_BASE_URL", "redis": "UPSTASH_REDIS_REST_URL", "inngest": "INNGEST_DEV",
}

// withServer returns a world in which handler plays a dependency.
func withServer(t *testing.T, dependency string, handler http.HandlerFunc) *apptest.World {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	env := loginEnv("open")
	env["RATE_LIMIT"], env[addressOf[dependency]], env["TIMER_SOURCE"] = "off", server.URL, "auto"
	if dependency == "report" {
		env["TIMER_SOURCE"] = "connect" // only this source calls it
	}
	return apptest.New(t, apptest.Options{Env: env, Inngest: true, Unsynced: true})
}

// askAll calls every route, and runs the sync.
func askAll(t *testing.T, w *apptest.World) {
	t.Helper()
	for _, route := range routes.All() {
		ask := good(route.Path)
		if route.Path == "/api/inngest" {
			ask = matrixOfSync()[0].ask
		}
		request := row{route: route.Path, ask: ask}.request(w)
		w.Do(t.Context(), request.handler, request.Request)
	}
}

// No redirect of any dependency is followed, so no credential reaches the redirect's
// target.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for dependency := range addressOf {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%s-%d", dependency, status), func(t *testing.T) {
				t.Parallel()
				var arrived atomic.Int64
				evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
				defer evil.Close()
				var asked atomic.Int64
				w := withServer(t, dependency, func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					http.Redirect(w, r, evil.URL+r.URL.Path, status)
				})
				askAll(t, w)
				assert.NotZero(t, asked.Load(), "the test is wrong: the dependency was not called")
				assert.Zero(t, arrived.Load())
				w.AssertNoSecrets(t, "")
			})
		}
	}
}

// Every request to another server has our User-Agent.
func TestUserAgent(t *testing.T) {
	for dependency := range addressOf {
		if dependency == "inngest" {
			continue // its SDK names itself
		}
		t.Run(dependency, func(t *testing.T) {
			t.Parallel()
			var agents sync.Map
			w := withServer(t, dependency, func(w http.ResponseWriter, r *http.Request) {
				agents.Store(r.UserAgent(), r.URL.Path)
				w.WriteHeader(http.StatusInternalServerError)
			})
			askAll(t, w)
			asked := 0
			agents.Range(func(agent, path any) bool {
				asked++
				assert.Contains(t, agent, version.UserAgent, path)
				return true
			})
			assert.NotZero(t, asked)
		})
	}
}

// The process's transport calls the configured hosts only, so that no mistake in a
// client or a library can reach another one.
func TestOnlyConfiguredHosts(t *testing.T) {
	w := apptest.New(t, apptest.Options{Inngest: true, Unsynced: true})
	var arrived atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	defer evil.Close()
	client := http.Client{Transport: w.Deps.Transport}
	for _, address := range []string{evil.URL, "http://169.254.169.254/latest/meta-data/", "https://inn.gs/e/key", w.Deps.Config.BrowseURL()} {
		_, err := client.Get(address)
		require.ErrorContains(t, err, "not among the configured ones", address)
	}
	assert.Zero(t, arrived.Load())
	for dependency, variable := range addressOf {
		response, err := client.Get(w.Env[variable])
		require.NoError(t, err, dependency)
		_ = response.Body.Close()
	}
}

// endless sends bytes until the client stops reading, and counts them.
type endless struct {
	status            int
	asked, done, sent atomic.Int64
}

func (e *endless) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.asked.Add(1)
	defer e.done.Add(1)
	chunk := strings.Repeat(`{"a":"aaaaaaaaaaaaaaaa"},`, 4<<10)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	_, _ = io.WriteString(w, "[")
	for e.sent.Load() < 1<<30 {
		n, err := io.WriteString(w, chunk)
		e.sent.Add(int64(n))
		if err != nil {
			return
		}
	}
}

// An endless answer is read up to its limit only. The kernel's buffers hold some
// more.
func TestAnswersAreBounded(t *testing.T) {
	const inFlight = 12 << 20
	for dependency, c := range map[string]struct {
		ask   asking
		route string
		limit int64 // of an answer with 200, in bytes
	}{
		"clockwork": {withToken(get("/api/worklogs?date=2026-04-28&accountId=ACCOUNT&tz=UTC")), "/api/worklogs", 32 << 20},
		"jira":      {good("/api/issues/search"), "/api/issues/search", 8 << 20},
		"redis":     {get("/api/timers/active"), "/api/timers/active", 16 << 20},
		"inngest":   {good("/api/timers/sync"), "/api/timers/sync", 64 << 10},
	} {
		for _, status := range []int{200, 500} {
			t.Run(fmt.Sprintf("%s-%d", dependency, status), func(t *testing.T) {
				upstream := &endless{status: status}
				w := withServer(t, dependency, upstream.ServeHTTP)
				request := row{route: c.route, ask: c.ask}.request(w)
				a := w.Do(t.Context(), request.handler, request.Request)
				assert.GreaterOrEqual(t, a.Status, 500, "%s", a.Body)
				limit := c.limit
				if status != http.StatusOK {
					limit = 3 * (1 << 20) // each of three attempts reads up to 1 MiB for an error message
				}
				require.NotZero(t, upstream.asked.Load())
				require.Eventually(t, func() bool { return upstream.done.Load() == upstream.asked.Load() }, 30*time.Second, time.Millisecond)
				assert.Less(t, upstream.sent.Load(), limit+inFlight)
			})
		}
	}
}
