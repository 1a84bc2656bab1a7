package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	forgeIssuer   = "forge/context-token"
	forgeAudience = "forge"
)

// newForgeKey returns a short key, because making a longer one is slow and the key
// protects nothing.
func newForgeKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic("sandbox: make the Forge key: " + err.Error())
	}
	return key
}

// serveContextToken is Jira's own endpoint for context tokens.
func (s *Sandbox) serveContextToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Extension struct {
			ID             string `json:"id"`
			Type           string `json:"type"`
			InstallationID string `json:"installationId"`
			AppVersion     string `json:"appVersion"`
		} `json:"extension"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		writeJiraError(w, http.StatusBadRequest, "Invalid request payload.")
		return
	}
	e := in.Extension
	if err := s.knowsExtension(e.ID, e.InstallationID, e.AppVersion); err != nil {
		writeJiraError(w, http.StatusNotFound, err.Error())
		return
	}
	token, expires := s.signContextToken(e.ID, e.Type)
	s.writeContextToken(w, e.ID, token, expires)
}

// writeContextToken answers in the shape that the switches choose.
func (s *Sandbox) writeContextToken(w http.ResponseWriter, extensionID, token string, expires time.Time) {
	switch shape := s.Switches().ContextTokenShape; shape {
	case "raw":
		w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
		_, _ = w.Write([]byte(token))
	case "string":
		writeJSON(w, http.StatusOK, token)
	case "contextToken", "contextJwt":
		writeJSON(w, http.StatusOK, map[string]any{shape: token})
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"extensionId": extensionID, "token": token,
			"expiresAt": expires.UnixMilli(), "expiresIn": int(expires.Sub(s.now()).Seconds()),
		})
	}
}

// knowsExtension returns an error if the app, installation or version does not exist.
func (s *Sandbox) knowsExtension(extensionID, installationID, appVersion string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	site := s.currentSite()
	switch {
	case s.switches.ForgeGone, extensionID != site.ExtensionID:
		return refusal("Extension not found: " + extensionID)
	case installationID != "" && installationID != qualified(installationID, site.InstallationID):
		return refusal("Installation not found: " + installationID)
	case s.switches.StrictAppVersion && appVersion != site.AppVersion:
		return refusef("App version %s is not installed", appVersion)
	}
	return nil
}

// qualified returns the id as an ARI if asked is one, and as it is otherwise.
func qualified(asked, id string) string {
	const prefix = "ari:cloud:ecosystem::installation/"
	if strings.HasPrefix(asked, prefix) {
		return prefix + id
	}
	return id
}

// signContextToken returns a token for the person of the session.
func (s *Sandbox) signContextToken(extensionID, extensionType string) (token string, expires time.Time) {
	s.mu.Lock()
	site, now, jti := s.currentSite(), s.now(), fmt.Sprintf("%08x%s", s.forgeEpoch, s.newUUID()[8:])
	s.mu.Unlock()
	expires = now.Add(s.opts.ContextTokenLifetime)
	workspace := "ari:cloud:jira:" + site.CloudID + ":workspace/" + site.WorkspaceID
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, contextClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: forgeIssuer, Audience: jwt.ClaimStrings{forgeAudience}, ID: jti,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		AccountID: s.creds.AccountID, AppID: site.AppID, AppVersion: site.AppVersion, ContextIDs: []string{workspace},
		Context:     map[string]any{"cloudId": site.CloudID, "siteUrl": "https://" + site.Host, "moduleKey": clockworkModuleKey},
		ExtensionID: extensionID, ExtensionType: extensionType,
	})
	t.Header["kid"] = "forge/context-token/1"
	return sign(t, s.forgeKey()), expires
}

var errNoAccess = refusal("User did not have access to specified resource(s)")

// checkContextToken returns jwt.ErrTokenExpired for an expired token, and errNoAccess
// for any other fault.
func (s *Sandbox) checkContextToken(text string) error {
	claims := contextClaims{}
	_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return &s.forgeKey().PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithIssuer(forgeIssuer),
		jwt.WithAudience(forgeAudience), jwt.WithTimeFunc(s.now))
	s.mu.Lock()
	epoch := fmt.Sprintf("%08x", s.forgeEpoch)
	s.mu.Unlock()
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return jwt.ErrTokenExpired
	case err != nil, !strings.HasPrefix(claims.ID, epoch):
		return errNoAccess
	}
	return nil
}
