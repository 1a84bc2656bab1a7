package password_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth/password"
)

// reference is "password" as the argon2 reference implementation's own tests
// have it.
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestMatchesTheReference(t *testing.T) {
	h, err := password.Parse(reference)
	require.NoError(t, err)
	assert.Equal(t, password.Cost{Memory: 65536, Passes: 2, Threads: 1}, h.Cost())
	assert.True(t, h.Matches("password"))
	assert.False(t, h.Matches("passwore"))
}

func TestNew(t *testing.T) {
	h := password.New("pass wörd ")
	again, err := password.Parse(h.PHC())
	require.NoError(t, err)
	assert.Equal(t, h, again)
	assert.Equal(t, password.Cost{Memory: 19456, Passes: 2, Threads: 1}, h.Cost())
	assert.True(t, again.Matches("pass wörd "))
	assert.False(t, again.Matches("pass wörd"), "white space counts")
	assert.NotEqual(t, h.PHC(), password.New("pass wörd ").PHC(), "two hashes with one salt")
}

func TestDecoy(t *testing.T) {
	h, err := password.Parse(strings.Replace(reference, "65536", "4096", 1))
	require.NoError(t, err)
	decoy := h.Decoy()
	assert.Equal(t, h.Cost(), decoy.Cost())
	assert.False(t, decoy.Matches("password"))
	assert.False(t, decoy.Matches(""))
}

func TestParseRefuses(t *testing.T) {
	const salt, key = "$c29tZXNhbHQ", "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	const head = "$argon2id$v=19"
	with := func(parameters string) string { return head + "$" + parameters + salt + key }
	tests := []struct {
		name, text string
		want       error
	}{
		{"empty", "", password.ErrFormat},
		{"a-password", "password", password.ErrFormat},
		{"bcrypt", "$2b$12$abcdefghijklmnopqrstuv", password.ErrFormat},
		{"argon2i", strings.Replace(reference, "argon2id", "argon2i", 1), password.ErrFormat},
		{"older-version", strings.Replace(reference, "v=19", "v=16", 1), password.ErrFormat},
		{"no-version", strings.Replace(reference, "$v=19", "", 1), password.ErrFormat},
		{"something-before", "x" + reference, password.ErrFormat},
		{"something-after", reference + "$", password.ErrFormat},
		{"another-order", with("t=2,m=65536,p=1"), password.ErrFormat},
		{"parameter-missing", with("m=65536,t=2"), password.ErrFormat},
		{"parameter-added", with("m=65536,t=2,p=1,data=AA"), password.ErrFormat},
		{"leading-zero", with("m=065536,t=2,p=1"), password.ErrFormat},
		{"sign", with("m=+65536,t=2,p=1"), password.ErrFormat},
		{"not-a-number", with("m=x,t=2,p=1"), password.ErrFormat},
		{"over-32-bits", with("m=4294967296,t=2,p=1"), password.ErrFormat},
		{"padded-base64", head + "$m=65536,t=2,p=1" + salt + "=" + key, password.ErrFormat},
		{"loose-bits", strings.TrimSuffix(reference, "c") + "d", password.ErrFormat},
		{"new-line-in-base64", strings.Replace(reference, "CTFh", "CT\nFh", 1), password.ErrFormat},
		{"all-memory-there-is", with("m=4294967295,t=2,p=1"), password.ErrCost},
		{"much-memory", with("m=131073,t=2,p=1"), password.ErrCost},
		{"little-memory", with("m=4095,t=2,p=1"), password.ErrCost},
		{"forever", with("m=65536,t=4294967295,p=1"), password.ErrCost},
		{"many-passes", with("m=65536,t=11,p=1"), password.ErrCost},
		{"no-pass", with("m=65536,t=0,p=1"), password.ErrCost},
		{"many-threads", with("m=65536,t=2,p=9"), password.ErrCost},
		{"threads-over-a-byte", with("m=65536,t=2,p=257"), password.ErrCost},
		{"no-thread", with("m=65536,t=2,p=0"), password.ErrCost},
		{"no-salt", head + "$m=65536,t=2,p=1$" + key, password.ErrCost},
		{"short-salt", head + "$m=65536,t=2,p=1$AAAA" + key, password.ErrCost},
		{"long-salt", head + "$m=65536,t=2,p=1$" + strings.Repeat("AAAA", 22) + key, password.ErrCost},
		{"no-hash", head + "$m=65536,t=2,p=1" + salt + "$", password.ErrCost},
		{"short-hash", head + "$m=65536,t=2,p=1" + salt + "$AAAA", password.ErrCost},
		{"long-hash", head + "$m=65536,t=2,p=1" + salt + "$" + strings.Repeat("AAAA", 22), password.ErrCost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := password.Parse(tt.text)
			assert.ErrorIs(t, err, tt.want)
		})
	}
}

func TestHashIsNeverPrinted(t *testing.T) {
	h, err := password.Parse(reference)
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		assert.NotContains(t, fmt.Sprintf(format, h), "CTFhFdX", format)
	}
	assert.Equal(t, "[argon2id] [argon2id]", fmt.Sprintf("%v %#v", h, h))
}

// What is accepted is written as it was read, and cheap enough to check.
func FuzzParse(f *testing.F) {
	f.Add(reference)
	f.Add("$argon2id$v=19$m=4096,t=1,p=8$AAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := password.Parse(text)
		if err != nil {
			assert.Contains(t, []error{password.ErrFormat, password.ErrCost}, err, "which hold nothing of the text")
			return
		}
		assert.Equal(t, text, h.PHC())
		cost := h.Cost()
		assert.LessOrEqual(t, cost.Memory, uint32(128<<10))
		assert.LessOrEqual(t, cost.Passes, uint32(10))
		assert.LessOrEqual(t, cost.Threads, uint8(8))
	})
}

func BenchmarkMatches(b *testing.B) {
	h := password.New("correct horse")
	b.ReportAllocs()
	for b.Loop() {
		h.Matches("correct horse")
	}
}
