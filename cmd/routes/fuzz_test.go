package routes_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// cheapHash is the hash of an unknown password, at the lowest cost that is accepted.
const cheapHash = "$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// FuzzRequest asserts that every answer to any request has the contract's form, is no
// 5xx and no redirect, and holds no secret.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{"/api/timers/active", "/api/worklogs", "/api/issues/search", "/api/users/resolve", "/api/timers", "/login", "/api/health"} {
		f.Add("GET", path, "accountId=712020:abc&userEmail=a@b.test&wait=0&maxResults=3&q=abc&date=2026-05-04&tz=Europe/Berlin", `"1"`, "", []byte(nil))
	}
	f.Add("POST", "/api/timers/start", "", "", "clockwork-token", []byte(`{"issueKey":"ABC-7","comment":"a\nb","accountId":"712020:abc"}`))
	f.Add("POST", "/api/timers/stop", "", "", "clockwork-token", []byte(`{"timerId":-7}`))
	f.Add("POST", "/api/settings/validate", "", "", "", []byte(`{"accountId":"a","clockworkApiToken":"b"}`))
	f.Add("POST", "/login", "", "", "", []byte(`{"username":"an","password":"x"}`))
	f.Add("POST", "/api/timers/sync", "", "", "", []byte(`{}`))
	f.Add("GET", "/api/issues/..%2F..%2Fmyself", "key=a&key=b", "*, W/\"1\"", "", []byte(nil))
	f.Add("GET", "/api/issues/ABC-7%00", "wait=99999999999999999999", "", "", []byte(nil))
	f.Add("GET", "//api/../api/health", "deep=%zz", "", "", []byte(nil))
	w := apptest.New(f, apptest.Options{Inngest: true, Env: map[string]string{
		"JWT_SECRET": strings.Repeat("k", 40), "LOG_LEVEL": "error", "RATE_LIMIT": "off", "AUTH_USERS": `[{"username":"an","password_hash":"` + cheapHash + `"}]`}})
	handler := routes.Handler(w.Deps)
	known := map[string]bool{"GET": true, "POST": true, "PUT": true, "DELETE": true, "HEAD": true, "PATCH": true}
	f.Fuzz(func(t *testing.T, method, path, query, etag, token string, body []byte) {
		at, err := url.ParseRequestURI(path)
		if err != nil || !known[method] || path[0] != '/' || strings.HasSuffix(at.Path, "/inngest") {
			return // not HTTP, or the SDK's own
		}
		asked, _ := url.ParseQuery(query)
		if etag != "" && strings.Trim(strings.Join(asked["wait"], ""), "0") != "" {
			return // a long poll of up to 25 seconds
		}
		if strings.ContainsFunc(etag+token, func(r rune) bool { return r < ' ' && r != '\t' || r == '\x7f' }) {
			return // net/http's server answers 400 by itself
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(string(body)))
		r.URL = at
		r.URL.RawQuery = query
		for _, name := range []string{"If-None-Match", "Idempotency-Key", "X-Request-Id", "Traceparent", "Origin"} {
			r.Header[name] = []string{etag}
		}
		r.Header["X-Clockwork-Token"] = []string{token}
		if len(body) > 0 {
			r.Header.Set("Content-Type", "application/json")
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		answer := apptest.Answer{Status: recorder.Code, Header: recorder.Result().Header, Body: recorder.Body.Bytes()}
		assert.Less(t, answer.Status, 500, "%s", answer.Body)
		if answer.Status != http.StatusNotModified {
			assert.NotEqual(t, 3, answer.Status/100, "a redirect")
		}
		answer.AssertForm(t)
		for name, value := range w.Secrets() {
			require.NotContains(t, recorder.Body.String(), value, name)
		}
	})
}
