// Package redisclient opens clients of a Redis for tests. A client waits longer than a
// busy machine needs, and is closed with the test.
package redisclient

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
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

// Spent returns what act costs in the Redis behind the stand-in, as Upstash bills it.
func Spent(t testing.TB, stand *upstashrest.Server, act func()) upstashrest.Usage {
	t.Helper()
	before, err := stand.Usage(t.Context())
	require.NoError(t, err)
	act()
	after, err := stand.Usage(t.Context())
	require.NoError(t, err)
	return after.Since(before)
}

// OnEach runs a test with a client of miniredis, and with one of a Redis server.
func OnEach(t *testing.T, test func(t *testing.T, client *redis.Client)) {
	t.Run("miniredis", func(t *testing.T) { test(t, OverTCP(t, miniredis.RunT(t).Addr())) })
	t.Run("redis", func(t *testing.T) { test(t, OverTCP(t, redisserver.Start(t))) })
}

// Counted is a client that counts commands, and can be down.
type Counted struct {
	*redis.Client
	Commands atomic.Int32
	Down     atomic.Bool
	Last     atomic.Int32 // the number of the last command before it goes down; 0 means never
}

// ErrDown is how a client that is down answers.
var ErrDown = errors.New("connection refused")

// down counts commands, and reports whether they are refused.
func (c *Counted) down(commands int) bool {
	sent, last := c.Commands.Add(int32(commands)), c.Last.Load()
	return c.Down.Load() || last > 0 && sent > last
}

// Do is the client's.
func (c *Counted) Do(ctx context.Context, cmd ...any) (any, error) {
	if c.down(1) {
		return nil, ErrDown
	}
	return c.Client.Do(ctx, cmd...)
}

// Pipeline is the client's.
func (c *Counted) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	if c.down(len(cmds)) {
		return nil, ErrDown
	}
	return c.Client.Pipeline(ctx, cmds...)
}

// Answering is a Redis that answers every command alike.
type Answering struct {
	*redis.Client // nil: it answers nothing else
	Reply         any
	Err           error
}

// Do is the answer.
func (a Answering) Do(context.Context, ...any) (any, error) { return a.Reply, a.Err }

// Pipeline is Err.
func (a Answering) Pipeline(context.Context, ...[]any) ([]any, error) { return nil, a.Err }
