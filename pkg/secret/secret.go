// Package secret holds values that nobody may read: tokens, cookies, keys. It does
// not encrypt them; it prevents printing them.
package secret

import (
	"crypto/subtle"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// Text is a secret string. Whatever formats it (fmt, slog, encoding/json)
// prints a placeholder; only Reveal gives the value, so that one search finds
// every place that uses it.
//
// The value sits behind a pointer because fmt prints the unexported fields of
// a struct without asking their methods.
type Text struct{ value *string }

// New wraps a secret, without the white space that copying tends to add.
func New(value string) Text {
	value = strings.TrimSpace(value)
	return Text{&value}
}

// Reveal returns the value, for the header or cipher that needs it.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.Reveal() == "" }

// Equal compares two secrets in constant time.
func (t Text) Equal(other Text) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// Empty for no secret, so that a log distinguishes "not set" from "set".
func (t Text) String() string {
	if t.IsZero() {
		return ""
	}
	return redacted
}

func (t Text) GoString() string             { return t.String() }
func (t Text) LogValue() slog.Value         { return slog.StringValue(t.String()) }
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

func (t *Text) UnmarshalText(b []byte) error {
	*t = New(string(b))
	return nil
}
