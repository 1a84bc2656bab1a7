package routes_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/account"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// send writes a request line unchanged, because an HTTP client would clean the path.
func send(t *testing.T, server *httptest.Server, line string, header ...string) apptest.Answer {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, line+" HTTP/1.1\r\nHost: api\r\nConnection: close\r\n"+strings.Join(append(header, "\r\n"), "\r\n"))
	require.NoError(t, err)
	raw, err := io.ReadAll(conn)
	require.NoError(t, err)
	return parse(t, raw)
}

func TestPaths(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	server := httptest.NewServer(routes.Handler(w.Deps))
	defer server.Close()
	for name, c := range map[string]struct {
		path   string
		status int
		code   string
	}{
		"issue":                {"/api/issues/BILL-209", 200, ""},
		"encoded-key":          {"/api/issues/%42ILL-209", 200, ""},
		"encoded-slash":        {"/api/issues/BILL-209%2Fcomment", 400, "BAD_REQUEST"},
		"encoded-upwards":      {"/api/issues/..%2Fsearch", 400, "BAD_REQUEST"},
		"encoded-dots":         {"/api/issues/%2e%2e%2Fsearch", 400, "BAD_REQUEST"},
		"encoded-backslash":    {"/api/issues/..%5Csearch", 400, "BAD_REQUEST"},
		"encoded-question":     {"/api/issues/BILL-209%3Ffields=x", 400, "BAD_REQUEST"},
		"encoded-null":         {"/api/issues/BILL-209%00", 400, "BAD_REQUEST"},
		"key-in-query-too":     {"/api/issues/BILL-209?key=OPS-42", 200, ""},
		"not-a-key":            {"/api/issues/nonsense", 400, "BAD_REQUEST"},
		"e-mail-for-a-key":     {"/api/issues/" + w.Person(5).Email, 400, "BAD_REQUEST"},
		"upwards":              {"/api/issues/../health", 404, "NOT_FOUND"},
		"upwards-at-the-end":   {"/api/timers/..", 404, "NOT_FOUND"},
		"two-slashes":          {"/api//health", 404, "NOT_FOUND"},
		"slash-at-the-end":     {"/api/health/", 404, "NOT_FOUND"},
		"no-key":               {"/api/issues/", 404, "NOT_FOUND"},
		"below-a-key":          {"/api/issues/BILL-209/comment", 404, "NOT_FOUND"},
		"root":                 {"/", 404, "NOT_FOUND"},
		"unknown":              {"/api/nothing", 404, "NOT_FOUND"},
		"in-capitals":          {"/API/HEALTH", 404, "NOT_FOUND"},
		"unknown-with-a-query": {"/x?token=" + url.QueryEscape(w.Token(1)), 404, "NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, server, "GET "+c.path)
			assert.Equal(t, c.status, a.Status, "%s", a.Body)
			assert.Equal(t, c.code, a.Failure().Error)
			a.AssertForm(t)
		})
	}
	w.AssertNoSecrets(t, "")
}

func TestPreflight(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: map[string]string{"CORS_ALLOWED_ORIGINS": "https://timers.example"}})
	server := httptest.NewServer(routes.Handler(w.Deps))
	defer server.Close()
	for origin, allowed := range map[string]bool{"tauri://localhost": true, "http://tauri.localhost": true, "http://localhost:1420": true, "https://timers.example": true, "https://evil.example": false, "null": false} {
		a := send(t, server, "OPTIONS /api/timers/start", "Origin: "+origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,x-clockwork-token")
		assert.Equal(t, http.StatusNoContent, a.Status)
		assert.Equal(t, allowed, a.Header.Get("Access-Control-Allow-Origin") == origin, origin)
		assert.Empty(t, a.Header.Get("Access-Control-Allow-Credentials"))
		assert.NotEmpty(t, a.Header.Get("X-Request-Id"))
		assert.NotEmpty(t, a.Header.Get("Server-Timing"))

		read := send(t, server, "GET /api/health", "Origin: "+origin)
		assert.Equal(t, 200, read.Status, "a read is not refused because of its origin: %s", origin)
		assert.Equal(t, allowed, read.Header.Get("Access-Control-Allow-Origin") == origin, origin)
	}
}

func TestRequestIDs(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	server := httptest.NewServer(routes.Handler(w.Deps))
	defer server.Close()
	assert.Equal(t, "abc-123", send(t, server, "GET /api/health", "X-Request-Id: abc-123").Header.Get("X-Request-Id"))
	assert.NotContains(t, send(t, server, "GET /api/health", "X-Request-Id: <script>").Header.Get("X-Request-Id"), "script")
	first, second := send(t, server, "GET /api/health"), send(t, server, "GET /api/health")
	assert.NotEqual(t, first.Header.Get("X-Request-Id"), second.Header.Get("X-Request-Id"))
	assert.Contains(t, w.Log.String(), "request_id=abc-123")
}

