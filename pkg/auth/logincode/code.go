// Package logincode holds the codes with which an app gets a session of its own: a
// person allows it in their browser, and the app redeems the code that the browser
// brings it. It knows no HTTP and issues no tokens.
package logincode

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Life is how long a code is valid.
const Life = time.Minute

// ErrInvalid means that the code was never issued, has expired, was redeemed before,
// or belongs to another request.
var ErrInvalid = errors.New("the code is not valid")

// Grant is what a code stands for. Only the app that made the challenge can redeem it.
type Grant struct {
	UserID      string `json:"user"`
	SessionID   string `json:"session"` // of the browser in which the person allowed it
	ClientID    string `json:"client"`
	RedirectURI string `json:"redirect"`
	Challenge   string `json:"challenge"` // SHA-256 of the app's verifier, in base64url
}

// Store holds codes in Redis, by their hash.
type Store struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
}

// Issue returns a code. It costs one command.
func (s Store) Issue(ctx context.Context, g Grant) (string, error) {
	record, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("encode code: %w", err)
	}
	code := rand.Text()
	if _, err := s.Redis.Do(ctx, "SET", key(code), string(record), "EX", int64(Life/time.Second)); err != nil {
		return "", fmt.Errorf("store code: %w", err)
	}
	return code, nil
}

// Redeem uses up a code, whoever presents it, and returns its grant if the rest fits:
// else ErrInvalid. It costs one command.
func (s Store) Redeem(ctx context.Context, code, verifier, clientID, redirectURI string) (Grant, error) {
	reply, err := s.Redis.Do(ctx, "GETDEL", key(code))
	if err != nil {
		return Grant{}, fmt.Errorf("redeem code: %w", err)
	}
	text, _ := reply.(string)
	var g Grant
	if text == "" || json.Unmarshal([]byte(text), &g) != nil || g.ClientID != clientID || g.RedirectURI != redirectURI ||
		subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(g.Challenge)) == 0 {
		return Grant{}, ErrInvalid
	}
	return g, nil
}

// Challenge is the S256 challenge of RFC 7636.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// key holds half of the hash, so that Redis holds no code.
func key(code string) string {
	sum := sha256.Sum256([]byte(code))
	return "clockwork:code:" + hex.EncodeToString(sum[:sha256.Size/2])
}
