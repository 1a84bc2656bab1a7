// Package sealed encrypts what leaves the process and comes back: values in
// Redis, cookies. It stores nothing itself.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrNoKey means that there is no key to seal with.
var ErrNoKey = errors.New("no encryption key is configured")

// KeySize is the size of a key, in bytes.
const KeySize = 32

// idSize is how many bytes of a key's hash say which key has sealed a value.
const idSize = 4

// Box encrypts with AES-256-GCM. Its zero value has no key: it opens nothing.
type Box struct{ keys []sealKey }

type sealKey struct {
	id   [idSize]byte
	aead cipher.AEAD
}

// New returns a box that seals with the first key and opens with any.
func New(keys ...[]byte) (Box, error) {
	var b Box
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return Box{}, fmt.Errorf("use an encryption key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return Box{}, fmt.Errorf("use an encryption key: %w", err)
		}
		sum := sha256.Sum256(key)
		b.keys = append(b.keys, sealKey{[idSize]byte(sum[:idSize]), aead})
	}
	return b, nil
}

// HasKey reports whether the box can seal.
func (b Box) HasKey() bool { return len(b.keys) > 0 }

// Seal encrypts plain for one name, such as the key that it is stored under:
// under another name it does not open. The result is base64url.
func (b Box) Seal(name string, plain []byte) (string, error) {
	if !b.HasKey() {
		return "", ErrNoKey
	}
	k := b.keys[0]
	return base64.RawURLEncoding.EncodeToString(k.aead.Seal(k.id[:], nil, plain, []byte(name))), nil
}

// Open decrypts a sealed text. old says that another key than the first has
// sealed it, so that the caller can seal it again. ok is false if no key fits or
// the text was made for another name.
func (b Box) Open(name, text string) (plain []byte, old, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < idSize {
		return nil, false, false
	}
	for i, k := range b.keys {
		if [idSize]byte(raw[:idSize]) != k.id {
			continue
		}
		if plain, err := k.aead.Open(nil, nil, raw[idSize:], []byte(name)); err == nil {
			return plain, i > 0, true
		}
	}
	return nil, false, false
}
