package account_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/account"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/contract"
	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	signingSecret = "signing-secret-of-the-account-tests"
	password      = "correct horse"
	// hash is that of password, of the least cost.
	hash     = "$argon2id$v=19$m=4096,t=1,p=1$c2FsdC1vZi1hLXRlc3QhIQ$Yiy0T3CRxG2jePdR87+xGwwMgT6t5zUlcCT7j5ppPws"
	vaultKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// world is a server of the account's routes, with people who log in with a
// password.
type world struct {
	*apptest.World
	server *httptest.Server
	linh   string // account ids of the sandbox's people
	minh   string
}

func newWorld(t testing.TB, more map[string]string) *world {
	t.Helper()
	probe := apptest.New(t, apptest.Options{Unsynced: true})
	people := probe.Sandbox.People()
	w := &world{linh: people[0].AccountID, minh: people[1].AccountID}
	env := map[string]string{
		"AUTH_MODE": "required", "JWT_SECRET": signingSecret, "PUBLIC_URL": "http://127.0.0.1:3000", "TOKEN_ENCRYPTION_KEY": vaultKey,
		"AUTH_USERS": `[{"username":"linh","password_hash":"` + hash + `","account_id":"` + w.linh + `"},
			{"username":"minh","password_hash":"` + hash + `","account_id":"` + w.minh + `","role":"admin"}]`,
	}
	maps.Copy(env, more)
	w.World = apptest.New(t, apptest.Options{Env: env})
	routes := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { httpapi.Serve(rw, r, account.Routes...) })
	w.server = httptest.NewServer(httpapi.WithDeps(w.Deps, routes))
	t.Cleanup(w.server.Close)
	return w
}

// browser is one browser: it has cookies, and an access token in memory.
type browser struct {
	*world
	http.Client
	access string
	header http.Header // of every request
}

func (w *world) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &browser{world: w, header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"}}}
	b.Jar = jar
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
	body map[string]any
}

func (b *browser) call(t *testing.T, method, path, body string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	maps.Copy(request.Header, b.header)
	if body != "" && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if b.access != "" {
		request.Header.Set("Authorization", "Bearer "+b.access)
	}
	response, err := b.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	a := answer{Response: response, text: string(text)}
	document, err := contract.Load()
	require.NoError(t, err)
	assert.NoError(t, document.CheckAnswer(method, request.URL.Path, response.StatusCode, response.Header, text), "the answer is documented")
	if bytes.HasPrefix(text, []byte("{")) {
		require.NoError(t, json.Unmarshal(text, &a.body))
	}
	return a
}

func (b *browser) logIn(t *testing.T, username, kind string) answer {
	t.Helper()
	got := b.call(t, "POST", "/login", `{"username":"`+username+`","password":"`+password+`","session":"`+kind+`"}`)
	require.Equal(t, 200, got.StatusCode, got.text)
	b.access = got.body["access_token"].(string)
	return got
}

func (b *browser) refresh(t *testing.T) answer {
	t.Helper()
	got := b.call(t, "POST", "/api/auth/refresh", "{}")
	if got.StatusCode == 200 {
		b.access = got.body["access_token"].(string)
	}
	return got
}

func assertRefused(t *testing.T, got answer, status int, code string) {
	t.Helper()
	assert.Equal(t, status, got.StatusCode, got.text)
	assert.Equal(t, code, got.body["error"])
}

func TestReloadStaysSignedIn(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	got := b.logIn(t, "linh", "cookie")
	assert.EqualValues(t, 900, got.body["expires_in"])
	assert.NotContains(t, got.text, "cwr_", "the refresh token is in no body")
	var cookie *http.Cookie
	for _, c := range got.Cookies() {
		if c.Name == "cw_session" {
			cookie = c
		}
	}
	require.NotNil(t, cookie)
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.Equal(t, "/api/auth", cookie.Path)

	b.access = "" // the reload
	first := b.refresh(t)
	require.Equal(t, 200, first.StatusCode, first.text)
	assert.Equal(t, w.linh, first.body["user_id"])
	assert.Equal(t, 200, b.call(t, "GET", "/api/me", "").StatusCode)

	w.Clock.Advance(16 * time.Minute)
	assertRefused(t, b.call(t, "GET", "/api/me", ""), 401, "UNAUTHORIZED")
	require.Equal(t, 200, b.refresh(t).StatusCode)
	assert.Equal(t, 200, b.call(t, "GET", "/api/me", "").StatusCode)
}

