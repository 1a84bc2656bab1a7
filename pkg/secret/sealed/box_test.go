package sealed_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret/sealed"
)

var keyOld, keyNew = bytes.Repeat([]byte{1}, sealed.KeySize), bytes.Repeat([]byte{2}, sealed.KeySize)

func box(t testing.TB, keys ...[]byte) sealed.Box {
	t.Helper()
	b, err := sealed.New(keys...)
	require.NoError(t, err)
	return b
}

func TestBox(t *testing.T) {
	text, err := box(t, keyOld).Seal("name", []byte("a secret"))
	require.NoError(t, err)
	again, err := box(t, keyOld).Seal("name", []byte("a secret"))
	require.NoError(t, err)
	assert.NotEqual(t, text, again, "each has a nonce of its own")
	for name, tt := range map[string]struct {
		box        sealed.Box
		name, text string
		old, ok    bool
	}{
		"opens":            {box(t, keyOld), "name", text, false, true},
		"key-was-rotated":  {box(t, keyNew, keyOld), "name", text, true, true},
		"another-key":      {box(t, keyNew), "name", text, false, false},
		"no-key":           {sealed.Box{}, "name", text, false, false},
		"another-name":     {box(t, keyOld), "other", text, false, false},
		"nothing":          {box(t, keyOld), "name", "", false, false},
		"cut-off":          {box(t, keyOld), "name", text[:len(text)-4], false, false},
		"only-a-key's-id":  {box(t, keyOld), "name", text[:6], false, false},
		"not-base64":       {box(t, keyOld), "name", "?" + text[1:], false, false},
		"one-byte-changed": {box(t, keyOld), "name", text[:20] + string(text[20]^1) + text[21:], false, false},
	} {
		t.Run(name, func(t *testing.T) {
			plain, old, ok := tt.box.Open(tt.name, tt.text)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.old, old)
			if tt.ok {
				assert.Equal(t, "a secret", string(plain))
			}
		})
	}
	_, err = sealed.Box{}.Seal("name", nil)
	require.ErrorIs(t, err, sealed.ErrNoKey)
	_, err = sealed.New([]byte("short"))
	require.Error(t, err)
}

func FuzzOpen(f *testing.F) {
	b := box(f, keyOld)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, ok := b.Open("name", text); ok {
			t.Errorf("%q was taken for sealed", text)
		}
	})
}
