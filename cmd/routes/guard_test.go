package routes_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

// reach sends a POST or other request with a Host and more headers.
func reach(handler http.Handler, method, host string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "http://x/api/timers/sync", strings.NewReader("{}"))
	request.Host = host
	return answerTo(handler, request, header...)
}

var (
	loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000}
	loopV6   = &net.TCPAddr{IP: net.IPv6loopback, Port: 3000}
	anyV4    = &net.TCPAddr{IP: net.IPv4zero, Port: 3000}
	anyV6    = &net.TCPAddr{IP: net.IPv6unspecified, Port: 3000}
)

// A page whose host name is rebound to 127.0.0.1 cannot reach a server that listens
// on this machine only, because its requests name that host.
func TestGuardHost(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Inngest: true, Env: map[string]string{"CORS_ALLOWED_ORIGINS": "https://Timers.example.com,http://tunnel.example:8443"}})
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for host, allowed := range map[string]bool{
		"127.0.0.1:3000": true, "127.0.0.1": true, "127.8.9.1:80": true, "localhost:3000": true, "LocalHost": true, "localhost.": true,
		"app.localhost:3000": true, "[::1]:3000": true, "[::1]": true, "[::ffff:127.0.0.1]:3000": true,
		"timers.example.com": true, "TIMERS.example.com:443": true, "tunnel.example:1": true,
		"evil.test:3000": false, "evil.test": false, "127.0.0.1.evil.test": false, "localhost.evil.test": false, "notlocalhost": false,
		"0.0.0.0:3000": false, "[::]:3000": false, "192.168.1.5:3000": false, "10.0.0.1": false, "[fe80::1]:3000": false,
		"evil.timers.example.com": false, "": false, "localhost@evil.test": false, "127.0.0.1:3000@evil.test": false, "2130706433": false, "0x7f.1": false,
	} {
		t.Run(host, func(t *testing.T) {
			for _, address := range []net.Addr{loopback, loopV6} {
				for _, method := range []string{"GET", "POST", "OPTIONS", "HEAD"} {
					got := reach(routes.Guard(w.Deps, address, served), method, host)
					if allowed {
						assert.Equal(t, http.StatusTeapot, got.Code, method)
						continue
					}
					assert.Equal(t, http.StatusForbidden, got.Code, method)
					assert.Contains(t, got.Body.String(), `"error":"ORIGIN_NOT_ALLOWED"`)
					apptest.Answer{Status: got.Code, Header: got.Result().Header, Body: got.Body.Bytes()}.AssertForm(t)
				}
			}
			for _, address := range []net.Addr{anyV4, anyV6} {
				assert.Equal(t, http.StatusTeapot, reach(routes.Guard(w.Deps, address, served), "GET", host).Code, "a server that others reach may have any name")
			}
		})
	}
}

// In open mode foreign pages cannot start, stop or request a sync, whatever address
// the server listens on. Programs that are not browsers can.
func TestGuardOrigin(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Inngest: true, Env: map[string]string{"CORS_ALLOWED_ORIGINS": "https://timers.example.com"}})
	for _, tt := range []struct {
		name, host string
		header     []string
		allowed    bool
	}{
		{"no-browser", "192.168.1.5:3000", nil, true},
		{"own-page", "192.168.1.5:3000", []string{"Origin", "http://192.168.1.5:3000", "Sec-Fetch-Site", "same-origin"}, true},
		{"own-page-of-an-old-browser", "192.168.1.5:3000", []string{"Origin", "http://192.168.1.5:3000"}, true},
		{"own-page-behind-a-proxy", "clockwork:3000", []string{"Origin", "https://clockwork.intranet", "Sec-Fetch-Site", "same-origin"}, true},
		{"typed-by-hand", "localhost:3000", []string{"Sec-Fetch-Site", "none"}, true},
		{"configured-page", "localhost:3000", []string{"Origin", "https://timers.example.com", "Sec-Fetch-Site", "cross-site"}, true},
		{"tauri", "localhost:3000", []string{"Origin", "tauri://localhost", "Sec-Fetch-Site", "cross-site"}, true},
		{"tauri-on-windows", "localhost:3000", []string{"Origin", "http://tauri.localhost"}, true},
		{"electron", "localhost:3000", []string{"Origin", "app://clockwork", "Sec-Fetch-Site", "cross-site"}, true},
		{"foreign-page", "localhost:3000", []string{"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"}, false},
		{"foreign-page-of-an-old-browser", "localhost:3000", []string{"Origin", "https://evil.test"}, false},
		{"foreign-port", "localhost:3000", []string{"Origin", "http://localhost:5173", "Sec-Fetch-Site", "same-site"}, false},
		{"sandboxed-frame", "localhost:3000", []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, false},
		{"null-of-an-old-browser", "localhost:3000", []string{"Origin", "null"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, address := range map[string]net.Addr{"loopback": loopback, "everywhere": anyV4} {
				if name == "loopback" && !strings.HasPrefix(tt.host, "localhost") {
					continue
				}
				handler := routes.Guard(w.Deps, address, routes.Handler(w.Deps))
				got := reach(handler, "POST", tt.host, tt.header...)
				if tt.allowed {
					assert.Equal(t, http.StatusAccepted, got.Code, got.Body.String())
					continue
				}
				assert.Equal(t, http.StatusForbidden, got.Code)
				assert.Contains(t, got.Body.String(), `"error":"ORIGIN_NOT_ALLOWED"`)
				assert.NotEqual(t, http.StatusForbidden, reach(handler, "GET", tt.host, tt.header...).Code, "CORS decides whether the page may read the answer")
				assert.NotEqual(t, http.StatusForbidden, reach(handler, "OPTIONS", tt.host, tt.header...).Code)
			}
		})
	}
}