func TestLoginWithoutPublicURL(t *testing.T) {
	w := newWorld(t, map[string]string{"PUBLIC_URL": ""})
	b := w.browser(t)
	got := b.logIn(t, "linh", "cookie")
	assert.EqualValues(t, 12*60*60, got.body["expires_in"], "as before there were sessions")
	assert.NotContains(t, got.body, "session_id")
	assertRefused(t, b.refresh(t), 401, "NO_SESSION")
	assert.JSONEq(t, `{"providers":[],"password":true,"sessions":false}`, b.call(t, "GET", "/api/auth", "").text)
}

func TestSecureCookies(t *testing.T) {
	w := newWorld(t, map[string]string{"PUBLIC_URL": "https://timers.example.com"})
	got := w.browser(t).call(t, "POST", "/login", `{"username":"linh","password":"`+password+`","session":"cookie"}`)
	require.Equal(t, 200, got.StatusCode)
	for _, c := range got.Cookies() {
		if strings.Contains(c.Name, "session") {
			assert.Equal(t, "__Secure-cw_session", c.Name)
			assert.True(t, c.Secure)
			return
		}
	}
	assert.Fail(t, "no session cookie")
}

func TestRefreshRefusals(t *testing.T) {
	w := newWorld(t, nil)
	signedIn := func(t *testing.T) *browser { b := w.browser(t); b.logIn(t, "linh", "cookie"); b.access = ""; return b }
	t.Run("no-cookie", func(t *testing.T) { assertRefused(t, w.browser(t).refresh(t), 401, "NO_SESSION") })
	t.Run("forged-cookie", func(t *testing.T) {
		b := w.browser(t)
		b.header.Set("Cookie", "cw_session=cwr_"+strings.Repeat("A", 60))
		assertRefused(t, b.refresh(t), 401, "NO_SESSION")
	})
	t.Run("planted-cookie", func(t *testing.T) {
		b := signedIn(t)
		b.header.Set("Cookie", "cw_session=cwr_"+strings.Repeat("A", 60))
		assertRefused(t, b.refresh(t), 400, "SESSION_AMBIGUOUS")
	})
	t.Run("page-of-another-site", func(t *testing.T) {
		b := signedIn(t)
		b.header.Set("Sec-Fetch-Site", "cross-site")
		assertRefused(t, b.refresh(t), 403, "CROSS_SITE")
		assertRefused(t, b.call(t, "POST", "/api/auth/logout", "{}"), 403, "CROSS_SITE")
		assertRefused(t, b.call(t, "POST", "/login", `{"username":"linh","password":"`+password+`","session":"cookie"}`), 403, "CROSS_SITE")
	})
	t.Run("page-of-a-sibling-site", func(t *testing.T) {
		b := signedIn(t)
		b.header.Set("Sec-Fetch-Site", "same-site")
		assertRefused(t, b.refresh(t), 403, "CROSS_SITE")
	})
	t.Run("own-page", func(t *testing.T) {
		b := signedIn(t)
		b.header.Set("Sec-Fetch-Site", "same-origin")
		assert.Equal(t, 200, b.refresh(t).StatusCode)
	})
	t.Run("a-form", func(t *testing.T) {
		b := signedIn(t)
		b.header.Set("Content-Type", "application/x-www-form-urlencoded")
		assertRefused(t, b.call(t, "POST", "/api/auth/refresh", ""), 415, "UNSUPPORTED_MEDIA_TYPE")
	})
	t.Run("silent-redis", func(t *testing.T) {
		b := signedIn(t)
		w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 503})
		got := b.refresh(t)
		w.Faults().Clear()
		assertRefused(t, got, 503, "SESSION_UNAVAILABLE")
		assert.Empty(t, got.Cookies(), "only a logout removes the cookie")
		w.Clock.Advance(time.Minute) // past the circuit breaker
		assert.Equal(t, 200, b.refresh(t).StatusCode)
	})
}

