package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// The fixed claims of this backend's tokens.
const (
	Issuer    = "clockwork"
	Audience  = "clockwork-api"
	RoleAdmin = users.RoleAdmin
)

// clockSkew is how far the clock of the instance that issued a token may be
// ahead of the one that checks it.
const clockSkew = 5 * time.Second

// Claims are what a token says about its user.
type Claims struct {
	jwt.RegisteredClaims
	AccountID string `json:"account_id,omitempty"`
	Email     string `json:"email,omitempty"`
	Role      string `json:"role,omitempty"`
	SessionID string `json:"sid,omitempty"`
	Provider  string `json:"auth,omitempty"`
}

// Verifier checks bearer tokens: HS256 only, signed with any of the secrets,
// with issuer, audience, time of issue and expiry, all of which the JWT library
// leaves optional.
type Verifier struct {
	Secrets []string // the current one first
	Now     func() time.Time
	Recent  *Recent // nil: each token is checked each time
}

// Verify returns the caller that the token names.
func (v Verifier) Verify(token string) (Caller, error) {
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if caller, ok := v.Recent.find(token, now); ok {
		return caller, nil
	}
	caller, err := v.check(token, now)
	if err == nil {
		v.Recent.add(token, caller, now)
	}
	return caller, err
}

func (v Verifier) check(token string, now time.Time) (Caller, error) {
	keys := jwt.VerificationKeySet{}
	for _, s := range v.Secrets {
		if s != "" { // anybody can sign with an empty one
			keys.Keys = append(keys.Keys, []byte(s))
		}
	}
	if len(keys.Keys) == 0 {
		return Caller{}, ErrNotConfigured
	}
	var claims Claims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return keys, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(Issuer), jwt.WithAudience(Audience), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return Caller{}, fmt.Errorf("%w: %w", ErrBadToken, err)
	}
	if claims.IssuedAt == nil || claims.IssuedAt.After(now.Add(clockSkew)) {
		return Caller{}, fmt.Errorf("%w: it does not say when it was issued, or a time to come", ErrBadToken)
	}
	if claims.Subject == "" {
		return Caller{}, fmt.Errorf("%w: it names no user", ErrBadToken)
	}
	return Caller{
		Known:     true,
		UserID:    claims.Subject,
		AccountID: claims.AccountID,
		Email:     timer.NormalizeEmail(claims.Email),
		Admin:     claims.Role == RoleAdmin,
		Expires:   claims.ExpiresAt.Time,
		SessionID: claims.SessionID,
		Provider:  claims.Provider,
	}, nil
}
