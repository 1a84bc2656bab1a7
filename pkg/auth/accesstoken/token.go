// Package accesstoken makes personal access tokens, with which a person's own
// programs call the API, and stores what they may do. It knows no requests.
package accesstoken

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"strings"
)

// The prefixes let secret scanners find a token, and say what it is for.
const (
	Prefix         = "cwk_"
	CalendarPrefix = "cwc_" // good for the calendar feed alone, because calendars put it into an address
)

const (
	digits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randSize  = 33 // digits of 192 random bits
	checkSize = 6  // digits of a CRC-32
	textSize  = len(Prefix) + randSize + checkSize
)

// newText returns a new token's text: a prefix, 192 random bits, and a checksum
// by which a mistyped token is refused without asking Redis.
func newText(prefix string) string {
	random := make([]byte, 24)
	_, _ = rand.Read(random) // never fails
	body := prefix + base62(new(big.Int).SetBytes(random), randSize)
	return body + checksum(body)
}

func checksum(body string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(body)))), checkSize)
}

// base62 writes n with a fixed number of digits.
func base62(n *big.Int, size int) string {
	out := make([]byte, size)
	base, digit := big.NewInt(int64(len(digits))), new(big.Int)
	for i := size - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = digits[digit.Int64()]
	}
	return string(out)
}

// Looks reports whether a bearer token has the form of a personal one.
func Looks(text string) bool {
	return strings.HasPrefix(text, Prefix) || strings.HasPrefix(text, CalendarPrefix)
}

// wellFormed reports whether the text can be a token that was issued.
func wellFormed(text string) bool {
	if !Looks(text) || len(text) != textSize {
		return false
	}
	body := text[:textSize-checkSize]
	return text[textSize-checkSize:] == checksum(body)
}

// recordKey is what the key of a token's record begins with; its id follows.
const recordKey = "clockwork:pat:"

// idOf is the id under which a token is stored. A hash suffices, because nobody
// can guess 192 random bits.
func idOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
