package timercontrol_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// A rotation of TOKEN_ENCRYPTION_KEY does not forget whose a token is.
func TestBindingOverARotation(t *testing.T) {
	redis, token := redisclient.OverTCP(t, miniredis.RunT(t).Addr()), secret.New("a-token")
	owners := func(keys ...string) timercontrol.OwnerStore {
		s := timercontrol.OwnerStore{Redis: redis}
		for _, key := range keys {
			s.Keys = append(s.Keys, keyed.New([]byte(key)))
		}
		return s
	}
	require.NoError(t, owners("old").Claim(t.Context(), token, "linh"))
	require.ErrorIs(t, owners("new", "old").Claim(t.Context(), token, "minh"), timercontrol.ErrTaken)
	require.NoError(t, owners("new", "old").Claim(t.Context(), token, "linh"))
	require.ErrorIs(t, owners("new").Claim(t.Context(), token, "minh"), timercontrol.ErrTaken, "the old key is gone")
}