func TestLogoutEverywhere(t *testing.T) {
	w := newWorld(t, nil)
	laptop, phone, other := w.browser(t), w.browser(t), w.browser(t)
	laptop.logIn(t, "linh", "cookie")
	phone.logIn(t, "linh", "cookie")
	other.logIn(t, "minh", "cookie")

	got := laptop.call(t, "POST", "/api/auth/logout", `{"everywhere":true}`)
	require.Equal(t, 200, got.StatusCode, got.text)
	assert.JSONEq(t, `{"ended":2}`, got.text)
	assertRefused(t, laptop.refresh(t), 401, "NO_SESSION")
	assertRefused(t, phone.refresh(t), 401, "SESSION_ENDED")
	assert.Equal(t, 200, other.refresh(t).StatusCode)

	laptop.access = ""
	assert.JSONEq(t, `{"ended":0}`, laptop.call(t, "POST", "/api/auth/logout", `{}`).text, "safe to repeat")
}

func TestLogoutByCookieAlone(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	b.access = "" // an access token that expired
	assert.JSONEq(t, `{"ended":1}`, b.call(t, "POST", "/api/auth/logout", `{}`).text)
	assertRefused(t, b.refresh(t), 401, "NO_SESSION")
}

func TestSessionsPage(t *testing.T) {
	w := newWorld(t, nil)
	laptop, phone, minh := w.browser(t), w.browser(t), w.browser(t)
	phone.header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1")
	phone.logIn(t, "linh", "cookie")
	w.Clock.Advance(time.Minute)
	laptop.logIn(t, "linh", "cookie")
	minh.logIn(t, "minh", "cookie")

	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(laptop.call(t, "GET", "/api/auth/sessions", "").text), &list))
	require.Len(t, list, 2)
	assert.Equal(t, "Firefox on Linux", list[0]["label"])
	assert.Equal(t, true, list[0]["current"])
	assert.Equal(t, "Safari on iPhone", list[1]["label"])
	assert.Equal(t, false, list[1]["current"])
	assert.Equal(t, "password", list[1]["provider"])

	path := "/api/auth/sessions/" + list[1]["id"].(string)
	assertRefused(t, minh.call(t, "DELETE", path, ""), 404, "NOT_FOUND")
	assert.Equal(t, 200, laptop.call(t, "DELETE", path, "").StatusCode)
	assertRefused(t, phone.refresh(t), 401, "SESSION_ENDED")
	assert.Equal(t, 200, laptop.refresh(t).StatusCode)
}

