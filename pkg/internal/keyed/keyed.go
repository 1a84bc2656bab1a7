// Package keyed hashes a text with a secret key, so that a name in Redis or a cookie does
// not show what it is about. Each user of a key begins its texts in its own way.
package keyed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// Key is a secret key that is used often. It is safe for concurrent use.
type Key struct{ hashes sync.Pool }

// hasher is an HMAC with the key, and room for a text.
type hasher struct {
	mac  hash.Hash
	text []byte
}

// New returns the key that a secret is.
func New(secret []byte) *Key {
	return &Key{sync.Pool{New: func() any { return &hasher{mac: hmac.New(sha256.New, secret)} }}}
}

// Sum is the HMAC-SHA-256 of a text: 32 bytes.
func (k *Key) Sum(text string) []byte {
	h := k.hashes.Get().(*hasher)
	defer k.hashes.Put(h)
	h.text = append(h.text[:0], text...)
	h.mac.Reset()
	h.mac.Write(h.text)
	return h.mac.Sum(nil)
}

// Name is half of Sum in hexadecimal: short, and still unique.
func (k *Key) Name(text string) string { return hex.EncodeToString(k.Sum(text)[:16]) }
