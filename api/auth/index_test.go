package auth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	function "github.com/clockwork-timer/backend/api/auth"
	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	loginSecret   = "signing-secret-of-the-login-tests"
	loginPassword = "correct horse"
	// loginHash is that of loginPassword, of the least cost.
	loginHash = "$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"
)

// loginEnv lets two users log in, in open mode.
func loginEnv(more ...string) map[string]string {
	env := map[string]string{
		"JWT_SECRET": loginSecret,
		"AUTH_USERS": `[{"username":"linh","password_hash":"` + loginHash + `","account_id":"712020:linh","email":"linh@example.test"},` +
			`{"username":"guest","password_hash":"` + loginHash + `"}]`,
	}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

func credentials(username, password string) apptest.Request {
	body, err := json.Marshal(map[string]string{"username": username, "password": password})
	if err != nil {
		panic(err)
	}
	return apptest.Request{Target: "/login", Body: string(body)}
}

func TestLogin(t *testing.T) {
	ready := apptest.Options{Env: loginEnv()}
	right := credentials("linh", loginPassword)
	raw := func(body string) apptest.Request { return apptest.Request{Target: "/api/login", Body: body} }
	refused := func(name, username, password string) apptest.Scenario {
		return apptest.Scenario{Name: name, Options: ready, Request: credentials(username, password), Status: 401, Code: "INVALID_CREDENTIALS", Golden: name == "wrong-password", Then: assertNoPrivateData}
	}
	bad := func(name, body, field string) apptest.Scenario {
		return apptest.Scenario{Name: name, Options: ready, Request: raw(body), Status: 400, Code: "BAD_REQUEST", Field: field, Golden: name == "no-password", Then: assertNoPrivateData}
	}
	apptest.Run(t, function.HandleAuth, []apptest.Scenario{
		{Name: "open-mode", Options: ready, Request: right, Status: 200, Golden: true, Then: assertNoPrivateData},
		{Name: "required-mode", Options: apptest.Options{Env: loginEnv("AUTH_MODE", "required")}, Request: right, Status: 200, Then: assertNoPrivateData},
		{Name: "mode-unset", Options: apptest.Options{Env: loginEnv("AUTH_MODE", "")}, Request: right, Status: 200},
		{Name: "over-tcp", Options: apptest.Options{Env: loginEnv(), OverTCP: true}, Request: right, Status: 200},
		{Name: "without-account", Options: ready, Request: credentials("guest", loginPassword), Status: 200, Has: []string{`"user_id":"guest"`}},
		{Name: "another-case", Options: ready, Request: credentials(" LINH", loginPassword), Status: 200, Has: []string{`"user_id":"712020:linh"`}},
		{Name: "more-members", Options: ready, Request: raw(`{"username":"linh","password":"correct horse","remember":true}`), Status: 200},
		{Name: "with-an-old-token", Options: apptest.Options{Env: loginEnv("AUTH_MODE", "required")}, Request: apptest.Request{Target: "/login", Body: right.Body, Header: map[string]string{"Authorization": "Bearer expired"}}, Status: 200},

		refused("wrong-password", "linh", "Correct horse"),
		refused("password-with-white-space", "linh", loginPassword+" "),
		refused("unknown-user", "nobody@example.test", loginPassword),
		refused("e-mail-for-username", "linh@example.test", loginPassword),
		refused("longest-password", "linh", strings.Repeat("x", 1024)),

		bad("no-username", `{"password":"x"}`, "username"),
		bad("empty-username", `{"username":"","password":"x"}`, "username"),
		bad("no-password", `{"username":"linh"}`, "password"),
		bad("null-password", `{"username":"linh","password":null}`, "password"),
		bad("number-for-username", `{"username":7,"password":"x"}`, "username"),
		bad("list-for-password", `{"username":"linh","password":["x"]}`, "password"),
		bad("long-username", `{"username":"`+strings.Repeat("ü", 129)+`","password":"x"}`, "username"),
		bad("control-character-in-username", `{"username":"li\u0000nh","password":"x"}`, "username"),
		bad("long-password", `{"username":"linh","password":"`+strings.Repeat("x", 1025)+`"}`, "password"),
		bad("no-object", `["linh","x"]`, ""),
		bad("cut", `{"username":"linh","password":"secret-of-linh`, ""),
		{Name: "form", Options: ready, Request: apptest.Request{Target: "/login", Body: "username=linh&password=x", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, Status: 415, Code: "UNSUPPORTED_MEDIA_TYPE"},
		{Name: "over-64-kib", Options: ready, Request: raw(`{"username":"linh","password":"` + strings.Repeat("x", 64<<10) + `"}`), Status: 413, Code: "PAYLOAD_TOO_LARGE"},
		{Name: "get", Options: ready, Request: apptest.Request{Target: "/login?username=linh&password=x"}, Status: 405, Code: "METHOD_NOT_ALLOWED", Header: map[string]string{"Allow": "POST"}},

		{Name: "no-secret", Options: apptest.Options{Env: loginEnv("JWT_SECRET", "")}, Request: right, Status: 503, Code: "AUTH_NOT_CONFIGURED", Golden: true},
		{Name: "no-users", Options: apptest.Options{Env: loginEnv("AUTH_USERS", "")}, Request: right, Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		{Name: "empty-list-of-users", Options: apptest.Options{Env: loginEnv("AUTH_USERS", "[]")}, Request: right, Status: 503, Code: "AUTH_NOT_CONFIGURED"},
		{Name: "undecided-on-production", Options: apptest.Options{Env: loginEnv("JWT_SECRET", "", "AUTH_MODE", "", "VERCEL_ENV", "production", "INNGEST_EVENT_KEY", "event-key", "INNGEST_SIGNING_KEY", "signkey-prod-00")},
			Request: right, Status: 503, Code: "AUTH_NOT_CONFIGURED"},

		{Name: "redis-gone", Options: ready, Given: func(_ *testing.T, w *apptest.World, _ *apptest.Request) { w.Refuse("redis") }, Request: right, Status: 200},
		{Name: "redis-hangs", Options: apptest.Options{Env: loginEnv(), Deadlines: app.Deadlines{Redis: 100 * time.Millisecond}},
			Given: func(_ *testing.T, w *apptest.World, _ *apptest.Request) {
				w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Hang})
			}, Request: right, Status: 200},
	})
}

// assertNoPrivateData asserts that neither the answer nor the log says who tried what.
func assertNoPrivateData(t *testing.T, w *apptest.World, a apptest.Answer) {
	for _, personal := range []string{loginPassword, "nobody@example.test", "linh@example.test", "secret-of-linh", loginHash, "192.0.2.1"} {
		assert.NotContains(t, w.Log.String(), personal)
		assert.NotContains(t, string(a.Body), personal)
	}
}

func TestLoginAnswersUnknownAndWrongAlike(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: loginEnv(), Unsynced: true})
	wrong := w.Do(t.Context(), function.HandleAuth, credentials("linh", "x"))
	unknown := w.Do(t.Context(), function.HandleAuth, credentials("nobody", "x"))
	assert.Equal(t, 401, wrong.Status)
	assert.Equal(t, wrong.Status, unknown.Status)
	assert.Equal(t, string(wrong.Body), string(unknown.Body))
	for _, a := range []apptest.Answer{wrong, unknown} {
		for _, varies := range []string{"X-Request-Id", "Server-Timing", "Date", "RateLimit"} {
			a.Header.Del(varies)
		}
	}
	assert.Equal(t, wrong.Header, unknown.Header)
}

