package tcp_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest/redistest"
)

const password = "marked-password"

func connect(t *testing.T, url string, timeout time.Duration) *redis.Client {
	t.Helper()
	client, err := tcp.New(url, redis.Options{Timeout: timeout})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func TestContract(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) string{
		"miniredis": func(t *testing.T) string {
			mini := miniredis.RunT(t)
			mini.RequireAuth(password)
			mini.ClockTTL(true)
			return mini.Addr()
		},
		"redis-server": func(t *testing.T) string { return redisserver.Start(t, "--requirepass", password) },
	} {
		t.Run(name, func(t *testing.T) {
			addr := start(t)
			redistest.Run(t, redistest.Subject{
				Client: connect(t, "redis://:"+password+"@"+addr, time.Minute),
				At: func(t *testing.T, addr string, timeout time.Duration) redistest.Client {
					return connect(t, "redis://"+addr, timeout)
				},
				WithPrefix: func(t *testing.T) redistest.Client {
					client, err := tcp.New("redis://:"+password+"@"+addr, redis.Options{Timeout: time.Minute, Prefix: redistest.Prefix})
					require.NoError(t, err)
					t.Cleanup(func() { require.NoError(t, client.Close()) })
					return client
				},
				WithWrongCredentials: func(t *testing.T) redistest.Client {
					return connect(t, "redis://:wrong@"+addr, time.Minute)
				},
			})
		})
	}
}
