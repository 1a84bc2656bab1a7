package timersource

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/clockwork-timer/backend/pkg/secret"
)

const sessionCookie = "tenant.session.token"

// SessionExpiry reads when the session cookie itself says that it ends. It is
// false where the cookie is not a JWT or has no exp.
func SessionExpiry(session secret.Text) (time.Time, bool) {
	return expiry(sessionValue(session.Reveal()))
}

// cookieHeader makes a Cookie header of the bare value, or takes a whole one.
func cookieHeader(session secret.Text) string {
	text := session.Reveal()
	if isWholeCookie(text) {
		return text
	}
	return sessionCookie + "=" + text
}

// isWholeCookie tells "name=value; …" from a bare JWT, which has no "=".
func isWholeCookie(text string) bool {
	name, _, found := strings.Cut(text, "=")
	return found && !strings.HasPrefix(name, "eyJ")
}

// sessionValue finds the session's JWT in either form.
func sessionValue(text string) string {
	if !isWholeCookie(text) {
		return text
	}
	for pair := range strings.SplitSeq(text, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); name == sessionCookie {
			return value
		}
	}
	return ""
}

// expiry reads a JWT's exp. The signature is not checked: we hold the token to
// pass it on, and its issuer checks it.
func expiry(token string) (time.Time, bool) {
	var claims jwt.RegisteredClaims
	_, _, err := jwt.NewParser().ParseUnverified(token, &claims)
	if err != nil && !errors.Is(err, jwt.ErrTokenUnverifiable) || claims.ExpiresAt == nil {
		return time.Time{}, false
	}
	at := claims.ExpiresAt.UTC()
	if at.Year() < 2000 || at.Year() > 9999 {
		return time.Time{}, false
	}
	return at, true
}

// newToken checks that text is a JWT that ends.
func newToken(text string) (Token, error) {
	at, ok := expiry(text)
	if !ok {
		return Token{}, fmt.Errorf("%w: a token that is no JWT with an exp", ErrUnknownShape)
	}
	return Token{Value: secret.New(text), ExpiresAt: at}, nil
}
