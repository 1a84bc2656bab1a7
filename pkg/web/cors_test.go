package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/web"
)

func TestCORS(t *testing.T) {
	handler := web.CORS(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}), []string{"https://timers.example.test"})
	for origin, allowed := range map[string]bool{
		"tauri://localhost":                        true,
		"http://tauri.localhost":                   true,
		"https://tauri.localhost":                  true,
		"http://localhost:1420":                    true,
		"https://timers.example.test":              true,
		"https://evil.example.test":                false,
		"https://timers.example.test.evil.example": false,
		"http://timers.example.test":               false,
		"http://localhost:1421":                    false,
		"http://localhost":                         false,
		"https://evil.tauri.localhost":             false,
		"null":                                     false,
	} {
		t.Run(strings.NewReplacer(":", "-", "/", "").Replace(origin), func(t *testing.T) {
			want := ""
			if allowed {
				want = origin
			}
			simple := httptest.NewRequest(http.MethodGet, "/api/timers/active", nil)
			simple.Header.Set("Origin", origin)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, simple)
			assert.Equal(t, http.StatusTeapot, w.Code, "a request is answered whatever its origin")
			assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
			assert.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
			assert.Contains(t, w.Header().Values("Vary"), "Origin", "no cache may give one origin's answer to another")
			if allowed {
				assert.ElementsMatch(t, []string{"Etag", "Retry-After", "X-Request-Id", "Server-Timing"}, words(w.Header().Get("Access-Control-Expose-Headers")))
			}
			assert.Equal(t, allowed, web.OriginAllowed(simple, []string{"https://timers.example.test"}))

			w = httptest.NewRecorder()
			handler.ServeHTTP(w, preflight(origin, http.MethodPost, "authorization,content-type,if-none-match,x-clockwork-token,x-request-id"))
			assert.Equal(t, http.StatusNoContent, w.Code, "the handler does not see a preflight")
			assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin"))
			if allowed {
				assert.Equal(t, http.MethodPost, w.Header().Get("Access-Control-Allow-Methods"))
				assert.Equal(t, "600", w.Header().Get("Access-Control-Max-Age"))
				assert.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "x-clockwork-token")
			}
		})
	}
}

func preflight(origin, method, headers string) *http.Request {
	r := httptest.NewRequest(http.MethodOptions, "/api/timers/start", nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	r.Header.Set("Access-Control-Request-Headers", headers)
	return r
}

func words(list string) []string {
	var out []string
	for word := range strings.SplitSeq(list, ",") {
		out = append(out, http.CanonicalHeaderKey(strings.TrimSpace(word)))
	}
	return out
}

func TestCORSPreflightRefuses(t *testing.T) {
	handler := web.CORS(http.NotFoundHandler(), nil)
	for name, r := range map[string]*http.Request{
		"method": preflight("tauri://localhost", http.MethodDelete, ""),
		"header": preflight("tauri://localhost", http.MethodPost, "x-forwarded-for"),
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), name)
	}
}
