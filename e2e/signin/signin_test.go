// Package signin_test signs in as people do: at a real OpenID Connect provider (npm's
// oidc-provider) and at the sandbox's Atlassian, with cmd/server. It uses Chromium
// and Firefox for what depends on a browser. It needs node, npm and Debian's chromium
// and firefox-esr.
package signin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

const root = "../.."

// world is a server and its two providers.
type world struct {
	*upstreams.Upstreams
	server string // its origin; the providers are on "localhost", another site
	person sandbox.Person
}

func start(t *testing.T, ctx context.Context) *world {
	t.Helper()
	ports, err := freeport.Find(2)
	require.NoError(t, err)
	w := &world{Upstreams: upstreams.Start(t), server: fmt.Sprintf("http://127.0.0.1:%d", ports[0])}
	w.person = w.Sandbox.People()[1]
	callback := w.server + "/api/auth/callback"
	app := w.Sandbox.RegisterApp(callback)
	atlassian := httptest.NewServer(w.Sandbox.Atlassian())
	t.Cleanup(atlassian.Close)
	atlassianURL := strings.Replace(atlassian.URL, "127.0.0.1", "localhost", 1)

	issuer := fmt.Sprintf("http://localhost:%d", ports[1])
	require.NoError(t, process.NPM(ctx, "."))
	provider := process.StartT(t, process.Command{Path: "node", Args: []string{"provider.mjs"}, Env: []string{
		"ISSUER=" + issuer, "CLIENT_ID=" + app.ClientID, "CLIENT_SECRET=" + app.ClientSecret, "REDIRECT_URI=" + callback}})
	require.NoError(t, provider.Answers(ctx, issuer+"/.well-known/openid-configuration"))

	program, err := process.Build(ctx, root, "./cmd/server", true)
	require.NoError(t, err)
	server := process.StartT(t, process.Command{Path: program, Env: append(w.Env, "AUTH_MODE=required", "GORACE=halt_on_error=1",
		fmt.Sprintf("PORT=%d", ports[0]), "PUBLIC_URL="+w.server,
		"ATLASSIAN_OAUTH_CLIENT_ID="+app.ClientID, "ATLASSIAN_OAUTH_CLIENT_SECRET="+app.ClientSecret, "ATLASSIAN_AUTH_URL="+atlassianURL, "ATLASSIAN_API_URL="+atlassianURL,
		"OIDC_ISSUER="+issuer, "OIDC_CLIENT_ID="+app.ClientID, "OIDC_CLIENT_SECRET="+app.ClientSecret, "OIDC_NAME=company account",
		"DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "timers.db"))})
	require.NoError(t, server.Answers(ctx, w.server+"/api/health"))
	return w
}

// TestSignIn takes about half a minute on two cores, with everything built.
func TestSignIn(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	w := start(t, ctx)
	t.Run("atlassian", func(t *testing.T) { testAtlassian(t, w) })
	t.Run("cookie-not-sent", func(t *testing.T) { testCookieNotSent(t, w) })
	t.Run("callback-twice", func(t *testing.T) { testCallbackTwice(t, w) })
	t.Run("redis-down", func(t *testing.T) { testRedisDown(t, ctx, w) })
	t.Run("firefox", func(t *testing.T) { testFirefox(t, ctx, w) })
	t.Run("chromium", func(t *testing.T) { testChromium(t, ctx, w) })
}

func testChromium(t *testing.T, ctx context.Context, w *world) {
	chromium, err := process.Chromium()
	require.NoError(t, err)
	output, err := process.Run(ctx, process.Command{Path: "node", Args: []string{"--test", "--test-reporter=spec", "--test-timeout=60000", "signin.test.mjs"}, Env: []string{
		"CHROMIUM=" + chromium, "SERVER=" + w.server, "PERSON=" + w.person.Email, "ACCOUNT_ID=" + w.person.AccountID, "CLOUD_ID=" + w.Sandbox.Site().CloudID}})
	require.NoError(t, err)
	t.Log(output)
}

// browser keeps cookies. It does not follow redirects.
type browser struct {
	*world
	http.Client
}

func (w *world) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{w, http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	response, err := b.Get(address)
	require.NoError(t, err)
	return response, read(t, response)
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

// consent signs in at Atlassian and returns the address of the callback.
func (b *browser) consent(t *testing.T, decision string) string {
	t.Helper()
	begun, _ := b.get(t, b.server+"/api/auth/login/atlassian?next=/reference")
	require.Equal(t, 302, begun.StatusCode)
	page, err := begun.Location()
	require.NoError(t, err)
	response, err := b.PostForm(page.String(), url.Values{"decision": {decision}, "account_id": {b.person.AccountID}, "site": {b.Sandbox.Site().CloudID}})
	require.NoError(t, err)
	text := read(t, response)
	require.Equal(t, 302, response.StatusCode, text)
	return response.Header.Get("Location")
}

func (b *browser) refresh(t *testing.T) (status int, code string) {
	t.Helper()
	response, err := b.Post(b.server+"/api/auth/refresh", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	var body struct{ Error string }
	require.NoError(t, json.Unmarshal([]byte(read(t, response)), &body))
	return response.StatusCode, body.Error
}

func testAtlassian(t *testing.T, w *world) {
	for name, tt := range map[string]struct {
		person                 int // another one in each case, because sites of a grant add up
		signIn, decision, want string
	}{
		"signed-in":        {1, "", "accept", "/reference"},
		"denied":           {2, "", "deny", "/?signin=SIGNIN_DENIED"},
		"blocked-by-admin": {3, "blocked", "accept", "/?signin=SIGNIN_DENIED"},
		"other-site":       {4, "otherSite", "accept", "/?signin=NOT_A_MEMBER"},
		"no-site":          {5, "noSite", "accept", "/?signin=NOT_A_MEMBER"},
		"closed-account":   {6, "closed", "accept", "/?signin=SIGNIN_DENIED"},
	} {
		t.Run(name, func(t *testing.T) {
			mine := *w
			mine.person = w.Sandbox.People()[tt.person]
			b := mine.browser(t)
			w.Sandbox.Switch(func(s *sandbox.Switches) { s.SignIn = tt.signIn })
			defer w.Sandbox.Switch(func(s *sandbox.Switches) { s.SignIn = "" })
			_, page := b.get(t, b.consent(t, tt.decision))
			assert.Contains(t, page, `content="0;url=`+tt.want+`"`)
			status, _ := b.refresh(t)
			assert.Equal(t, tt.want == "/reference", status == 200, status)
		})
	}
}

// Some browsers do not send cookies after a redirect from another site. The page then
// reloads itself, and the cookies are sent.
func testCookieNotSent(t *testing.T, w *world) {
	b := w.browser(t)
	callback := b.consent(t, "accept")
	jar := b.Jar
	b.Jar = nil
	_, page := b.get(t, callback)
	assert.Contains(t, page, "again=1")
	b.Jar = jar
	_, page = b.get(t, callback+"&again=1")
	assert.Contains(t, page, `content="0;url=/reference"`)
	status, _ := b.refresh(t)
	assert.Equal(t, 200, status)
}

func testCallbackTwice(t *testing.T, w *world) {
	b := w.browser(t)
	callback := b.consent(t, "accept")
	home, err := url.Parse(w.server + "/api/auth/callback")
	require.NoError(t, err)
	before := b.Jar.Cookies(home)
	b.get(t, callback)
	thief := w.browser(t) // knows the address and the cookie, but comes second
	for _, c := range before {
		c.Path = "/api/auth"
	}
	thief.Jar.SetCookies(home, before)
	_, page := thief.get(t, callback)
	assert.Contains(t, page, "signin=SIGNIN_EXPIRED")
}

func testRedisDown(t *testing.T, ctx context.Context, w *world) {
	b := w.browser(t)
	b.get(t, b.consent(t, "accept"))
	away := w.Sandbox.Faults().Add(fault.Fault{Upstream: "upstash", Kind: fault.Status, Status: 503})
	status, code := b.refresh(t)
	away.Clear()
	assert.Equal(t, 503, status)
	assert.Equal(t, "SESSION_UNAVAILABLE", code)
	require.NoError(t, process.Until(ctx, "the session", func(context.Context) error {
		if status, code := b.refresh(t); status != 200 {
			return fmt.Errorf("%d %s", status, code)
		}
		return nil
	}))
}
