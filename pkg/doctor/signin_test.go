package doctor_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/doctor"
)

func TestSignIn(t *testing.T) {
	const callback = "it has to know the callback address https://timers.example.test/api/auth/callback"
	var issuer string
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_, _ = io.WriteString(w, `{"issuer":"`+issuer+`"}`)
		case "/html/.well-known/openid-configuration":
			_, _ = io.WriteString(w, `<html>`)
		case "/authorize":
			w.WriteHeader(http.StatusBadRequest)
		default:
			http.NotFound(w, r)
		}
	}))
	defer provider.Close()
	atlassian := map[string]string{"ATLASSIAN_OAUTH_CLIENT_ID": "app", "ATLASSIAN_OAUTH_CLIENT_SECRET": "marked-secret"}
	oidc := map[string]string{"OIDC_CLIENT_ID": "app", "OIDC_CLIENT_SECRET": "marked-secret"}
	for name, tc := range map[string]struct {
		more   map[string]string
		url    string // PUBLIC_URL
		issuer string // as it calls itself
		want   []string
	}{
		"nothing":            {want: []string{"skip PUBLIC_URL is not set: a reload of the page asks for the password again, and no provider can be used"}},
		"sessions":           {url: "https://timers.example.test", want: []string{"ok browsers stay signed in at https://timers.example.test"}},
		"not-encrypted":      {url: "http://127.0.0.1:3000", want: []string{"warn PUBLIC_URL is http://127.0.0.1:3000: only browsers on this machine can sign in; others need https"}},
		"atlassian":          {url: "https://timers.example.test", more: merged(atlassian, map[string]string{"ATLASSIAN_AUTH_URL": provider.URL}), want: []string{"ok browsers stay signed in at https://timers.example.test", "ok Atlassian's sign-in page answers; " + callback + " and the scopes read:me and read:jira-user"}},
		"atlassian-is-away":  {url: "https://timers.example.test", more: merged(atlassian, map[string]string{"ATLASSIAN_AUTH_URL": "http://127.0.0.1:1"}), want: []string{"ok browsers stay signed in at https://timers.example.test", "fail Atlassian's sign-in page: nothing listens at its address: check ATLASSIAN_AUTH_URL"}},
		"oidc":               {url: "https://timers.example.test", more: merged(oidc, map[string]string{"OIDC_ISSUER": provider.URL}), issuer: provider.URL, want: []string{"ok browsers stay signed in at https://timers.example.test", "ok the OpenID Connect provider answers; " + callback}},
		"oidc-other-issuer":  {url: "https://timers.example.test", more: merged(oidc, map[string]string{"OIDC_ISSUER": provider.URL}), issuer: "https://other.test", want: []string{"ok browsers stay signed in at https://timers.example.test", "fail the provider calls itself https://other.test: set OIDC_ISSUER to exactly that"}},
		"oidc-no-discovery":  {url: "https://timers.example.test", more: merged(oidc, map[string]string{"OIDC_ISSUER": provider.URL + "/nothing"}), want: []string{"ok browsers stay signed in at https://timers.example.test", "fail the OpenID Connect provider: answers 404: check OIDC_ISSUER"}},
		"oidc-answers-pages": {url: "https://timers.example.test", more: merged(oidc, map[string]string{"OIDC_ISSUER": provider.URL + "/html"}), want: []string{"ok browsers stay signed in at https://timers.example.test", "fail the OpenID Connect provider answers with no discovery document: check OIDC_ISSUER"}},
	} {
		t.Run(name, func(t *testing.T) {
			issuer = tc.issuer
			var got []string
			doctor.Run(t.Context(), merged(healthy(), map[string]string{"PUBLIC_URL": tc.url}, tc.more), doctor.Options{Only: []string{"sign-in"}}, func(f doctor.Finding) {
				got = append(got, string(f.Level)+" "+f.Text)
				assert.NotContains(t, f.Text, "marked-secret")
			})
			assert.Equal(t, tc.want, got)
		})
	}
}

func merged(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, one := range all {
		maps.Copy(out, one)
	}
	return out
}
