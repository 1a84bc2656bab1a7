package sandbox

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/clockwork-timer/backend/pkg/secret"
)

// Credentials are what a backend is configured with. All of them belong to one
// person, the first of the team.
type Credentials struct {
	AccountID            string
	AtlassianEmail       string
	AtlassianAPIToken    secret.Text
	SessionToken         secret.Text // value of the cookie tenant.session.token, a JWT
	ServerClockworkToken secret.Text
}

// Credentials returns the credentials that the sandbox accepts.
func (s *Sandbox) Credentials() Credentials { return s.creds }

// ClockworkToken returns the person's Clockwork API token; it is empty for an
// unknown account.
func (s *Sandbox) ClockworkToken(accountID string) secret.Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokenOf[accountID]
}

// newCredentials needs s.mu held.
func (s *Sandbox) newCredentials(owner *Person) Credentials {
	now := s.now()
	s.sessionEnds = now.Add(s.opts.SessionLifetime).Truncate(time.Second)
	session := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "session-service", "aud": "atlassian", "sub": owner.AccountID, "email": owner.Email,
		"sessionId": s.newUUID(), "iat": now.Unix(), "nbf": now.Unix(), "exp": s.sessionEnds.Unix(),
	})
	session.Header["kid"] = "session-service/prod"
	return Credentials{
		AccountID:            owner.AccountID,
		AtlassianEmail:       owner.Email,
		AtlassianAPIToken:    secret.New("ATATT3x" + base64.RawURLEncoding.EncodeToString(s.randomBytes(132)) + "=" + fmt.Sprintf("%08X", s.rng.Uint32())),
		SessionToken:         secret.New(sign(session, s.randomBytes(32))),
		ServerClockworkToken: s.tokenOf[owner.AccountID],
	}
}

// newClockworkToken returns a token with every special character that headers must
// carry unchanged. It needs s.mu held.
func (s *Sandbox) newClockworkToken() secret.Text {
	head := base64.StdEncoding.EncodeToString(s.randomBytes(31))
	return secret.New("BAh+7/" + head + "--" + hex.EncodeToString(s.randomBytes(20)))
}

// newUUID needs s.mu held.
func (s *Sandbox) newUUID() string {
	b := s.randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// sign returns the token's compact form. It cannot fail, because the sandbox made the
// key.
func sign(token *jwt.Token, key any) string {
	text, err := token.SignedString(key)
	if err != nil {
		panic("sandbox: sign a token: " + err.Error())
	}
	return text
}
