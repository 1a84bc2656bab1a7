package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

var openIDKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("sandbox: make the key of id tokens: " + err.Error())
	}
	return key
})

// OpenID plays an OpenID Connect provider for the apps of RegisterApp. Everybody has
// an account with a verified e-mail address. issuer is the address at which it is
// served.
func (s *Sandbox) OpenID(issuer string) http.Handler {
	mux := http.NewServeMux()
	s.handle(mux, "GET /.well-known/openid-configuration", "openid.discovery", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
			"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		})
	})
	s.handle(mux, "GET /keys", "openid.keys", serveOpenIDKeys)
	s.handle(mux, "GET /authorize", "openid.authorize", func(w http.ResponseWriter, r *http.Request) {
		view := providerView{Provider: "Sign in to your company", People: s.People(), Problem: s.checkOpenIDRequest(r.URL.Query())}
		status := http.StatusOK
		if view.Fatal = view.Problem != ""; view.Fatal {
			status = http.StatusBadRequest
		}
		view.write(w, status)
	})
	s.handle(mux, "POST /authorize", "openid.authorize", func(w http.ResponseWriter, r *http.Request) { s.serveOpenIDConsent(w, r, issuer) })
	s.handle(mux, "POST /token", "openid.token", func(w http.ResponseWriter, r *http.Request) { s.serveOpenIDToken(w, r, issuer) })
	return mux
}

func (s *Sandbox) checkOpenIDRequest(q url.Values) string {
	if q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256" {
		return "An S256 code_challenge is missing."
	}
	return s.checkAuthorize(q, "openid", "email", "profile")
}

func (s *Sandbox) serveOpenIDConsent(w http.ResponseWriter, r *http.Request, issuer string) {
	q := r.URL.Query()
	if problem := s.checkOpenIDRequest(q); problem != "" {
		providerView{Provider: "Sign in to your company", Problem: problem, Fatal: true}.write(w, http.StatusBadRequest)
		return
	}
	account := r.PostFormValue("account_id")
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.PostFormValue("decision") != "accept" || s.byAccount[account] == nil {
		sendBack(w, q, url.Values{"error": {"access_denied"}, "iss": {issuer}})
		return
	}
	code := s.issueCode(consent{clientID: q.Get("client_id"), accountID: account, callbackURL: q.Get("redirect_uri"), scope: q.Get("scope"),
		nonce: q.Get("nonce"), challenge: q.Get("code_challenge")})
	sendBack(w, q, url.Values{"code": {code}, "iss": {issuer}})
}

func (s *Sandbox) serveOpenIDToken(w http.ResponseWriter, r *http.Request, issuer string) {
	id, password, basic := r.BasicAuth()
	if !basic {
		id, password = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if !s.knowsClient(id, password) {
		refuseToken(w, http.StatusUnauthorized, "invalid_client", "The client is unknown.")
		return
	}
	c, valid := s.redeem(r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !valid || r.PostFormValue("grant_type") != "authorization_code" || c.clientID != id || c.callbackURL != r.PostFormValue("redirect_uri") ||
		c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		refuseToken(w, http.StatusBadRequest, "invalid_grant", "The code is not valid.")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": s.issueAccessToken(c), "token_type": "Bearer", "expires_in": int(accessTokenLife.Seconds()), "id_token": s.idToken(c, issuer),
	})
}

func (s *Sandbox) idToken(c consent, issuer string) string {
	s.mu.Lock()
	p := *s.byAccount[c.accountID]
	s.mu.Unlock()
	now := s.now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": issuer, "aud": c.clientID, "sub": "employee-" + p.AccountID, "nonce": c.nonce, "iat": now.Unix(), "exp": now.Add(accessTokenLife).Unix(),
		"email": p.Email, "email_verified": true, "name": p.DisplayName,
	})
	token.Header["kid"] = "1"
	return sign(token, openIDKey())
}

func serveOpenIDKeys(w http.ResponseWriter, _ *http.Request) {
	point, err := openIDKey().PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic("sandbox: encode the key of id tokens: " + err.Error())
	}
	encode := base64.RawURLEncoding.EncodeToString
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
}
