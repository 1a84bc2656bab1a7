package tcp_test

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

func TestSubscriptionLost(t *testing.T) {
	mini := miniredis.RunT(t)
	client := connect(t, "redis://"+mini.Addr(), time.Minute)
	err := client.Subscribe(t.Context(), mini.Close, nil, "c")
	var failed *redis.Error
	require.ErrorAs(t, err, &failed)
	assert.Empty(t, failed.Code)
}

// A subscription that is open but dead ends with an error; one that is only
// silent lasts.
func TestSubscriptionGoesSilent(t *testing.T) {
	for name, addr := range map[string]string{"miniredis": miniredis.RunT(t).Addr(), "redis-server": redisserver.Start(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := behind(t, addr)
			client, err := tcp.New("redis://"+proxy.Addr(), redis.Options{Timeout: time.Minute, Silence: 100 * time.Millisecond})
			require.NoError(t, err)
			t.Cleanup(func() { _ = client.Close() })

			quiet, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			require.Equal(t, context.DeadlineExceeded, client.PSubscribe(quiet, nil, nil, "c*"), "twenty silences with an answer each")

			err = client.PSubscribe(t.Context(), proxy.Swallow, nil, "c*")
			var failed *redis.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, "silent")
			assert.Empty(t, failed.Code)
		})
	}
}

func TestSilenceIsNoticedInTime(t *testing.T) {
	assert.Less(t, tcp.DefaultSilence+tcp.PongWait, 20*time.Second)
}