func TestAppKeepsItsRefreshToken(t *testing.T) {
	w := newWorld(t, map[string]string{"PUBLIC_URL": ""}) // which only cookies need
	app := w.browser(t)
	app.header.Set("Origin", "app://clockwork")
	app.header.Set("Sec-Fetch-Site", "cross-site")
	token := app.logIn(t, "linh", "token").body["refresh_token"].(string)
	got := app.call(t, "POST", "/api/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+token+`"}`)
	require.Equal(t, 200, got.StatusCode, got.text)
	assert.NotEqual(t, token, got.body["refresh_token"])
	assert.Empty(t, got.Cookies())

	b := w.browser(t)
	b.header.Set("Cookie", "cw_session="+token)
	assertRefused(t, b.refresh(t), 401, "NO_SESSION")
	assertRefused(t, app.call(t, "POST", "/api/auth/token", `{"grant_type":"password"}`), 400, "BAD_REQUEST")
	assert.JSONEq(t, `{"ended":1}`, app.call(t, "POST", "/api/auth/logout", `{}`).text, "though its page has another origin")
}

func TestLeavers(t *testing.T) {
	t.Run("role-is-taken-anew", func(t *testing.T) {
		w := newWorld(t, nil)
		b := w.browser(t)
		b.logIn(t, "linh", "cookie")
		w.Deps.Config.Auth.Admins = []string{w.linh}
		require.Equal(t, 200, b.refresh(t).StatusCode)
		assert.Equal(t, "admin", b.call(t, "GET", "/api/me", "").body["role"])
	})
	t.Run("an-admin-at-once", func(t *testing.T) {
		w := newWorld(t, map[string]string{"AUTH_ADMINS": newWorld(t, nil).linh})
		b := w.browser(t)
		b.logIn(t, "linh", "cookie")
		assert.Equal(t, "admin", b.call(t, "GET", "/api/me", "").body["role"])
	})
	t.Run("the-account-is-closed", func(t *testing.T) {
		w := newWorld(t, nil)
		script := w.browser(t)
		var err error
		_, script.access, err = w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: w.linh, AccountID: w.linh, Provider: "oidc", Scope: accesstoken.Read}, 30)
		require.NoError(t, err)
		w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 500})
		assert.Equal(t, 200, script.call(t, "GET", "/api/me", "").StatusCode, "Jira does not say")
		w.Faults().Clear()
		assert.Equal(t, 200, script.call(t, "GET", "/api/me", "").StatusCode)
		w.Faults().Add(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 404})
		assert.Equal(t, 200, script.call(t, "GET", "/api/me", "").StatusCode, "Jira is asked once a day")
		w.Clock.Advance(24 * time.Hour)
		assertRefused(t, script.call(t, "GET", "/api/me", ""), 401, "UNAUTHORIZED")
		w.Faults().Clear()
		assertRefused(t, script.call(t, "GET", "/api/me", ""), 401, "UNAUTHORIZED") // it is revoked
	})
	t.Run("removed-from-the-list", func(t *testing.T) {
		w := newWorld(t, nil)
		b := w.browser(t)
		b.logIn(t, "linh", "cookie")
		w.Deps.Config.Auth.Users = newWorld(t, map[string]string{"AUTH_USERS": `[{"username":"minh","password_hash":"` + hash + `"}]`}).Deps.Config.Auth.Users
		assertRefused(t, b.refresh(t), 401, "SESSION_ENDED")
	})
	t.Run("idle-for-a-week", func(t *testing.T) {
		w := newWorld(t, nil)
		b := w.browser(t)
		b.logIn(t, "linh", "cookie")
		redistime.Pass(t, w.Deps.Redis, session.IdleLife)
		assertRefused(t, b.refresh(t), 401, "SESSION_ENDED")
	})
}

func TestPersonalTokens(t *testing.T) {
	w := newWorld(t, nil)
	b, script := w.browser(t), w.browser(t)
	b.logIn(t, "linh", "cookie")
	made := b.call(t, "POST", "/api/tokens", `{"name":"deploy script","scope":"read","expires_in_days":30}`)
	require.Equal(t, 201, made.StatusCode, made.text)
	script.access = made.body["token"].(string)
	assert.Regexp(t, `^cwk_[0-9A-Za-z]{39}$`, script.access)

	list := b.call(t, "GET", "/api/tokens", "")
	assert.Contains(t, list.text, "deploy script")
	assert.NotContains(t, list.text, "cwk_", "the token is shown once")

	got := script.call(t, "GET", "/api/me", "")
	require.Equal(t, 200, got.StatusCode, got.text)
	assert.Equal(t, "read", got.body["scope"])
	for _, call := range [][3]string{
		{"POST", "/api/tokens", `{"name":"another","scope":"read"}`}, {"GET", "/api/tokens", ""}, {"DELETE", "/api/tokens/" + made.body["id"].(string), ""},
		{"GET", "/api/auth/sessions", ""}, {"POST", "/api/auth/logout", `{"everywhere":true}`}, {"PUT", "/api/me/clockwork-token", `{"token":"x"}`}, {"DELETE", "/api/me/clockwork-token", ""},
	} {
		assertRefused(t, script.call(t, call[0], call[1], call[2]), 403, "SCOPE_TOO_SMALL")
	}

	assert.Equal(t, 200, b.call(t, "DELETE", "/api/tokens/"+made.body["id"].(string), "").StatusCode)
	assertRefused(t, script.call(t, "GET", "/api/me", ""), 401, "UNAUTHORIZED")
	assertRefused(t, b.call(t, "DELETE", "/api/tokens/"+made.body["id"].(string), ""), 404, "NOT_FOUND")
}

func TestPersonalTokenInputs(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	for name, tt := range map[string]struct {
		body   string
		status int
		field  string
	}{
		"no-name":       {`{"scope":"read"}`, 400, "name"},
		"long-name":     {`{"scope":"read","name":"` + strings.Repeat("x", 101) + `"}`, 400, "name"},
		"unknown-scope": {`{"scope":"all","name":"x"}`, 400, "scope"},
		"not-an-admin":  {`{"scope":"admin","name":"x"}`, 403, "scope"},
		"no-day":        {`{"scope":"read","name":"x","expires_in_days":0}`, 400, "expires_in_days"},
		"too-long":      {`{"scope":"read","name":"x","expires_in_days":366}`, 400, "expires_in_days"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.call(t, "POST", "/api/tokens", tt.body)
			assert.Equal(t, tt.status, got.StatusCode, got.text)
			assert.Equal(t, tt.field, got.body["field"])
		})
	}
}

func TestStoredClockworkToken(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	token := w.Sandbox.ClockworkToken(w.linh).Reveal()
	assert.Equal(t, map[string]any{"saved": false, "owner": nil}, b.call(t, "GET", "/api/me", "").body["clockwork"])
	assert.Equal(t, 400, b.call(t, "PUT", "/api/me/clockwork-token", `{"token":"not-a-token"}`).StatusCode)

	got := b.call(t, "PUT", "/api/me/clockwork-token", `{"token":"`+token+`"}`)
	require.Equal(t, 200, got.StatusCode, got.text)
	me := b.call(t, "GET", "/api/me", "")
	assert.NotContains(t, me.text, token)
	saved := me.body["clockwork"].(map[string]any)
	assert.Equal(t, true, saved["saved"])
	assert.Equal(t, "claimed", saved["owner"])
	for owner, record := range map[string]timercache.Binding{"seen": {Account: w.linh, Seen: true}, "another": {Account: w.linh, Disproved: true}} {
		binding := ""
		for _, key := range w.Redis.Miniredis().Keys() {
			if strings.HasPrefix(key, "clockwork:owner:") {
				binding = key
			}
		}
		before, err := w.Redis.Miniredis().Get(binding)
		require.NoError(t, err)
		require.NoError(t, w.Redis.Miniredis().Set(binding, record.Record())) // as a sync does
		assert.Equal(t, owner, b.call(t, "GET", "/api/me", "").body["clockwork"].(map[string]any)["owner"])
		require.NoError(t, w.Redis.Miniredis().Set(binding, before))
	}

	minh := w.browser(t)
	minh.logIn(t, "minh", "cookie")
	assertRefused(t, minh.call(t, "PUT", "/api/me/clockwork-token", `{"token":"`+token+`"}`), 409, "CLOCKWORK_TOKEN_OF_ANOTHER")

	require.Equal(t, 200, b.call(t, "DELETE", "/api/me/clockwork-token", "").StatusCode)
	assert.Equal(t, false, b.call(t, "GET", "/api/me", "").body["clockwork"].(map[string]any)["saved"])

	without := newWorld(t, map[string]string{"TOKEN_ENCRYPTION_KEY": ""})
	c := without.browser(t)
	c.logIn(t, "linh", "cookie")
	assertRefused(t, c.call(t, "PUT", "/api/me/clockwork-token", `{"token":"`+without.Sandbox.ClockworkToken(without.linh).Reveal()+`"}`), 503, "VAULT_NOT_CONFIGURED")
}

// Providers' codes are longer than anything else in a query.
func TestCallbackTakesLongCodes(t *testing.T) {
	w := newWorld(t, nil)
	got := w.browser(t).call(t, "GET", "/api/auth/callback?again=1&state=unknown&code="+strings.Repeat("c", 2000), "")
	assert.Equal(t, 200, got.StatusCode, got.text)
	assert.Contains(t, got.text, "signin=SIGNIN_EXPIRED")
}

// Who cancels at a provider, on the way that an app has sent them, is asked again.
func TestAppStillWaitsAfterAFailedSignIn(t *testing.T) {
	w := newWorld(t, map[string]string{"ATLASSIAN_OAUTH_CLIENT_ID": "app", "ATLASSIAN_OAUTH_CLIENT_SECRET": "a-client-secret"})
	for next, want := range map[string]string{
		"/api/auth/authorize?client_id=desktop": "/?next=%2Fapi%2Fauth%2Fauthorize%3Fclient_id%3Ddesktop&amp;signin=SIGNIN_DENIED",
		"/team":                                 "/?signin=SIGNIN_DENIED",
	} {
		b := w.browser(t)
		sent := b.call(t, "GET", "/api/auth/login/atlassian?next="+url.QueryEscape(next), "")
		require.Equal(t, 302, sent.StatusCode, sent.text)
		at, err := url.Parse(sent.Header.Get("Location"))
		require.NoError(t, err)
		back := b.call(t, "GET", "/api/auth/callback?error=access_denied&state="+at.Query().Get("state"), "")
		assert.Contains(t, back.text, `content="0;url=`+want+`"`)
	}
}
