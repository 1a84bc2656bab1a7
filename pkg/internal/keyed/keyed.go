// Package keyed hashes a text with a secret key, so that a name in Redis or a cookie does
// not show what it is about. Each user of a key begins its texts in its own way.
package keyed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Sum is the HMAC-SHA-256 of a text: 32 bytes.
func Sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Name is half of Sum in hexadecimal: short, and still unique.
func Name(key []byte, text string) string { return hex.EncodeToString(Sum(key, text)[:16]) }
