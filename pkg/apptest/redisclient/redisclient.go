// Package redisclient opens clients of a Redis for tests. A client waits longer than a
// busy machine needs, and is closed with the test.
package redisclient

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

var options = redis.Options{Timeout: time.Minute}

// OverTCP is a client of the Redis at addr.
func OverTCP(t testing.TB, addr string) *redis.Client {
	t.Helper()
	client, err := tcp.New("redis://"+addr, options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// OverREST starts a stand-in for Upstash and returns how to make clients of it.
func OverREST(t testing.TB, o upstashrest.Options) (*upstashrest.Server, func() *redis.Client) {
	t.Helper()
	o.Token = secret.New("upstash-token")
	stand, err := upstashrest.New(o)
	require.NoError(t, err)
	front := httptest.NewServer(stand)
	t.Cleanup(func() { stand.Close(); front.Close() })
	return stand, func() *redis.Client {
		client, err := upstash.New(upstash.Options{URL: front.URL, Token: o.Token, Transport: front.Client().Transport, Options: options})
		require.NoError(t, err)
		return client
	}
}