// The token works on the other routes until it ends, and the secret that signed
// it may be rotated away in the meantime.
func TestLoginTokenIsAccepted(t *testing.T) {
	w := apptest.New(t, apptest.Options{Env: loginEnv("AUTH_MODE", "required"), Unsynced: true})
	a := w.Do(t.Context(), function.HandleAuth, credentials("linh", loginPassword))
	var got struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		UserID      string `json:"user_id"`
	}
	require.NoError(t, json.Unmarshal(a.Body, &got))
	assert.Equal(t, "Bearer", got.TokenType)
	assert.Equal(t, 12*60*60, got.ExpiresIn)
	for name, secrets := range map[string][]string{"alone": {loginSecret}, "rotated": {"another-secret-of-thirty-two-byte", loginSecret}} {
		t.Run(name, func(t *testing.T) {
			who, err := auth.Verifier{Secrets: secrets, Now: w.Clock.Now}.Verify(got.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, got.UserID, who.UserID)
		})
	}
	ask := apptest.Request{Target: "/api/worklogs?date=2026-04-28", Header: map[string]string{"Authorization": got.TokenType + " " + got.AccessToken}}
	assert.Equal(t, 200, w.Do(t.Context(), worklogs.HandleWorklogs, ask).Status)
	w.Clock.Advance(time.Duration(got.ExpiresIn) * time.Second)
	assert.Equal(t, 401, w.Do(t.Context(), worklogs.HandleWorklogs, ask).Status)
}

