package idempotency

import (
	"errors"
	"strings"
)

// Header is the field in which a client sends its key.
const Header = "Idempotency-Key"

// maxKey is the longest key, in characters. A UUID has 36.
const maxKey = 255

// ErrKey says what is wrong with a key.
var ErrKey = errors.New("Idempotency-Key must be one word of 1 to 255 visible ASCII characters, such as a UUID")

// ParseKey reads the field's values: no key is "". The draft writes the key in
// quotes, many clients do not; both are the same key.
func ParseKey(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	key := strings.TrimSpace(values[0])
	if len(key) > 1 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if len(values) > 1 || key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		return "", ErrKey
	}
	return key, nil
}