// In required mode only the token counts: Guard checks neither Host nor Origin.
func TestGuardWithALogin(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: loginEnv("required")})
	handler := routes.Guard(w.Deps, loopback, routes.Handler(w.Deps))
	require.Equal(t, http.StatusUnauthorized, reach(handler, "POST", "evil.test", "Origin", "https://evil.test").Code)
}

// OwnPagesOnly also refuses reads of foreign pages.
func TestOwnPagesOnly(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true})
	served := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Contains(t, []string{"GET", "POST"}, r.Method)
		w.WriteHeader(http.StatusTeapot)
	})
	handler := routes.OwnPagesOnly(w.Deps, served)
	for _, method := range []string{"GET", "POST"} {
		assert.Equal(t, http.StatusTeapot, reach(handler, method, "localhost:3000").Code)
		assert.Equal(t, http.StatusTeapot, reach(handler, method, "localhost:3000", "Sec-Fetch-Site", "none").Code)
		assert.Equal(t, http.StatusTeapot, reach(handler, method, "localhost:3000", "Origin", "http://localhost:3000").Code)
		for _, origin := range []string{"https://evil.test", "http://localhost:5173", "tauri://localhost", "null"} {
			assert.Equal(t, http.StatusForbidden, reach(handler, method, "localhost:3000", "Origin", origin).Code, origin)
		}
		assert.Equal(t, http.StatusForbidden, reach(handler, method, "localhost:3000", "Sec-Fetch-Site", "cross-site").Code)
	}
}

// Functions under "vercel dev" check the Host that the browser sent.
func TestHostUnderVercelDev(t *testing.T) {
	for _, tt := range []struct {
		name, env, mode, host, outer string
		status                       int
	}{
		{"own-name", "development", "open", "127.0.0.1:40123", "localhost:3100", 202},
		{"no-proxy", "development", "open", "127.0.0.1:40123", "", 202},
		{"configured", "development", "open", "127.0.0.1:40123", "timers.example.com", 202},
		{"rebound", "development", "open", "127.0.0.1:40123", "evil.test:3100", 403},
		{"rebound-without-a-proxy", "development", "open", "evil.test:3100", "", 403},
		{"with-a-login", "development", "required", "127.0.0.1:40123", "evil.test:3100", 401},
		{"own-server", "", "open", "evil.test", "evil.test", 202},
		{"deployment", "production", "open", "evil.test", "evil.test", 202},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := loginEnv(tt.mode)
			env["VERCEL_ENV"], env["CORS_ALLOWED_ORIGINS"] = tt.env, "https://timers.example.com"
			if tt.env == "production" {
				env["INNGEST_EVENT_KEY"], env["INNGEST_SIGNING_KEY"] = "event-key-0123", "signkey-prod-0123456789abcdef"
			}
			w := apptest.New(t, apptest.Options{Unsynced: true, Env: env})
			w.Deps.RequestSync = func(context.Context, string) error { return nil }
			got := reach(routes.Handler(w.Deps), "POST", tt.host, "X-Forwarded-Host", tt.outer)
			assert.Equal(t, tt.status, got.Code, got.Body.String())
			request := httptest.NewRequest("PUT", "http://x/api/inngest", nil)
			request.Host = tt.host
			request.Header.Set("X-Forwarded-Host", tt.outer)
			recorder := httptest.NewRecorder()
			routes.Handler(w.Deps).ServeHTTP(recorder, request)
			assert.Equal(t, tt.status == 403, recorder.Code == 403, recorder.Body.String())
		})
	}
}
