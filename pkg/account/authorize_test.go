package account_test

import (
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/auth/logincode"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const (
	verifier    = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	redirectURI = "http://127.0.0.1:49152/callback"
)

// request is what the desktop app opens in the browser.
func request(change map[string]string) url.Values {
	q := url.Values{"client_id": {"desktop"}, "redirect_uri": {redirectURI}, "state": {"state-of-the-app"},
		"code_challenge": {logincode.Challenge(verifier)}, "code_challenge_method": {"S256"}}
	for name, value := range change {
		q.Set(name, value)
	}
	return q
}

func (b *browser) open(t *testing.T, q url.Values) answer {
	t.Helper()
	return b.call(t, "GET", "/api/auth/authorize?"+q.Encode(), "")
}

func (b *browser) submit(t *testing.T, form url.Values) answer {
	t.Helper()
	b.header.Set("Content-Type", "application/x-www-form-urlencoded")
	defer b.header.Del("Content-Type")
	return b.call(t, "POST", "/api/auth/authorize", form.Encode())
}

// press submits the form of a page as a person does.
func (b *browser) press(t *testing.T, page answer, decision string) answer {
	t.Helper()
	require.Equal(t, 200, page.StatusCode, page.text)
	form := url.Values{}
	for _, field := range regexp.MustCompile(`name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page.text, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	form.Set("decision", decision)
	b.header.Set("Sec-Fetch-Site", "same-origin")
	b.header.Set("Origin", "null") // Referrer-Policy: no-referrer
	defer b.header.Del("Sec-Fetch-Site")
	defer b.header.Del("Origin")
	return b.submit(t, form)
}

// target is the address that a page leads to.
func target(t *testing.T, page answer) *url.URL {
	t.Helper()
	found := regexp.MustCompile(`content="0;url=([^"]*)"`).FindStringSubmatch(page.text)
	require.NotNil(t, found, page.text)
	u, err := url.Parse(html.UnescapeString(found[1]))
	require.NoError(t, err)
	return u
}

// code has the person allow it, and returns the code that the app gets.
func (b *browser) code(t *testing.T, change map[string]string) string {
	t.Helper()
	back := target(t, b.press(t, b.open(t, request(change)), "allow"))
	assert.Equal(t, "127.0.0.1:49152", back.Host)
	assert.Equal(t, "state-of-the-app", back.Query().Get("state"))
	assert.Equal(t, "http://127.0.0.1:3000", back.Query().Get("iss"))
	require.NotEmpty(t, back.Query().Get("code"))
	return back.Query().Get("code")
}

// redeem is what the app sends; change is applied to a good request.
func (w *world) redeem(t *testing.T, code string, change ...string) answer {
	t.Helper()
	body := `{"grant_type":"authorization_code","code":"` + code + `","code_verifier":"` + verifier + `","redirect_uri":"` + redirectURI + `","client_id":"desktop"}`
	app := w.browser(t)
	app.header.Set("User-Agent", "Clockwork/1.0 (Windows NT 10.0)")
	return app.call(t, "POST", "/api/auth/token", strings.NewReplacer(change...).Replace(body))
}

func TestAppSignsInThroughTheBrowser(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	page := b.open(t, request(nil))
	assert.Contains(t, page.text, "Sign in the desktop app on this computer as "+w.Sandbox.People()[0].DisplayName+"?")
	assert.Regexp(t, `^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'$`, page.Header.Get("Content-Security-Policy"))
	assert.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	assert.NotContains(t, page.text, "<script")

	got := w.redeem(t, b.code(t, nil))
	require.Equal(t, 200, got.StatusCode, got.text)
	assert.EqualValues(t, 900, got.body["expires_in"])
	assert.Empty(t, got.Cookies())
	next := w.browser(t).call(t, "POST", "/api/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+got.body["refresh_token"].(string)+`"}`)
	assert.Equal(t, 200, next.StatusCode, next.text)
	assert.Contains(t, b.call(t, "GET", "/api/auth/sessions", "").text, `"label":"Desktop app on Windows"`)
	assert.Equal(t, 200, b.refresh(t).StatusCode, "the browser's own session goes on")
}

func TestAppIsDenied(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	back := target(t, b.press(t, b.open(t, request(nil)), "deny")).Query()
	assert.Equal(t, "access_denied", back.Get("error"))
	assert.Equal(t, "state-of-the-app", back.Get("state"))
	assert.Empty(t, back.Get("code"))
}

func TestAppWaitsForTheLogin(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	got := b.open(t, request(nil))
	require.Equal(t, 303, got.StatusCode, got.text)
	login, err := got.Location()
	require.NoError(t, err)
	assert.Equal(t, "/", login.Path)
	next := login.Query().Get("next")
	assert.True(t, strings.HasPrefix(next, "/api/auth/authorize?"), next)
	b.logIn(t, "linh", "cookie")
	assert.Equal(t, 200, b.call(t, "GET", next, "").StatusCode)
}

func TestAuthorizeRefusesRequests(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	for name, change := range map[string]map[string]string{
		"unknown-client":   {"client_id": "web"},
		"no-client":        {"client_id": ""},
		"another-host":     {"redirect_uri": "http://evil.example:80/callback"},
		"a-name":           {"redirect_uri": "http://localhost:49152/callback"},
		"user-part":        {"redirect_uri": "http://127.0.0.1:1@evil.example:80/callback"},
		"longer-host":      {"redirect_uri": "http://127.0.0.1.evil.example:80/callback"},
		"another-path":     {"redirect_uri": "http://127.0.0.1:49152/callback/../x"},
		"a-query":          {"redirect_uri": redirectURI + "?x=1"},
		"https":            {"redirect_uri": "https://127.0.0.1:49152/callback"},
		"scheme-of-an-app": {"redirect_uri": "clockwork://callback"},
		"no-port":          {"redirect_uri": "http://127.0.0.1/callback"},
		"port-too-high":    {"redirect_uri": "http://127.0.0.1:65536/callback"},
		"no-state":         {"state": ""},
		"state-with-html":  {"state": `"><script>alert(1)</script>`},
		"no-challenge":     {"code_challenge": ""},
		"plain-challenge":  {"code_challenge_method": "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			assertRefused(t, b.open(t, request(change)), 400, "BAD_REQUEST")
			form := request(change)
			form.Set("decision", "allow")
			form.Set("user_id", w.linh)
			assertRefused(t, b.submit(t, form), 400, "BAD_REQUEST")
		})
	}
	assert.Equal(t, 200, b.open(t, request(map[string]string{"redirect_uri": "http://[::1]:8080/callback"})).StatusCode)
}

