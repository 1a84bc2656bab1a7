package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
)

// Every request is logged in one line, whatever its result. The line names the route,
// never a value that the caller sent.
func TestOneLineForEachRequest(t *testing.T) {
	s := startServer(t, map[string]string{"JWT_SECRET": jwtSecret, "AUTH_MODE": "open", "INNGEST_DEV": "1"})
	account := s.Person(1).AccountID
	for id, tc := range map[string]struct {
		method, path, body string
		route              string
		status             string
	}{
		"read":         {"GET", "/api/timers/active?accountId=" + account, "", "/api/timers/active", "200"},
		"issue":        {"GET", "/api/issues/PORTAL-301", "", "/api/issues/{key}", "200"},
		"no-issue":     {"GET", "/api/issues/marked", "", "/api/issues/{key}", "400"},
		"search":       {"GET", "/api/issues/search?accountId=" + account, "", "/api/issues/search", "200"},
		"user":         {"GET", "/api/users/resolve?email=marked@example.test", "", "/api/users/resolve", "404"},
		"write":        {"POST", "/api/timers/stop", `{"accountId":"` + account + `"}`, "/api/timers/stop", "401"},
		"login":        {"POST", "/login", `{"username":"marked","password":"marked"}`, "/login", "503"},
		"bad-token":    {"GET", "/timers", "", "/timers", "401"},
		"wrong-method": {"PUT", "/api/health", "", "/api/health", "405"},
		"odd-method":   {"MARKED", "/api/health", "", "/api/health", "405"},
		"preflight":    {"OPTIONS", "/api/timers/start", "", "/api/timers/start", "204"},
		"nothing":      {"GET", "/api/marked", "", "(none)", "404"},
		"odd-path":     {"GET", "/api//timers/../marked", "", "(none)", "404"},
		"page":         {"GET", "/", "", "/{page...}", "200"},
		"protocol":     {"GET", "/api/inngest", "", "/api/inngest", "200"},
		"no-upgrade":   {"GET", "/ws?token=marked", "", "/ws", "426"},
		"no-stream":    {"GET", "/api/timers/stream?token=marked", "", "/api/timers/stream", "401"},
	} {
		r, err := http.NewRequest(tc.method, s.base+tc.path, strings.NewReader(tc.body))
		require.NoError(t, err)
		r.Header.Set("X-Request-Id", "id-of-"+id)
		r.Header.Set("Content-Type", "application/json")
		if tc.method == http.MethodOptions {
			r.Header.Set("Origin", "tauri://localhost")
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		var lines []string
		require.Eventually(t, func() bool { // the line may come a moment after the answer
			lines = nil
			for line := range strings.Lines(s.log.String()) {
				if strings.Contains(line, "request_id=id-of-"+id+" ") || strings.HasSuffix(line, "request_id=id-of-"+id+"\n") {
					lines = append(lines, line)
				}
			}
			return len(lines) > 0
		}, time.Minute, time.Millisecond, id)
		require.Len(t, lines, 1, id)
		method := tc.method
		if method == "MARKED" {
			method = "_OTHER"
		}
		assert.Regexp(t, `msg=request method=`+method+` route="?`+strings.NewReplacer("(", `\(`, ")", `\)`, "{", `\{`, "}", `\}`, ".", `\.`).Replace(tc.route)+
			`"? status=`+tc.status+` duration_ms=[\d.]+ upstream_ms=[\d.]+ redis_ms=[\d.]+ request_id=`, lines[0])
	}
	s.stop()
	s.assertNoPrivateData(s.log.String())
}

const asProcess = "TEST_AS_PROCESS"

// TestMain lets a test start this program as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// If stderr is not a terminal, as in a container, each log line is JSON, with
// durations as numbers of milliseconds.
func TestJSONLogWithoutATerminal(t *testing.T) {
	w, environ := world(t, nil)
	command := exec.CommandContext(t.Context(), os.Args[0], "sync")
	command.Env = append(environ, asProcess+"=1")
	command.Stdout = io.Discard
	log := &apptest.Log{}
	errors, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	_, err = io.Copy(log, errors)
	require.NoError(t, err)
	require.NoError(t, command.Wait())
	assert.Regexp(t, `(?m)^\{"time":"[^"]+","level":"INFO","msg":"sync step","step":"cache-redis",.*"duration_ms":[\d.]+,.*"redis_commands":\d+`, log.String())
	for line := range strings.Lines(log.String()) {
		assert.True(t, strings.HasPrefix(line, "{") && strings.HasSuffix(line, "}\n"), line)
	}
	(&running{World: w, t: t}).assertNoPrivateData(log.String())
}
