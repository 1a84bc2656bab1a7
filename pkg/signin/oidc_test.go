package signin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/signin"
)

const (
	clientID     = "clockwork-client"
	clientSecret = "a-client-secret"
	redirectURL  = "https://timers.example.com/api/auth/callback"
)

var (
	now     = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	signKey = must(rsa.GenerateKey(rand.Reader, 2048))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// openID is an OpenID Connect provider. It checks the client, the redirect
// address and PKCE, and gives each code once; what it says of a person is the
// test's.
type openID struct {
	*httptest.Server
	claims   map[string]any // over the good ones; nil removes one
	userInfo map[string]any
	unsigned bool            // "alg": "none"
	key      *rsa.PrivateKey // another one than it publishes
	broken   string          // a path that answers 503

	challenge string // of the attempt that began
	used      bool
}

func newOpenID(t *testing.T) *openID {
	t.Helper()
	p := &openID{key: signKey, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signKey.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, p.userInfo)
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == p.broken {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (p *openID) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"userinfo_endpoint": p.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (p *openID) token(w http.ResponseWriter, r *http.Request) {
	id, password, basic := r.BasicAuth()
	if !basic {
		id, password = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != clientID || password != clientSecret:
		refuse(w, http.StatusUnauthorized, "invalid_client")
	case p.used, r.PostFormValue("code") != "a-code", r.PostFormValue("redirect_uri") != redirectURL,
		base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge:
		refuse(w, http.StatusBadRequest, "invalid_grant")
	default:
		p.used = true
		answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": p.idToken()})
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "with a SECRETVALUE in it"})
}

func (p *openID) idToken() string {
	payload := map[string]any{
		"iss": p.URL, "sub": "subject-linh", "aud": clientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"email": "Linh@Example.com", "email_verified": true, "name": "Linh Tran",
	}
	maps.Copy(payload, p.claims)
	maps.DeleteFunc(payload, func(_ string, v any) bool { return v == nil })
	text := must(json.Marshal(payload))
	if p.unsigned {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
	}
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: p.key}, (&jose.SignerOptions{}).WithHeader("kid", "1")))
	return must(must(signer.Sign(text)).CompactSerialize())
}

// begin opens the provider's page in a browser, as it were.
func (p *openID) begin(t *testing.T, provider *signin.OIDC) signin.Attempt {
	t.Helper()
	a := signin.NewAttempt(signin.OIDCID, "/", now)
	address, err := provider.AuthURL(t.Context(), a)
	require.NoError(t, err)
	page, err := url.Parse(address)
	require.NoError(t, err)
	asked := page.Query()
	assert.Equal(t, "S256", asked.Get("code_challenge_method"))
	assert.Equal(t, a.State, asked.Get("state"))
	assert.Equal(t, redirectURL, asked.Get("redirect_uri"))
	p.challenge = asked.Get("code_challenge")
	if _, set := p.claims["nonce"]; !set {
		p.claims["nonce"] = asked.Get("nonce")
	}
	return a
}

func (p *openID) client(domains ...string) *signin.OIDC {
	return signin.NewOIDC(signin.OIDCOptions{
		Issuer: p.URL, ClientID: clientID, ClientSecret: secret.New(clientSecret), RedirectURL: redirectURL, Domains: domains,
		Transport: http.DefaultTransport, Now: func() time.Time { return now },
	})
}

