package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/signin"
)

// atlassian answers as auth.atlassian.com and api.atlassian.com do. Each field
// is what the API says of the person.
type atlassian struct {
	*httptest.Server
	me     map[string]any
	sites  []map[string]any
	myself map[string]any
	status map[string]int // of a path that fails
}

const site = "https://acme.atlassian.net"

func newAtlassian(t *testing.T) *atlassian {
	t.Helper()
	a := &atlassian{
		me: map[string]any{"account_id": "acc-linh", "email": "linh@example.com", "name": "Linh Tran", "account_status": "active"},
		// Grants add up, without an order.
		sites:  []map[string]any{{"id": "cloud-other", "url": "https://other.atlassian.net"}, {"id": "cloud-acme", "url": site}},
		myself: map[string]any{"accountId": "acc-linh"},
		status: map[string]int{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.PostFormValue("client_secret") != clientSecret:
			refuse(w, http.StatusUnauthorized, "access_denied")
		case r.PostFormValue("code") != "a-code", r.PostFormValue("redirect_uri") != redirectURL:
			refuse(w, http.StatusForbidden, "invalid_grant")
		default:
			answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 3600})
		}
	})
	say := func(body func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer access" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			answer(w, body())
		}
	}
	mux.HandleFunc("GET /me", say(func() any { return a.me }))
	mux.HandleFunc("GET /oauth/token/accessible-resources", say(func() any { return a.sites }))
	mux.HandleFunc("GET /ex/jira/cloud-acme/rest/api/3/myself", say(func() any { return a.myself }))
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := a.status[r.URL.Path]; status != 0 {
			w.WriteHeader(status)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func TestAtlassian(t *testing.T) {
	const myselfPath = "/ex/jira/cloud-acme/rest/api/3/myself"
	for name, tt := range map[string]struct {
		change func(a *atlassian)
		back   signin.Callback
		secret string
		want   error
	}{
		"signs-in":                {},
		"site-in-other-case":      {change: func(a *atlassian) { a.sites[1]["url"] = "https://ACME.atlassian.net/" }},
		"denied":                  {back: signin.Callback{Error: "access_denied"}, want: signin.ErrDenied},
		"code-used-before":        {back: signin.Callback{Code: "another"}, want: signin.ErrExpired},
		"closed-account":          {change: func(a *atlassian) { a.me["account_status"] = "closed" }, want: signin.ErrDenied},
		"nobody":                  {change: func(a *atlassian) { a.me = map[string]any{} }, want: signin.ErrUnavailable},
		"no-site":                 {change: func(a *atlassian) { a.sites = nil }, want: signin.ErrNotMember},
		"other-site-only":         {change: func(a *atlassian) { a.sites = a.sites[:1] }, want: signin.ErrNotMember},
		"site-knows-another":      {change: func(a *atlassian) { a.myself["accountId"] = "acc-minh" }, want: signin.ErrNotMember},
		"site-lets-nobody-in":     {change: func(a *atlassian) { a.status[myselfPath] = http.StatusForbidden }, want: signin.ErrNotMember},
		"site-is-busy":            {change: func(a *atlassian) { a.status[myselfPath] = http.StatusTooManyRequests }, want: signin.ErrUnavailable},
		"scope-was-not-granted":   {change: func(a *atlassian) { a.status["/me"] = http.StatusForbidden }, want: signin.ErrDenied},
		"atlassian-is-down":       {change: func(a *atlassian) { a.status["/oauth/token"] = http.StatusBadGateway }, want: signin.ErrUnavailable},
		"identity-api-is-down":    {change: func(a *atlassian) { a.status["/me"] = http.StatusBadGateway }, want: signin.ErrUnavailable},
		"wrong-secret":            {secret: "another", want: signin.ErrUnavailable},
		"redirects-elsewhere":     {change: func(a *atlassian) { a.status["/me"] = http.StatusFound }, want: signin.ErrUnavailable},
		"account-id-is-a-pattern": {change: func(a *atlassian) { a.sites[1]["id"] = "../../me?" }, want: signin.ErrNotMember},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAtlassian(t)
			if tt.change != nil {
				tt.change(a)
			}
			password := clientSecret
			if tt.secret != "" {
				password = tt.secret
			}
			provider := signin.NewAtlassian(signin.AtlassianOptions{
				ClientID: clientID, ClientSecret: secret.New(password), RedirectURL: redirectURL, Site: site, AuthURL: a.URL, APIURL: a.URL, Transport: http.DefaultTransport,
			})
			attempt := signin.NewAttempt(signin.AtlassianID, "/", now)
			address, err := provider.AuthURL(t.Context(), attempt)
			require.NoError(t, err)
			asked := must(url.Parse(address)).Query()
			assert.Equal(t, "api.atlassian.com", asked.Get("audience"))
			assert.Equal(t, "read:me read:jira-user", asked.Get("scope"), "no offline_access: the tokens are forgotten")
			back := tt.back
			if back == (signin.Callback{}) {
				back.Code = "a-code"
			}
			got, err := provider.Identify(t.Context(), back, attempt)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				assert.NotContains(t, err.Error(), "SECRETVALUE")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, signin.Identity{Issuer: signin.AtlassianID, Subject: "acc-linh", AccountID: "acc-linh"}, got)
		})
	}
}
