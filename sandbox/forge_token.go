package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	forgeIssuer      = "forge/context-token"
	forgeAudience    = "forge"
	contextTokenLife = 15 * time.Minute
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

// knowsExtension reports whether the app, installation and version exist.
func (s *Sandbox) knowsExtension(extensionID, installationID, appVersion string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	site := s.currentSite()
	return !s.switches.ForgeGone && extensionID == site.ExtensionID &&
		(installationID == "" || installationID == qualified(installationID, site.InstallationID)) &&
		(appVersion == site.AppVersion || !s.switches.StrictAppVersion)
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
	expires = now.Add(contextTokenLife)
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
