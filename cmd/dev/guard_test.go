package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page that reaches dev by DNS rebinding cannot read anything, and a page of
// another origin cannot change the sandbox. The developer's own pages can do both.
func TestForeignPages(t *testing.T) {
	for _, mode := range []string{"open", "required"} {
		t.Run(mode, func(t *testing.T) {
			dev := startDev(t, []string{"--port", "0"}, []string{"AUTH_MODE=" + mode, "CORS_ALLOWED_ORIGINS=https://tunnel.example"})
			defer dev.stop(t)
			ask := func(method, path, host string, header ...string) (int, string) {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), method, dev.base+path, strings.NewReader("{}"))
				require.NoError(t, err)
				r.Host = host
				for i := 0; i < len(header); i += 2 {
					r.Header.Set(header[i], header[i+1])
				}
				response, err := http.DefaultTransport.RoundTrip(r)
				require.NoError(t, err)
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				return response.StatusCode, string(body)
			}
			for _, path := range []string{"/", "/api/health", "/api/timers/active", "/_sandbox/env", "/_sandbox/control/state", "/_sandbox/control/credentials", "/_sandbox/jira/rest/api/3/myself", "/ws", "/nothing"} {
				for _, host := range []string{"evil.test:" + dev.port(), "evil.test", "0.0.0.0:" + dev.port()} {
					status, body := ask("GET", path, host)
					assert.Equal(t, 403, status, "%s for %s", path, host)
					assert.Contains(t, body, "ORIGIN_NOT_ALLOWED")
				}
				for _, host := range []string{"localhost:" + dev.port(), "127.0.0.1:" + dev.port(), "tunnel.example"} {
					status, _ := ask("GET", path, host)
					assert.NotEqual(t, 403, status, "%s for %s", path, host)
				}
			}
			const start = "/_sandbox/control/timers/start"
			for _, path := range []string{start, "/_sandbox/control/faults", "/_sandbox/control", "/_sandbox/env", "/_sandbox/people", "/_sandbox/control/state"} {
				for _, method := range []string{"GET", "POST"} {
					for _, header := range [][]string{{"Origin", "https://evil.test"}, {"Origin", "null"}, {"Origin", "http://localhost:5173"}, {"Origin", "https://tunnel.example"}, {"Sec-Fetch-Site", "cross-site"}} {
						status, body := ask(method, path, "localhost:"+dev.port(), header...)
						assert.Equal(t, 403, status, "%s %s with %v", method, path, header)
						assert.Contains(t, body, "ORIGIN_NOT_ALLOWED")
					}
				}
			}
			status, _ := ask("POST", start, "localhost:"+dev.port(), "Origin", "http://localhost:"+dev.port(), "Sec-Fetch-Site", "same-origin")
			assert.NotEqual(t, 403, status, "dev's own page")
			status, body := ask("GET", "/_sandbox/env", "localhost:"+dev.port(), "Sec-Fetch-Site", "none")
			assert.Equal(t, 200, status, "typed by hand")
			assert.Contains(t, body, "JIRA_DOMAIN=")
		})
	}
}

// --env prints the sandbox's variables and dev's settings. It prints no other
// variable of the developer's, because that may be a secret.
func TestEnvPrintsNoSecret(t *testing.T) {
	given := []string{"JWT_SECRET=SECRET-0123456789-0123456789-0123",
		"CORS_ALLOWED_ORIGINS=https://secret.example", "DATABASE_URL=sqlite://" + t.TempDir() + "/SECRET.db", "UPSTASH_REDIS_REST_TOKEN=SECRET",
		"ATLASSIAN_API_TOKEN=SECRET", "REDIS_URL=redis://SECRET", "HOME=/SECRET", "AUTH_MODE=required", "INNGEST_DEV=http://127.0.0.1:9", "LOG_LEVEL=warn"}
	dev := startDev(t, []string{"--port", "0"}, given)
	defer dev.stop(t)
	text := variables(t, dev)
	assert.NotContains(t, strings.ToUpper(text), "SECRET.")
	assert.NotContains(t, text, "SECRET-")
	assert.NotContains(t, text, "='SECRET")
	assert.NotContains(t, text, "SECRET'")
	for _, absent := range []string{"JWT_SECRET=", "CORS_", "DATABASE_URL=", "REDIS_URL=", "HOME="} {
		assert.NotContains(t, text, "\n"+absent)
	}
	for _, line := range []string{"AUTH_MODE='required'", "INNGEST_DEV='http://127.0.0.1:9'", "LOG_LEVEL='warn'"} {
		assert.Contains(t, text, line)
	}
}
