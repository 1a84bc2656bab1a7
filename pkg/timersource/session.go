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
// false if the cookie is not a JWT or has no exp.
func SessionExpiry(session secret.Text) (time.Time, bool) {
	return expiry(sessionValue(session.Reveal()))
}

// sessionWarning is how long before its end a Jira session is called ending.
const sessionWarning = 5 * 24 * time.Hour

// Session is what a Jira session says of itself. Jira may refuse it earlier: after a
// logout or a changed password.
type Session struct {
	Ends          time.Time // zero if it does not say
	Ended, Ending bool
}

// ReadSession reads when a session ends.
func ReadSession(session secret.Text, now time.Time) Session {
	ends, _ := SessionExpiry(session)
	return SessionEnding(ends, now)
}

// SessionEnding is ReadSession for a known end, zero for an unknown one.
func SessionEnding(ends, now time.Time) Session {
	if ends.IsZero() {
		return Session{}
	}
	left := ends.Sub(now)
	return Session{Ends: ends, Ended: left <= 0, Ending: left > 0 && left <= sessionWarning}
}

// Warning says that the session has ended or soon will, and what to do; "" if
// neither.
func (s Session) Warning() string {
	switch {
	case s.Ended:
		return "The Jira session has ended: renew JIRA_TENANT_SESSION_TOKEN."
	case s.Ending:
		return "The Jira session ends on " + s.Ends.UTC().Format(time.DateOnly) + ": renew JIRA_TENANT_SESSION_TOKEN."
	}
	return ""
}

// cookieHeader makes a Cookie header of the bare value, or takes a whole one.
func cookieHeader(session secret.Text) string {
	text := session.Reveal()
	if isWholeCookie(text) {
		return text
	}
	return sessionCookie + "=" + text
}

// isWholeCookie distinguishes "name=value; …" from a bare JWT, which has no "=".
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
