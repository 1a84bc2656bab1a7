// Package session keeps people signed in: it issues refresh tokens that change
// at each use, and stores the sessions behind them in Redis. It issues no access
// tokens and knows neither cookies nor passwords.
package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
)

// Kind is how a client holds its refresh token. A token of one kind is refused
// for the other, so that a page cannot use what an app stores, or the reverse.
type Kind byte

// The kinds of a session.
const (
	Cookie Kind = 1 // a browser, in an HttpOnly cookie
	Native Kind = 2 // an app, in the system's keychain
)

// String is the kind's name in a list of sessions.
func (k Kind) String() string {
	if k == Native {
		return "app"
	}
	return "browser"
}

// Sizes of a token's parts, in bytes.
const (
	idSize      = 16
	counterSize = 4
	macSize     = 24
	payloadSize = 1 + idSize + counterSize
	tokenSize   = payloadSize + macSize
)

// prefix lets secret scanners find a token that got into the wrong place.
const prefix = "cwr_"

// claim is what a token proves: that it was issued for a session, as its
// counter-th one. Only the store says whether the session still exists.
type claim struct {
	kind    Kind
	id      string // in base64url
	counter uint32
}

// signer makes and checks refresh tokens.
type signer struct {
	keys []*keyed.Key // the current one first
}

// newSigner derives a key from each secret, so that a refresh token and an
// access token that are signed with the same secret have nothing in common.
func newSigner(secrets []string) (signer, error) {
	var s signer
	for _, secret := range secrets {
		if secret == "" { // anybody can sign with an empty one
			continue
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "clockwork refresh token", sha256.Size)
		if err != nil {
			return signer{}, err
		}
		s.keys = append(s.keys, keyed.New(key))
	}
	return s, nil
}

// sign returns the token for a claim. It is a function of the claim alone: two
// requests that use up the same token get the same successor.
func (s signer) sign(c claim) (string, error) {
	id, err := base64.RawURLEncoding.DecodeString(c.id)
	if err != nil || len(id) != idSize || len(s.keys) == 0 {
		return "", ErrEnded
	}
	payload := append([]byte{byte(c.kind)}, id...)
	payload = binary.BigEndian.AppendUint32(payload, c.counter)
	return prefix + base64.RawURLEncoding.EncodeToString(append(payload, mac(s.keys[0], payload)...)), nil
}

// parse returns the claim of a token that one of the keys has signed.
func (s signer) parse(token string) (claim, bool) {
	text, found := strings.CutPrefix(token, prefix)
	if !found || len(text) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return claim{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tokenSize {
		return claim{}, false
	}
	payload, signed := raw[:payloadSize], false
	for _, key := range s.keys {
		signed = hmac.Equal(raw[payloadSize:], mac(key, payload)) || signed
	}
	return claim{
		kind:    Kind(payload[0]),
		id:      base64.RawURLEncoding.EncodeToString(payload[1 : 1+idSize]),
		counter: binary.BigEndian.Uint32(payload[1+idSize:]),
	}, signed
}

func mac(key *keyed.Key, payload []byte) []byte {
	return key.Sum(string(payload))[:macSize]
}
