package upstash_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
	"github.com/clockwork-timer/backend/sandbox/upstashrest/redistest"
)

const token = "marked-token"

func connect(t *testing.T, o upstash.Options) *redis.Client {
	t.Helper()
	if o.Token.IsZero() {
		o.Token = secret.New(token)
	}
	client, err := upstash.New(o)
	require.NoError(t, err)
	return client
}

// serve starts the stand-in over the Redis at addr, or over miniredis.
func serve(t *testing.T, addr string) (url string) {
	t.Helper()
	standIn, err := upstashrest.New(upstashrest.Options{Addr: addr, Token: secret.New(token)})
	require.NoError(t, err)
	t.Cleanup(standIn.Close)
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	return server.URL
}

func TestContract(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) string{
		"miniredis":    func(t *testing.T) string { return serve(t, "") },
		"redis-server": func(t *testing.T) string { return serve(t, redisserver.Start(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			url := start(t)
			redistest.Run(t, redistest.Subject{
				Client: connect(t, upstash.Options{URL: url, Options: redis.Options{Timeout: time.Minute}}),
				At: func(t *testing.T, addr string, timeout time.Duration) redistest.Client {
					return connect(t, upstash.Options{URL: "http://" + addr, Options: redis.Options{Timeout: timeout}})
				},
				WithPrefix: func(t *testing.T) redistest.Client {
					return connect(t, upstash.Options{URL: url, Options: redis.Options{Timeout: time.Minute, Prefix: redistest.Prefix}})
				},
				WithWrongCredentials: func(t *testing.T) redistest.Client {
					return connect(t, upstash.Options{URL: url, Token: secret.New("wrong"), Options: redis.Options{Timeout: time.Minute}})
				},
			})
		})
	}
}
