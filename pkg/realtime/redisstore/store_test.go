package redisstore_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/storetest"
	"github.com/clockwork-timer/backend/pkg/redistcp"
	"github.com/clockwork-timer/backend/pkg/sandbox/redisserver"
	"github.com/clockwork-timer/backend/pkg/sandbox/upstashrest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstash"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func overTCP(t *testing.T, addr string) *redistcp.Client {
	t.Helper()
	client, err := redistcp.New("redis://"+addr, redistcp.Options{Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// servers are the ways to a Redis: each call of what one returns is another
// client of the same server.
var servers = map[string]func(t *testing.T) func(t *testing.T) redisstore.Redis{
	"miniredis": func(t *testing.T) func(t *testing.T) redisstore.Redis {
		addr := miniredis.RunT(t).Addr()
		return func(t *testing.T) redisstore.Redis { return overTCP(t, addr) }
	},
	"redis-server": func(t *testing.T) func(t *testing.T) redisstore.Redis {
		addr := redisserver.Start(t)
		return func(t *testing.T) redisstore.Redis { return overTCP(t, addr) }
	},
	"upstash-rest": func(t *testing.T) func(t *testing.T) redisstore.Redis {
		token := secret.New("upstash-token")
		stand, err := upstashrest.New(upstashrest.Options{Token: token})
		require.NoError(t, err)
		front := httptest.NewServer(stand)
		t.Cleanup(func() { stand.Close(); front.Close() })
		return func(t *testing.T) redisstore.Redis {
			client, err := upstash.New(upstash.Options{URL: front.URL, Token: token, Transport: front.Client().Transport, Timeout: time.Minute})
			require.NoError(t, err)
			return client
		}
	},
}

func TestContract(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				connect := start(t)
				return func(t *testing.T) realtime.Store { return redisstore.New(connect(t)) }
			})
		})
	}
}
