package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/web"
)

const ownPage = "https://timers.example.test"

// answer answers what is no preflight with a status of its own.
func answer(rules *web.CORS, w http.ResponseWriter, r *http.Request) {
	if !rules.Answer(w, r) {
		w.WriteHeader(http.StatusTeapot)
	}
}

func TestCORS(t *testing.T) {
	rules := web.NewCORS([]string{ownPage})
	for _, tt := range []struct {
		name, origin string
		allowed      bool
	}{
		{"tauri-on-macos-and-linux", "tauri://localhost", true},
		{"tauri-on-windows", "http://tauri.localhost", true},
		{"tauri-on-windows-https", "https://tauri.localhost", true},
		{"electron", "app://clockwork", true},
		{"configured", ownPage, true},
		{"another-site", "https://evil.example.test", false},
		{"configured-as-a-prefix", ownPage + ".evil.example", false},
		{"configured-as-a-suffix", "https://evil-timers.example.test", false},
		{"configured-without-tls", "http://timers.example.test", false},
		{"configured-on-another-port", ownPage + ":8443", false},
		{"tauri-development", "http://localhost:1420", false},
		{"this-machine", "http://localhost", false},
		{"below-tauri", "https://evil.tauri.localhost", false},
		{"another-electron-app", "app://other", false},
		{"file", "file://", false},
		{"opaque", "null", false},
		{"several", ownPage + " https://evil.example.test", false},
		{"wildcard", "*", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := ""
			if tt.allowed {
				want = tt.origin
			}
			simple := httptest.NewRequest(http.MethodGet, "/api/timers/active", nil)
			simple.Header.Set("Origin", tt.origin)
			w := httptest.NewRecorder()
			answer(rules, w, simple)
			assert.Equal(t, http.StatusTeapot, w.Code, "a request is answered whatever its origin")
			assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
			assert.Equal(t, []string{"Origin"}, w.Header().Values("Vary"), "no cache may give one origin's answer to another")
			assert.Equal(t, tt.allowed, rules.Allows(simple))

			w = httptest.NewRecorder()
			answer(rules, w, preflight(tt.origin, http.MethodPost, "content-type"))
			assert.Equal(t, http.StatusNoContent, w.Code, "the handler does not see a preflight")
			assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
			assert.Equal(t, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers", w.Header().Get("Vary"))
			if tt.allowed {
				assert.Equal(t, "7200", w.Header().Get("Access-Control-Max-Age"))
			}
		})
	}
}

// Caches keep what they were given to those without an Origin apart as well.
func TestCORSWithoutOrigin(t *testing.T) {
	rules := web.NewCORS(nil)
	w := httptest.NewRecorder()
	answer(rules, w, httptest.NewRequest(http.MethodGet, "/api/health", nil))
	assert.Equal(t, []string{"Origin"}, w.Header().Values("Vary"))
	assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))

	w = httptest.NewRecorder()
	answer(rules, w, httptest.NewRequest(http.MethodOptions, "/api/health", nil))
	assert.Equal(t, http.StatusTeapot, w.Code, "an OPTIONS that is no preflight is a request like another")
}

func TestCORSHeaders(t *testing.T) {
	rules := web.NewCORS(nil)
	for _, tt := range []struct {
		name, method, headers string
		allowed               bool
	}{
		{"read", http.MethodGet, "authorization,if-none-match,x-request-id", true},
		{"write", http.MethodPost, "authorization,content-type,idempotency-key,x-clockwork-token", true},
		{"stream", http.MethodGet, "authorization,last-event-id", true},
		{"delete", http.MethodDelete, "", true},
		{"put", http.MethodPut, "", true},
		{"forged-address", http.MethodPost, "x-forwarded-for", false},
		{"forged-address-on-vercel", http.MethodPost, "x-vercel-forwarded-for", false},
		{"cookie", http.MethodGet, "cookie", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			answer(rules, w, preflight("tauri://localhost", tt.method, tt.headers))
			assert.Equal(t, tt.allowed, w.Header().Get("Access-Control-Allow-Origin") != "")
			if tt.allowed {
				assert.Equal(t, tt.method, w.Header().Get("Access-Control-Allow-Methods"))
				assert.Equal(t, tt.headers, w.Header().Get("Access-Control-Allow-Headers"))
			}
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/api/health", nil)
	r.Header.Set("Origin", "tauri://localhost")
	w := httptest.NewRecorder()
	answer(rules, w, r)
	assert.ElementsMatch(t, []string{"Etag", "Retry-After", "X-Request-Id", "Server-Timing", "Ratelimit", "Ratelimit-Policy", "Idempotency-Replayed"},
		words(w.Header().Get("Access-Control-Expose-Headers")))
}

func preflight(origin, method, headers string) *http.Request {
	r := httptest.NewRequest(http.MethodOptions, "/api/timers/start", nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	if headers != "" {
		r.Header.Set("Access-Control-Request-Headers", headers)
	}
	return r
}

func words(list string) []string {
	var out []string
	for word := range strings.SplitSeq(list, ",") {
		out = append(out, http.CanonicalHeaderKey(strings.TrimSpace(word)))
	}
	return out
}

func TestProtect(t *testing.T) {
	header := http.Header{}
	web.Protect(header)
	for name, want := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		assert.Equal(t, []string{want}, header.Values(name))
	}
	web.Protect(header)
	assert.Len(t, header.Values("Cache-Control"), 1)
	header.Add("Cache-Control", "private")
	other := http.Header{}
	web.Protect(other)
	assert.Equal(t, []string{"no-store"}, other.Values("Cache-Control"), "an answer's own addition is not another's")
}