func TestLoginTooOften(t *testing.T) {
	for name, username := range map[string]string{"known": "linh", "unknown": "nobody"} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Env: loginEnv(), Unsynced: true})
			for range 10 {
				require.Equal(t, 401, w.Do(t.Context(), function.HandleAuth, credentials(username, "x")).Status)
			}
			w.Clock.Advance(500 * time.Millisecond)
			a := w.Do(t.Context(), function.HandleAuth, credentials(username, loginPassword))
			a.AssertForm(t)
			assert.Equal(t, 429, a.Status)
			assert.Equal(t, "60", a.Header.Get("Retry-After"), "whole seconds, rounded up")
			golden.JSON(t, "login-too-often.json", a.Body)
			assert.Equal(t, 200, w.Do(t.Context(), function.HandleAuth, credentials("guest", loginPassword)).Status, "another user")

			w.Clock.Advance(59500 * time.Millisecond)
			again := w.Do(t.Context(), function.HandleAuth, credentials(username, loginPassword))
			assert.Equal(t, map[string]int{"linh": 200, "nobody": 401}[username], again.Status)
		})
	}
}

// Headers that anybody can send do not make another address, but on Vercel,
// which overwrites them.
func TestLoginTooOftenFromOneAddress(t *testing.T) {
	deployed := loginEnv("VERCEL_ENV", "production", "INNGEST_EVENT_KEY", "event-key", "INNGEST_SIGNING_KEY", "signkey-prod-00")
	for name, tt := range map[string]struct {
		env  map[string]string
		want int
	}{"own-server": {loginEnv(), 429}, "vercel": {deployed, 401}} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Env: tt.env, Unsynced: true})
			var last apptest.Answer
			for n := range 61 {
				r := credentials(fmt.Sprintf("user-%d", n), "x")
				r.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.100.%d", n)}
				last = w.Do(t.Context(), function.HandleAuth, r)
			}
			assert.Equal(t, tt.want, last.Status)
			assert.NotContains(t, w.Log.String(), "198.51.100.")
		})
	}
}

// The device on which somebody has logged in has attempts of its own: by a
// cookie that goes nowhere else and lets nobody in.
func TestLoginFromAKnownDevice(t *testing.T) {
	deployed := loginEnv("VERCEL_ENV", "production", "INNGEST_EVENT_KEY", "event-key", "INNGEST_SIGNING_KEY", "signkey-prod-00")
	for name, tt := range map[string]struct {
		env    map[string]string
		target string
		cookie string
		secure bool
	}{
		"own-server": {loginEnv(), "/login", "cw_device", false},
		"under-api":  {loginEnv("AUTH_MODE", "required"), "/api/login", "cw_device", false},
		"vercel":     {deployed, "/login", "__Secure-cw_device", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{Env: tt.env, Unsynced: true})
			ask := func(password string, cookies ...string) apptest.Answer {
				r := credentials("linh", password)
				r.Target, r.Header = tt.target, map[string]string{"Cookie": strings.Join(cookies, "; ")}
				return w.Do(t.Context(), function.HandleAuth, r)
			}
			first := ask(loginPassword)
			require.Equal(t, 200, first.Status)
			cookies := (&http.Response{Header: first.Header}).Cookies()
			require.Len(t, cookies, 1)
			device := cookies[0]
			assert.Equal(t, tt.cookie, device.Name)
			assert.Equal(t, tt.target, device.Path)
			assert.Equal(t, http.SameSiteStrictMode, device.SameSite)
			assert.True(t, device.HttpOnly)
			assert.Equal(t, tt.secure, device.Secure)
			assert.Empty(t, device.Domain)
			assert.Equal(t, int((180 * 24 * time.Hour).Seconds()), device.MaxAge)
			assert.NotContains(t, w.Log.String(), device.Value)

			for range 10 {
				a := ask("guess")
				require.Equal(t, 401, a.Status)
				assert.Empty(t, a.Header.Get("Set-Cookie"), "for those who are let in")
			}
			require.Equal(t, 429, ask(loginPassword).Status)
			require.Equal(t, 429, ask(loginPassword, tt.cookie+"="+strings.Repeat("A", 64)).Status, "made up")
			assert.Equal(t, 200, ask(loginPassword, "other=1", tt.cookie+"=planted", device.Name+"="+device.Value).Status)
			assert.Equal(t, 401, ask("guess", device.Name+"="+device.Value).Status, "it is no password")
		})
	}
}

// Other addresses' failures do not keep out who has the right password.
func TestLoginWhileStrangersGuess(t *testing.T) {
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: loginEnv("VERCEL_ENV", "production", "INNGEST_EVENT_KEY", "event-key", "INNGEST_SIGNING_KEY", "signkey-prod-00")})
	ask := func(address, password string) int {
		r := credentials("linh", password)
		r.Header = map[string]string{"X-Forwarded-For": address}
		return w.Do(t.Context(), function.HandleAuth, r).Status
	}
	for n := range 20 {
		require.Equal(t, 401, ask(fmt.Sprintf("198.51.100.%d", n), "guess"))
	}
	began := time.Now()
	assert.Equal(t, 200, ask("192.0.2.1", loginPassword))
	assert.GreaterOrEqual(t, time.Since(began), 3*time.Second, "slower, which is all")
}
