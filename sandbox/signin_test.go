package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

const callbackURL = "https://timers.example.com/api/auth/callback"

// provider is a provider of the sandbox and a browser that uses it.
type provider struct {
	*fixture
	app sandbox.App
	url string
}

func newProvider(t *testing.T, handler func(*sandbox.Sandbox) http.Handler) *provider {
	t.Helper()
	f := start(t, sandbox.Options{})
	server := httptest.NewServer(handler(f.Sandbox))
	t.Cleanup(server.Close)
	return &provider{f, f.RegisterApp(callbackURL), server.URL}
}

func (p *provider) authorizeURL(change map[string]string) string {
	q := url.Values{"audience": {"api.atlassian.com"}, "client_id": {p.app.ClientID}, "scope": {"read:me read:jira-user"}, "redirect_uri": {callbackURL},
		"state": {"a-state"}, "response_type": {"code"}}
	for name, value := range change {
		q.Set(name, value)
	}
	return p.url + "/authorize?" + q.Encode()
}

// send makes a request and returns its answer, without following redirects.
func (p *provider) send(t *testing.T, method, address, token string, form url.Values) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

// consent presses a button of the page, and returns the query of the redirect back to
// the app.
func (p *provider) consent(t *testing.T, decision, site string) url.Values {
	t.Helper()
	response, body := p.send(t, "POST", p.authorizeURL(nil), "", url.Values{"decision": {decision}, "account_id": {p.People()[1].AccountID}, "site": {site}})
	require.Equal(t, 302, response.StatusCode, body)
	back, err := response.Location()
	require.NoError(t, err)
	assert.Equal(t, "a-state", back.Query().Get("state"))
	return back.Query()
}

func (p *provider) exchange(t *testing.T, change map[string]string, code string) (*http.Response, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {p.app.ClientID}, "client_secret": {p.app.ClientSecret}, "code": {code}, "redirect_uri": {callbackURL}}
	for name, value := range change {
		form.Set(name, value)
	}
	response, body := p.send(t, "POST", p.url+"/oauth/token", "", form)
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	return response, out
}

func TestAtlassianSignIn(t *testing.T) {
	p := newProvider(t, (*sandbox.Sandbox).Atlassian)
	response, page := p.send(t, "GET", p.authorizeURL(nil), "", nil)
	require.Equal(t, 200, response.StatusCode)
	assert.Contains(t, page, "Linh Tran")

	_, got := p.exchange(t, nil, p.consent(t, "accept", "5c0f2d1e-7b1a-4c52-9a58-0d3f4be7a911").Get("code"))
	token := got["access_token"].(string)
	_, sites := p.send(t, "GET", p.url+"/oauth/token/accessible-resources", token, nil)
	assert.Contains(t, sites, "another-team.atlassian.net")
	assert.NotContains(t, sites, p.Site().Host)
	myself := p.url + "/ex/jira/" + p.Site().CloudID + "/rest/api/3/myself"
	response, _ = p.send(t, "GET", myself, token, nil)
	assert.Equal(t, 404, response.StatusCode)

	_, got = p.exchange(t, nil, p.consent(t, "accept", p.Site().CloudID).Get("code"))
	token = got["access_token"].(string)
	_, sites = p.send(t, "GET", p.url+"/oauth/token/accessible-resources", token, nil)
	assert.Contains(t, sites, "another-team.atlassian.net", "sites add up")
	assert.Contains(t, sites, p.Site().Host)
	_, me := p.send(t, "GET", p.url+"/me", token, nil)
	assert.Contains(t, me, p.People()[1].AccountID)
	_, user := p.send(t, "GET", myself, token, nil)
	assert.Contains(t, user, p.People()[1].AccountID)

	p.clock.Advance(time.Hour)
	response, _ = p.send(t, "GET", p.url+"/me", token, nil)
	assert.Equal(t, 401, response.StatusCode)
}

func TestAtlassianRefusals(t *testing.T) {
	p := newProvider(t, (*sandbox.Sandbox).Atlassian)
	for name, change := range map[string]map[string]string{
		"unknown-app": {"client_id": "x"}, "another-callback": {"redirect_uri": callbackURL + "/"}, "scope-not-added": {"scope": "read:me write:jira-work"},
		"no-state": {"state": ""}, "no-audience": {"audience": ""}, "implicit": {"response_type": "token"},
	} {
		t.Run(name, func(t *testing.T) {
			response, _ := p.send(t, "GET", p.authorizeURL(change), "", nil)
			assert.Equal(t, 400, response.StatusCode)
		})
	}
	for name, tt := range map[string]struct {
		change map[string]string
		wait   time.Duration
		status int
	}{
		"wrong-secret": {map[string]string{"client_secret": "x"}, 0, 401}, "another-callback": {map[string]string{"redirect_uri": callbackURL + "/"}, 0, 403},
		"expired": {nil, time.Minute, 403}, "unknown-code": {map[string]string{"code": "x"}, 0, 403},
	} {
		t.Run(name, func(t *testing.T) {
			code := p.consent(t, "accept", p.Site().CloudID).Get("code")
			p.clock.Advance(tt.wait)
			response, _ := p.exchange(t, tt.change, code)
			assert.Equal(t, tt.status, response.StatusCode)
		})
	}
	t.Run("code-twice", func(t *testing.T) {
		code := p.consent(t, "accept", p.Site().CloudID).Get("code")
		response, _ := p.exchange(t, nil, code)
		assert.Equal(t, 200, response.StatusCode)
		response, _ = p.exchange(t, nil, code)
		assert.Equal(t, 403, response.StatusCode)
	})
}

func TestAtlassianSwitches(t *testing.T) {
	p := newProvider(t, (*sandbox.Sandbox).Atlassian)
	assert.Equal(t, "access_denied", p.consent(t, "deny", "").Get("error"))
	p.Switch(func(s *sandbox.Switches) { s.SignIn = "blocked" })
	assert.Equal(t, "access_denied", p.consent(t, "accept", p.Site().CloudID).Get("error"))
	for _, value := range []string{"noSite", "otherSite"} {
		p.Switch(func(s *sandbox.Switches) { s.SignIn = value })
		_, got := p.exchange(t, nil, p.consent(t, "accept", p.Site().CloudID).Get("code"))
		_, sites := p.send(t, "GET", p.url+"/oauth/token/accessible-resources", got["access_token"].(string), nil)
		assert.NotContains(t, sites, p.Site().Host, value)
		assert.Equal(t, value == "otherSite", strings.Contains(sites, "another-team"), value)
	}
	p.Switch(func(s *sandbox.Switches) { s.SignIn = "closed" })
	_, got := p.exchange(t, nil, p.consent(t, "accept", p.Site().CloudID).Get("code"))
	_, me := p.send(t, "GET", p.url+"/me", got["access_token"].(string), nil)
	assert.Contains(t, me, `"account_status":"closed"`)
}