// A process without configuration names what is missing, on every route but health.
func TestNotConfigured(t *testing.T) {
	for _, name := range []string{"UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_URL", "KV_REST_API_TOKEN", "REDIS_URL", "JIRA_DOMAIN",
		"ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN", "JIRA_TENANT_SESSION_TOKEN", "JIRA_FULL_COOKIE", "AUTH_MODE", "JWT_SECRET", "VERCEL_ENV"} {
		t.Setenv(name, "")
	}
	t.Setenv("DEFAULT_TIMEZONE", "Mars/Olympus-with-a-secret")
	for _, route := range routes.All() {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(methodOf(route.Path), route.Path, strings.NewReader("{}"))
		request.Header.Set("Content-Type", "application/json")
		route.Handler(recorder, request)
		a := apptest.Answer{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.Bytes()}
		a.AssertForm(t)
		assertDocumented(t, methodOf(route.Path), route.Path, a)
		if route.Path == "/api/health" {
			assert.Equal(t, 200, a.Status)
			continue
		}
		assert.Equal(t, 503, a.Status, route.Path)
		assert.Equal(t, "NOT_CONFIGURED", a.Failure().Error, route.Path)
		for _, name := range []string{"UPSTASH_REDIS_REST_URL", "JIRA_DOMAIN", "ATLASSIAN_EMAIL", "ATLASSIAN_API_TOKEN", "JIRA_TENANT_SESSION_TOKEN", "DEFAULT_TIMEZONE"} {
			assert.Contains(t, a.Failure().Message, name, route.Path)
		}
		assert.NotContains(t, string(a.Body), "Mars", "no value")
	}
	recorder := httptest.NewRecorder()
	handlerOf("/api/health")(recorder, httptest.NewRequest("GET", "/api/health?deep=1", nil))
	assert.Equal(t, 503, recorder.Code)
	assert.Contains(t, recorder.Body.String(), `"configuration":{"status":"down"`)
}

// accountRoute returns the first route of pkg/account with that path.
func accountRoute(path string) (httpapi.Route, bool) {
	for _, route := range account.Routes {
		if route.Path == path {
			return route, true
		}
	}
	return httpapi.Route{}, false
}

// undecided are the variables of a deployment without AUTH_MODE.
var undecided = map[string]string{"AUTH_MODE": "", "VERCEL_ENV": "production", "INNGEST_EVENT_KEY": "event-key-0123", "INNGEST_SIGNING_KEY": "signkey-prod-0123456789abcdef"}

// A deployment without AUTH_MODE serves nobody.
func TestAuthUndecided(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: undecided})
	for _, route := range routes.All() {
		if own, found := accountRoute(route.Path); found && own.Auth == httpapi.NoLogin && !strings.HasSuffix(route.Path, "login") {
			continue // it needs no login, or a session that this test does not have
		}
		request := apptest.Request{Method: methodOf(route.Path), Target: route.Path, Header: map[string]string{"X-Clockwork-Token": w.Token(1), "Content-Type": "application/json"}}
		if request.Method == http.MethodPost {
			request.Body = `{"username":"hannah","password":"correct-horse"}` // login checks its fields first
		}
		a := w.Do(t.Context(), route.Handler, request)
		a.AssertForm(t)
		if route.Path == "/api/health" {
			assert.Equal(t, 200, a.Status)
			continue
		}
		assert.Equal(t, 503, a.Status, "%s: %s", route.Path, a.Body)
		assert.Equal(t, "AUTH_NOT_CONFIGURED", a.Failure().Error, route.Path)
		w.AssertNoSecrets(t, string(a.Body))
	}
	assert.Empty(t, w.Sandbox.Requests()["clockwork.worklogs"])
}

func parse(t *testing.T, raw []byte) apptest.Answer {
	t.Helper()
	head, body, found := strings.Cut(string(raw), "\r\n\r\n")
	require.True(t, found, "%q", raw)
	lines := strings.Split(head, "\r\n")
	require.Greater(t, len(lines[0]), 12)
	var status int
	require.NoError(t, json.Unmarshal([]byte(lines[0][9:12]), &status))
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header.Add(name, value)
	}
	return apptest.Answer{Status: status, Header: header, Body: []byte(body)}
}
