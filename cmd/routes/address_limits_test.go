package routes_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// sendFrom sends a request from an address.
func sendFrom(handler http.Handler, address, method, target, body string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	request.RemoteAddr = address + ":4711"
	return answerTo(handler, request, header...)
}

// answerTo sends a JSON request with more headers: names and values in turn.
func answerTo(handler http.Handler, request *http.Request, header ...string) *httptest.ResponseRecorder {
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// served calls test with the handler of a process that serves everything.
func served(t *testing.T, w *apptest.World, test func(http.Handler)) {
	t.Helper()
	require.NoError(t, live.Run(t.Context(), w.Deps, func(_ context.Context, mounted []routes.Route) error {
		pages, err := routes.Pages(w.Deps, tree(true))
		require.NoError(t, err)
		test(routes.Handler(w.Deps, append(mounted, pages)...))
		return nil
	}))
}

// Every route limits the requests of an address. Counting costs no command in Redis,
// and another address is served meanwhile.
func TestEveryRouteCountsPerAddress(t *testing.T) {
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	for _, tt := range []struct {
		name, method, target, body string
		header                     []string
		quota                      int
	}{
		{"health", "GET", "/api/health", "", nil, 1200},
		{"inngest-unsigned", "POST", "/api/inngest?fnId=x&stepId=step", "{}", nil, 1200},
		{"inngest-read", "GET", "/api/inngest", "", nil, 1200},
		{"inngest-wrong-method", "DELETE", "/api/inngest", "", nil, 1200},
		{"websocket-bad-token", "GET", "/ws?token=x", "", upgrade, 1200},
		{"websocket-no-handshake", "GET", "/ws", "", nil, 1200},
		{"stream-bad-token", "GET", "/api/timers/stream?token=x", "", nil, 1200},
		{"wrong-method", "DELETE", "/api/timers/active", "", nil, 1200},
		{"preflight", "OPTIONS", "/api/timers/start", "", []string{"Origin", "https://evil.test", "Access-Control-Request-Method", "POST"}, 1200},
		{"page", "GET", "/", "", nil, 1500},
		{"page-wrong-method", "POST", "/", "{}", nil, 1500},
		{"unknown-page", "GET", "/nothing", "", nil, 1500},
		{"unknown-path", "GET", "/api/nothing", "", nil, 1200},
		{"unclean-path", "GET", "//nothing", "", nil, 1200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"JWT_SECRET": jwtSecret, "DATABASE_URL": "sqlite://:memory:",
				"INNGEST_EVENT_KEY": "event-key-0123", "INNGEST_SIGNING_KEY": "signkey-prod-0123456789abcdef"}})
			served(t, w, func(handler http.Handler) {
				spent := w.Spent(t, func() {
					for n := range tt.quota {
						require.NotEqual(t, 429, sendFrom(handler, "192.0.2.1", tt.method, tt.target, tt.body, tt.header...).Code, "request %d", n)
					}
					refused := sendFrom(handler, "192.0.2.1", tt.method, tt.target, tt.body, tt.header...)
					assert.Equal(t, 429, refused.Code)
					a := apptest.Answer{Status: refused.Code, Header: refused.Result().Header, Body: refused.Body.Bytes()}
					a.AssertForm(t)
					assert.Equal(t, "RATE_LIMITED", a.Failure().Error)
					assert.Equal(t, "Too many requests. Try again in a second.", a.Failure().Message)
					assert.Equal(t, "1", a.Header.Get("Retry-After"))
					assert.NotEqual(t, 429, sendFrom(handler, "192.0.2.2", tt.method, tt.target, tt.body, tt.header...).Code, "another address")
				})
				assert.Less(t, spent.Commands, int64(10), "commands in Redis, of which the realtime server sends one or two")
			})
		})
	}
}

// All routes of a process count together for an address.
func TestAddressIsCountedOnceForAll(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	handler := routes.Handler(w.Deps)
	for range 1100 {
		require.Equal(t, 200, sendFrom(handler, "192.0.2.1", "GET", "/api/health", "").Code)
	}
	for range 100 {
		require.Equal(t, 200, sendFrom(handler, "192.0.2.1", "GET", "/api/timers/active", "").Code)
	}
	assert.Equal(t, 429, sendFrom(handler, "192.0.2.1", "GET", "/api/timers/active", "").Code)
}

// A caller who makes up issue keys causes no more requests to Jira than one who
// searches. Reading a known issue is not a lookup.
func TestUnknownIssuesAreLookups(t *testing.T) {
	for name, tt := range map[string]struct {
		mode, header string
		quota        int
	}{"anybody": {"open", "", 300}, "made-up-tokens": {"open", "each", 300}, "one-token": {"open", "one", 60}, "login": {"required", "", 60}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t, apptest.Options{Unsynced: true, Env: loginEnv(tt.mode)})
			handler := routes.Handler(w.Deps)
			ask := func(n int, key string) *httptest.ResponseRecorder {
				header := []string{"X-Clockwork-Token", map[string]string{"each": fmt.Sprintf("made-up-%d", n), "one": "one"}[tt.header]}
				if tt.mode == "required" {
					header = []string{"Authorization", login(w, 5, "")}
				}
				return sendFrom(handler, "192.0.2.1", "GET", "/api/issues/"+key, "", header...)
			}
			require.Equal(t, 200, ask(0, "BILL-209").Code)
			asked := func() int { return w.Sandbox.Requests()["jira.issue"] }
			require.Equal(t, 1, asked(), "%v", w.Sandbox.Requests())
			for n := 1; n < tt.quota; n++ {
				require.Equal(t, 404, ask(n, fmt.Sprintf("GONE-%d", n)).Code, "request %d", n)
			}
			refused := ask(tt.quota, "GONE-9999")
			assert.Equal(t, 429, refused.Code)
			assert.Contains(t, refused.Header().Get("RateLimit-Policy"), fmt.Sprintf("q=%d;", tt.quota), "the quota that refused it")
			assert.Equal(t, tt.quota, asked(), "refused requests do not reach Jira")
			assert.Equal(t, 200, ask(tt.quota, "BILL-209").Code, "a known issue is not a lookup")
			assert.Equal(t, 404, ask(tt.quota, "GONE-1").Code, "a known missing issue is not a lookup either")
			w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 500})
			assert.Equal(t, 429, ask(tt.quota, "BILL-209").Code, "without Redis every issue is a lookup, and the quota still holds")
		})
	}
}

// A function counts requests as a server does.
func TestFunctionsCountPerAddress(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	health := httpapi.WithDeps(w.Deps, handlerOf("/api/health"))
	for range 1200 {
		require.Equal(t, 200, sendFrom(health, "192.0.2.1", "GET", "/api/health", "").Code)
	}
	assert.Equal(t, 429, sendFrom(health, "192.0.2.1", "GET", "/api/health", "").Code)
}
