package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/clockwork-timer/backend/pkg/auth/users"
)

// TokenLife is how long a bearer token is valid: a working day, so that nobody logs in
// twice a day, and a removed user is out the next day. Only a new JWT_SECRET ends it
// earlier.
const TokenLife = 12 * time.Hour

// Signer issues the tokens that a Verifier with the same secret accepts.
type Signer struct {
	Secret string
	Now    func() time.Time
}

// Sign returns a token for the user, valid for TokenLife.
func (s Signer) Sign(u users.User) (string, error) {
	now := s.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    Issuer,
			Subject:   u.ID(),
			Audience:  jwt.ClaimStrings{Audience},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(TokenLife)),
		},
		AccountID: u.AccountID, Email: u.Email, Role: u.Role,
	}).SignedString([]byte(s.Secret))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}
