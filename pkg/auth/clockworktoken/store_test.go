package clockworktoken_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/auth/clockworktoken"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
)

var keyOld, keyNew = bytes.Repeat([]byte{1}, sealed.KeySize), bytes.Repeat([]byte{2}, sealed.KeySize)

func TestStore(t *testing.T) {
	client := redisclient.OverTCP(t, miniredis.RunT(t).Addr())
	now := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	with := func(keys ...[]byte) clockworktoken.Store {
		box, err := sealed.New(keys...)
		require.NoError(t, err)
		return clockworktoken.Store{Redis: client, Box: box, Now: func() time.Time { return now }}
	}
	load := func(s clockworktoken.Store, account string) string {
		token, err := s.Load(t.Context(), account)
		if err != nil {
			require.ErrorIs(t, err, clockworktoken.ErrNone)
			return ""
		}
		assert.Equal(t, now, token.Saved)
		return token.Value.Reveal()
	}

	require.ErrorIs(t, with().Save(t.Context(), "acc-linh", secret.New("tok")), sealed.ErrNoKey)
	assert.Empty(t, load(with(keyOld), "acc-linh"))
	require.NoError(t, with(keyOld).Save(t.Context(), "acc-linh", secret.New("tok-of-linh")))
	assert.Equal(t, "tok-of-linh", load(with(keyOld), "acc-linh"))
	assert.Empty(t, load(with(keyOld), "acc-minh"))

	stored, err := client.Do(t.Context(), "GET", "clockwork:secret:acc-linh:clockwork")
	require.NoError(t, err)
	assert.NotContains(t, stored, "tok-of-linh")
	_, err = client.Do(t.Context(), "SET", "clockwork:secret:acc-minh:clockwork", stored)
	require.NoError(t, err)
	assert.Empty(t, load(with(keyOld), "acc-minh"), "moved to another account it does not open")

	assert.Equal(t, "tok-of-linh", load(with(keyNew, keyOld), "acc-linh"), "the key was rotated")
	assert.Equal(t, "tok-of-linh", load(with(keyNew), "acc-linh"), "and the old one is not needed after a use")
	assert.Empty(t, load(with(keyOld), "acc-linh"), "both keys gone: as if never saved")

	deleted, err := with(keyNew).Delete(t.Context(), "acc-linh")
	require.NoError(t, err)
	assert.True(t, deleted)
	assert.Empty(t, load(with(keyNew), "acc-linh"))
	deleted, err = with(keyNew).Delete(t.Context(), "acc-linh")
	require.NoError(t, err)
	assert.False(t, deleted)
}
