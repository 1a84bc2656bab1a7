// Package signin lets people sign in with Atlassian or with one OpenID Connect
// provider: it sends them there, and says who came back. It issues no tokens of
// its own. Only the auth function links it, because the providers' libraries are
// large.
package signin

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/clockwork-timer/backend/pkg/secret/sealed"
)

// AttemptLife is how long somebody may take to sign in at a provider.
const AttemptLife = 10 * time.Minute

// Attempt is one sign-in that has begun. It travels in a sealed cookie, so that
// a callback in another browser finds none.
type Attempt struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Provider string    `json:"p"`
	Next     string    `json:"x"` // the path to go to afterwards
	Ends     time.Time `json:"e"`
}

// NewAttempt begins a sign-in that leads to next, if that is a path of ours.
func NewAttempt(provider, next string, now time.Time) Attempt {
	return Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Provider: provider, Next: LocalPath(next), Ends: now.Add(AttemptLife)}
}

// LocalPath returns a path that stays on this site, or "/". Browsers take "//"
// and "/\" for the beginning of another host, and drop tabs and line ends.
func LocalPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(path) > 1024 {
		return "/"
	}
	for _, r := range path {
		if r <= ' ' || r == '\\' || r == 0x7f || r > 0x7e {
			return "/"
		}
	}
	return path
}

// Sealer encrypts attempts, so that a browser can neither read nor make one.
type Sealer struct{ box sealed.Box }

// NewSealer seals with the first of the secrets and opens with any.
func NewSealer(secrets []string) (Sealer, error) {
	var keys [][]byte
	for _, secret := range secrets {
		if secret == "" { // anybody can seal with an empty one
			continue
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "clockwork sign-in cookie", sealed.KeySize)
		if err != nil {
			return Sealer{}, fmt.Errorf("derive the key of sign-in cookies: %w", err)
		}
		keys = append(keys, key)
	}
	box, err := sealed.New(keys...)
	return Sealer{box}, err
}

// Seal returns the value of the attempt's cookie.
func (s Sealer) Seal(a Attempt) (string, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encode sign-in: %w", err)
	}
	return s.box.Seal(a.State, plain)
}

// Open returns the attempt of a cookie if it was begun with that state and has
// not expired: else ErrExpired.
func (s Sealer) Open(cookie, state string, now time.Time) (Attempt, error) {
	plain, _, ok := s.box.Open(state, cookie)
	var a Attempt
	if !ok || state == "" || json.Unmarshal(plain, &a) != nil || !now.Before(a.Ends) {
		return Attempt{}, ErrExpired
	}
	return a, nil
}