func TestAuthorizeRefusesOtherPages(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	form := request(nil)
	form.Set("decision", "allow")
	form.Set("user_id", w.linh)
	for _, site := range []string{"cross-site", "same-site"} {
		b.header.Set("Sec-Fetch-Site", site)
		assertRefused(t, b.submit(t, form), 403, "CROSS_SITE")
	}
	b.header.Del("Sec-Fetch-Site")
	b.header.Set("Origin", "https://evil.example")
	assertRefused(t, b.submit(t, form), 403, "CROSS_SITE")
	b.header.Del("Origin")
	assertRefused(t, b.call(t, "POST", "/api/auth/authorize", `{}`), 415, "UNSUPPORTED_MEDIA_TYPE")

	t.Run("another-person-signed-in-meanwhile", func(t *testing.T) {
		page := b.open(t, request(nil))
		b.logIn(t, "minh", "cookie")
		got := b.press(t, page, "allow")
		assert.Equal(t, 303, got.StatusCode, got.text)
		assert.True(t, strings.HasPrefix(got.Header.Get("Location"), "/api/auth/authorize?"), "the page asks again, with the new name")
	})
	t.Run("session-ended-meanwhile", func(t *testing.T) {
		page := b.open(t, request(nil))
		b.call(t, "POST", "/api/auth/logout", `{}`)
		got := b.press(t, page, "allow")
		assert.Equal(t, 303, got.StatusCode, got.text)
		assert.True(t, strings.HasPrefix(got.Header.Get("Location"), "/?next="))
	})
	t.Run("two-cookies", func(t *testing.T) {
		planted := w.browser(t)
		planted.logIn(t, "linh", "cookie")
		planted.header.Set("Cookie", "cw_session=cwr_"+strings.Repeat("A", 60))
		assertRefused(t, planted.open(t, request(nil)), 400, "SESSION_AMBIGUOUS")
	})
}

func TestCodeIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	for name, change := range map[string][]string{
		"wrong-verifier":  {verifier, strings.Repeat("x", 43)},
		"no-verifier":     {verifier, ""},
		"another-address": {"49152", "49153"},
		"another-client":  {`"desktop"`, `"cli"`},
	} {
		t.Run(name, func(t *testing.T) {
			code := b.code(t, nil)
			assertRefused(t, w.redeem(t, code, change...), 400, "INVALID_GRANT")
			assertRefused(t, w.redeem(t, code), 400, "INVALID_GRANT") // a wrong guess uses it up
		})
	}
	t.Run("twice", func(t *testing.T) {
		code := b.code(t, nil)
		require.Equal(t, 200, w.redeem(t, code).StatusCode)
		assertRefused(t, w.redeem(t, code), 400, "INVALID_GRANT")
	})
	t.Run("expired", func(t *testing.T) {
		code := b.code(t, nil)
		redistime.Pass(t, w.Deps.Redis, logincode.Life)
		assertRefused(t, w.redeem(t, code), 400, "INVALID_GRANT")
	})
	t.Run("made-up", func(t *testing.T) { assertRefused(t, w.redeem(t, "made-up"), 400, "INVALID_GRANT") })
	t.Run("silent-redis", func(t *testing.T) {
		w.Faults().Add(fault.Fault{Upstream: "redis", Kind: fault.Status, Status: 503})
		defer w.Faults().Clear()
		assertRefused(t, w.redeem(t, "a-code"), 503, "SESSION_UNAVAILABLE")
	})
}

func TestCodeEndsWithItsSession(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser(t)
	b.logIn(t, "linh", "cookie")
	code := b.code(t, nil)
	b.call(t, "POST", "/api/auth/logout", `{"everywhere":true}`)
	assertRefused(t, w.redeem(t, code), 400, "INVALID_GRANT")
}

// Who plants a cookie before somebody logs in does not get their session.
func TestSessionFixation(t *testing.T) {
	w := newWorld(t, nil)
	attacker, victim := w.browser(t), w.browser(t)
	attacker.logIn(t, "minh", "cookie")
	home, err := url.Parse(w.server.URL + "/api/auth")
	require.NoError(t, err)
	var planted []*http.Cookie
	for _, c := range attacker.Jar.Cookies(home) {
		planted = append(planted, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/api/auth"})
	}
	victim.Jar.(*cookiejar.Jar).SetCookies(home, planted)
	victim.logIn(t, "linh", "cookie")
	require.Equal(t, 200, attacker.refresh(t).StatusCode)
	assert.Equal(t, w.minh, attacker.call(t, "GET", "/api/me", "").body["user_id"])
	require.Equal(t, 200, victim.refresh(t).StatusCode)
	assert.Equal(t, w.linh, victim.call(t, "GET", "/api/me", "").body["user_id"])
}
