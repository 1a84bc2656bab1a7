package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/web"
)

// FuzzOrigin: only the listed origins, in upper or lower case,
// may read an answer.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"", "null", "tauri://localhost", "https://tauri.localhost", "https://time.example.test", "https://time.example.test.evil.test",
		"https://eviltime.example.test", "HTTPS://TIME.EXAMPLE.TEST", "https://time.example.test:443", "https://time.example.test\r\nX-Evil: 1", "*"} {
		f.Add(s)
	}
	const configured = "https://time.example.test"
	listed := []string{"tauri://localhost", "http://tauri.localhost", "https://tauri.localhost", "app://clockwork", configured}
	rules := web.NewCORS([]string{configured})
	f.Fuzz(func(t *testing.T, origin string) {
		r := httptest.NewRequest(http.MethodOptions, "/api/timers/start", nil)
		r.Header["Origin"] = []string{origin}
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		w := httptest.NewRecorder()
		rules.Serve(w, r, func(http.ResponseWriter, *http.Request) {})
		known := slices.Contains(listed, strings.ToLower(origin))
		assert.Equal(t, known, rules.Allows(r))
		got := w.Header().Get("Access-Control-Allow-Origin")
		if known {
			assert.Equal(t, origin, got)
		} else {
			assert.Empty(t, got)
		}
		assert.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
	})
}

// FuzzRequestID: an id is reused only if it is safe in a header and a
// log; any other caller gets a new one.
func FuzzRequestID(f *testing.F) {
	for _, s := range []string{"", "abc-1", "a b", "a\r\nX-Evil: 1", strings.Repeat("a", 65), "ä", "a\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["X-Request-Id"] = []string{sent}
		got := web.RequestID(r)
		assert.Regexp(t, `\A[A-Za-z0-9._:-]{1,64}\z`, got)
	})
}
