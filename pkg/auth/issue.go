package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// TokenLife is how long a login lasts that has no session: a working day, so that
// nobody logs in twice in one, and a user who was removed is gone the next.
// Nothing can end such a token earlier but a new JWT_SECRET.
const TokenLife = 12 * time.Hour

// SessionTokenLife is how long an access token of a session lasts. A refresh gives
// the next one, so a session that was ended is gone after this time everywhere.
const SessionTokenLife = 15 * time.Minute

// ProviderPassword vouches for whoever logged in with a username and password.
const ProviderPassword = "password"

// Grant is what an access token is issued for.
type Grant struct {
	User      users.User
	SessionID string // "" for a login without a session
	Provider  string // who vouched for the user: password, atlassian or oidc
}

// Life is how long a token for the grant lasts.
func (g Grant) Life() time.Duration {
	if g.SessionID != "" {
		return SessionTokenLife
	}
	return TokenLife
}

// Signer issues the tokens that a Verifier with the same secret accepts.
type Signer struct {
	Secret string
	Now    func() time.Time
}

// Sign returns an access token for the grant.
func (s Signer) Sign(g Grant) (string, error) {
	if s.Secret == "" { // with an empty secret everybody can sign
		return "", ErrNoLogin
	}
	now := s.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    Issuer,
			Subject:   g.User.ID(),
			Audience:  jwt.ClaimStrings{Audience},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(g.Life())),
		},
		AccountID: g.User.AccountID, Email: g.User.Email, Role: g.User.Role, SessionID: g.SessionID, Provider: g.Provider,
	}).SignedString([]byte(s.Secret))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}
