package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/config"
)

// A key that is not set is none, and never one that everybody knows.
func TestKey(t *testing.T) {
	for text, want := range map[string]int{"": 0, " ": 0, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=": 32} {
		var key config.Key
		require.NoError(t, key.UnmarshalText([]byte(text)))
		assert.Len(t, key.Bytes(), want)
		assert.Equal(t, want == 0, key.Bytes() == nil)
		assert.Equal(t, want == 0, key.IsZero())
	}
	assert.Nil(t, config.Key{}.Bytes())
	var both config.Key
	require.NoError(t, both.UnmarshalText([]byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=, AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")))
	assert.Len(t, both.All(), 2)
	assert.EqualValues(t, 0, both.Bytes()[0], "the first is the current one")
}