func TestOIDC(t *testing.T) {
	good := signin.Callback{Code: "a-code"}
	for name, tt := range map[string]struct {
		change  func(p *openID)
		back    signin.Callback
		domains []string
		want    error
	}{
		"signs-in":                 {},
		"address-only-in-userinfo": {change: func(p *openID) { p.claims["email"] = nil; p.userInfo = person("subject-linh", true) }},
		"verified-as-text":         {change: func(p *openID) { p.claims["email_verified"] = "true" }},
		"domain-allowed":           {domains: []string{"example.com"}},
		"several-audiences":        {change: func(p *openID) { p.claims["aud"] = []string{clientID, "x"}; p.claims["azp"] = clientID }},

		"unverified":                {change: func(p *openID) { p.claims["email_verified"] = false }, want: signin.ErrUnverified},
		"verification-not-said":     {change: func(p *openID) { p.claims["email_verified"] = nil }, want: signin.ErrUnverified},
		"entra-claim-of-another":    {change: func(p *openID) { p.claims["email_verified"], p.claims["xms_edov"] = nil, true }, want: signin.ErrUnverified},
		"no-address":                {change: func(p *openID) { p.claims["email"] = nil; p.userInfo = map[string]any{"sub": "subject-linh"} }, want: signin.ErrUnverified},
		"userinfo-unverified":       {change: func(p *openID) { p.claims["email"] = nil; p.userInfo = person("subject-linh", false) }, want: signin.ErrUnverified},
		"userinfo-of-somebody-else": {change: func(p *openID) { p.claims["email"] = nil; p.userInfo = person("subject-minh", true) }, want: signin.ErrDenied},
		"domain-not-allowed":        {domains: []string{"example.org"}, want: signin.ErrNotMember},
		"domain-looks-alike":        {domains: []string{"ample.com"}, want: signin.ErrNotMember},
		"denied":                    {back: signin.Callback{Error: "access_denied"}, want: signin.ErrDenied},
		"provider-is-busy":          {back: signin.Callback{Error: "temporarily_unavailable"}, want: signin.ErrUnavailable},
		"no-code":                   {back: signin.Callback{Issuer: ""}, want: signin.ErrDenied},
		"another-code":              {back: signin.Callback{Code: "another"}, want: signin.ErrExpired},
		"code-of-another-issuer":    {back: signin.Callback{Code: "a-code", Issuer: "https://evil.example"}, want: signin.ErrDenied},
		"nonce-of-another-sign-in":  {change: func(p *openID) { p.claims["nonce"] = "another" }, want: signin.ErrExpired},
		"no-nonce":                  {change: func(p *openID) { p.claims["nonce"] = nil }, want: signin.ErrExpired},
		"another-audience":          {change: func(p *openID) { p.claims["aud"] = "another" }, want: signin.ErrUnavailable},
		"several-audiences-no-azp":  {change: func(p *openID) { p.claims["aud"] = []string{clientID, "x"} }, want: signin.ErrDenied},
		"for-another-party":         {change: func(p *openID) { p.claims["azp"] = "another" }, want: signin.ErrDenied},
		"another-issuer":            {change: func(p *openID) { p.claims["iss"] = "https://evil.example" }, want: signin.ErrUnavailable},
		"expired":                   {change: func(p *openID) { p.claims["exp"] = now.Add(-time.Minute).Unix() }, want: signin.ErrUnavailable},
		"not-signed":                {change: func(p *openID) { p.unsigned = true }, want: signin.ErrUnavailable},
		"signed-by-somebody-else":   {change: func(p *openID) { p.key = must(rsa.GenerateKey(rand.Reader, 2048)) }, want: signin.ErrUnavailable},
		"token-endpoint-down":       {change: func(p *openID) { p.broken = "/token" }, want: signin.ErrUnavailable},
		"keys-down":                 {change: func(p *openID) { p.broken = "/keys" }, want: signin.ErrUnavailable},
		"verifier-of-another":       {change: func(p *openID) { p.challenge = "x" }, want: signin.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOpenID(t)
			client := p.client(tt.domains...)
			a := p.begin(t, client)
			if tt.change != nil {
				tt.change(p)
			}
			back := tt.back
			if back == (signin.Callback{}) && name != "no-code" {
				back = good
			}
			got, err := client.Identify(t.Context(), back, a)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				assert.NotContains(t, err.Error(), "SECRETVALUE")
				assert.Empty(t, got)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, signin.Identity{Issuer: p.URL, Subject: "subject-linh", Email: "linh@example.com"}, got)
			_, err = client.Identify(t.Context(), back, a)
			assert.ErrorIs(t, err, signin.ErrExpired, "the same code again")
		})
	}
}

func person(subject string, verified bool) map[string]any {
	return map[string]any{"sub": subject, "email": "linh@example.com", "email_verified": verified, "name": "Linh Tran"}
}

func TestProviderThatWasDownIsDiscoveredLater(t *testing.T) {
	p := newOpenID(t)
	client := p.client()
	p.broken = "/.well-known/openid-configuration"
	_, err := client.AuthURL(t.Context(), signin.NewAttempt(signin.OIDCID, "/", now))
	require.ErrorIs(t, err, signin.ErrUnavailable)
	p.broken = ""
	p.begin(t, client)
}
