package timersource

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
)

const servlet = "/plugins/servlet/ac/clockwork-cloud/clockwork-timers"

func newConnect(t *testing.T, w *world) *Connect {
	t.Helper()
	c, err := NewConnect(w.opts)
	require.NoError(t, err)
	assert.Equal(t, "connect", c.Name())
	return c
}

func TestConnectAcquire(t *testing.T) {
	w := newWorld(t)
	value := endsAt(t, start.Add(15*time.Minute))
	w.routes[servlet] = answer(200, `{"uniqueKey":"x","contextJwt":"`+value+`"}`)
	got, err := newConnect(t, w).Acquire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, value, got.Value.Reveal())
	assert.Equal(t, start.Add(15*time.Minute), got.ExpiresAt)

	r := w.requests[0]
	assert.Equal(t, "POST", r.Method)
	assert.Equal(t, "json", r.URL.Query().Get("classifier"))
	assert.Equal(t, "tenant.session.token="+session, r.Header.Get("Cookie"))
	assert.Equal(t, "https://acme.example.test", r.Header.Get("Origin"))
	assert.Equal(t, "classifier=json&height=100%25&key=clockwork-timers&plugin-key=clockwork-cloud&product-context=%7B%7D&width=100%25", w.bodies[servlet][0])
}

func TestConnectAcquireRefusals(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    error
		calls   int
	}{
		{"unauthorized", answer(401, ""), ErrSessionExpired, 1},
		{"forbidden", answer(403, "<html>"), ErrSessionExpired, 1},
		{"login-page", answer(200, "<!DOCTYPE html><title>Log in</title>"), ErrSessionExpired, 1},
		{"redirect-to-login", toLogin, ErrSessionExpired, 1},
		{"moved-to-forge", answer(404, "<html>"), ErrSourceGone, 1},
		{"no-token", answer(200, `{"contextJwt":""}`), ErrUnknownShape, 1},
		{"token-that-is-none", answer(200, `{"contextJwt":"abc"}`), ErrUnknownShape, 1},
		{"another-shape", answer(200, `["x"]`), ErrUnknownShape, 1},
		{"down-asked-again", answer(503, ""), nil, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.routes[servlet] = tt.handler
			_, err := newConnect(t, w).Acquire(t.Context())
			require.Error(t, err)
			assertIsOnly(t, err, tt.want)
			assert.Len(t, w.requests, tt.calls)
		})
	}
}

// assertIsOnly checks that err is the wanted sentinel, and none of the others.
func assertIsOnly(t *testing.T, err, want error) {
	t.Helper()
	for _, sentinel := range []error{ErrSessionExpired, ErrSourceGone, ErrTokenRefused, ErrUnknownShape, ErrNotDiscovered} {
		if sentinel == want {
			assert.ErrorIs(t, err, sentinel)
		} else {
			assert.NotErrorIs(t, err, sentinel)
		}
	}
}

func TestConnectTimers(t *testing.T) {
	w := newWorld(t)
	w.routes["/report/timers.json"] = answer(200, onePage)
	got, err := newConnect(t, w).Timers(t.Context(), Token{Value: secret.New("context.jwt.sig")}, Cached{})
	require.NoError(t, err)
	assert.Equal(t, []int64{7}, idsOf(got))
	assert.Nil(t, got.Renewed)

	r := w.requests[0]
	assert.Equal(t, "JWT context.jwt.sig", r.Header.Get("Authorization"))
	assert.Equal(t, "https://acme.example.test", r.URL.Query().Get("xdm_e"))
	assert.Empty(t, r.Header.Get("Cookie"), "the session goes to the site only")
}

func TestConnectTimersRefusals(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"token-refused", answer(401, ""), ErrTokenRefused},
		{"token-forbidden", answer(403, ""), ErrTokenRefused},
		{"gone", answer(404, ""), ErrSourceGone},
		{"html", answer(200, "<html>"), ErrUnknownShape},
		{"another-shape", answer(200, `{"items":[]}`), ErrUnknownShape},
		{"rate-limit", answer(429, ""), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.routes["/report/timers.json"] = tt.handler
			_, err := newConnect(t, w).Timers(t.Context(), Token{Value: secret.New("context.jwt.sig")}, Cached{})
			require.Error(t, err)
			assertIsOnly(t, err, tt.want)
		})
	}
}

func TestNewRefusesOptions(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no-site", func(o *Options) { o.SiteURL = "" }, "site URL"},
		{"site-without-scheme", func(o *Options) { o.SiteURL = "acme.example.test" }, "site URL"},
		{"other-scheme", func(o *Options) { o.SiteURL = "ftp://acme.example.test" }, "site"},
		{"no-session", func(o *Options) { o.Session = secret.Text{} }, "session"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := newWorld(t).opts
			tt.change(&opts)
			_, err := NewConnect(opts)
			assert.ErrorContains(t, err, "connect source: "+tt.want)
			_, err = NewForge(opts)
			assert.ErrorContains(t, err, "forge source: "+tt.want)
		})
	}
	opts := newWorld(t).opts
	opts.ReportBaseURL = "report"
	_, err := NewConnect(opts)
	assert.Error(t, err)
}
