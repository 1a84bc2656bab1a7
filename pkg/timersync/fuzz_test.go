package timersync

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// FuzzVault: a sealed token comes back under its own name alone, and nothing
// that others put into Redis opens.
func FuzzVault(f *testing.F) {
	f.Add("clockwork:token:connect:a", "eyJ.x.y", "[]", "")
	f.Add("", "t", "", "AAAA")
	f.Add("name", "token", "ctx", "acquiring:XYZ")
	f.Add("name", "token", "ctx", base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 60)))
	v, err := newVault(bytes.Repeat([]byte{1}, 32))
	require.NoError(f, err)
	other, err := newVault(bytes.Repeat([]byte{2}, 32))
	require.NoError(f, err)
	ends := time.Date(2026, 5, 4, 14, 15, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, name, value, context, found string) {
		_, opened := v.open(name, found)
		require.False(t, opened, "nobody without the key seals")

		token := timersource.Token{Value: secret.New(strings.ToValidUTF8(value, "")), ExpiresAt: ends, Context: strings.ToValidUTF8(context, "")}
		sealed, err := v.seal(name, token)
		require.NoError(t, err)
		got, opened := v.open(name, sealed)
		require.Equal(t, !token.Value.IsZero(), opened)
		if opened {
			assert.Equal(t, token, got)
		}
		assert.False(t, isClaim(sealed))
		if len(value) > 15 { // what is shorter may be in base64 by chance
			assert.NotContains(t, sealed, value)
		}
		for _, wrong := range []struct {
			vault        *vault
			name, sealed string
		}{{other, name, sealed}, {v, name + "x", sealed}, {v, name, sealed[:len(sealed)-4]}, {v, name, "AAAA" + sealed[4:]}} {
			if wrong.sealed == sealed && wrong.vault == v && wrong.name == name {
				continue // the nonce began with three zeros
			}
			_, opened = wrong.vault.open(wrong.name, wrong.sealed)
			assert.False(t, opened)
		}
	})
}
