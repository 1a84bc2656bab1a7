package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/tcpproxy"
)

func behind(t *testing.T, target string) *tcpproxy.Proxy {
	t.Helper()
	proxy, err := tcpproxy.Start(target)
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	return proxy
}

// atOnce calls do n times, each from a goroutine of its own.
func atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// A thousand callers at once, over five connections with 30 ms of way: one
// after another that would be six seconds, and everybody has two.
func TestManyAtOnce(t *testing.T) {
	addr := redisserver.Start(t)
	proxy := behind(t, addr)
	proxy.Delay(30 * time.Millisecond)
	client := connect(t, "redis://"+proxy.Addr(), time.Minute)
	atOnce(1000, func(i int) {
		key, want := fmt.Sprint("k", i), fmt.Sprint("v", i)
		replies, err := client.Pipeline(t.Context(), []any{"SET", key, want}, []any{"LPUSH", key, "x"}, []any{"GET", key})
		if assert.NoError(t, err) && assert.Len(t, replies, 3) {
			assert.Equal(t, "OK", replies[0])
			assert.ErrorContains(t, replies[1].(error), "WRONGTYPE", "a refusal is its caller's alone")
			assert.Equal(t, want, replies[2])
		}
		got, err := client.Do(t.Context(), "GET", key)
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	})
	assert.LessOrEqual(t, proxy.Opened(), 5)
	rdb := goredis.NewClient(&goredis.Options{Addr: addr, DisableIdentity: true, Protocol: 2})
	defer rdb.Close()
	assert.EqualValues(t, 1000, rdb.DBSize(t.Context()).Val())
}

func TestConnections(t *testing.T) {
	for name, tc := range map[string]struct {
		query       string
		connections int
		want        int
	}{
		"default":       {"", 0, 5},
		"of-the-option": {"", 9, 9},
		"of-the-url":    {"?pool_size=2", 9, 2},
	} {
		t.Run(name, func(t *testing.T) {
			answers := make(chan struct{})
			addr, commands := scripted(t, func(string, int64) string { <-answers; return "$1\r\nv\r\n" })
			client, err := tcp.New("redis://"+addr+tc.query, redis.Options{Timeout: time.Minute, Connections: tc.connections})
			require.NoError(t, err)
			t.Cleanup(func() { _ = client.Close() })
			var all sync.WaitGroup
			for n := range tc.want { // none waits for those that hang
				all.Go(func() { _, err := client.Do(t.Context(), "GET", "k"); assert.NoError(t, err) })
				require.Eventually(t, func() bool { return commands.Load() == int64(n+1) }, time.Minute, time.Millisecond)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err = client.Do(ctx, "GET", "k")
			require.ErrorIs(t, err, tcp.ErrQueued, "one more")
			close(answers)
			all.Wait()
			_, err = client.Do(t.Context(), "GET", "k")
			require.NoError(t, err)
		})
	}
	for _, query := range []string{"?pool_size=-1", "?pool_size=100000"} {
		_, err := tcp.New("redis://marked@localhost"+query, redis.Options{})
		require.ErrorContains(t, err, "pool_size")
	}
}

// busy is a Redis whose only connection is in use until the test unlocks answers.
func busy(t *testing.T, timeout time.Duration) (client *redis.Client, first <-chan error, answers *sync.Mutex) {
	t.Helper()
	answers = new(sync.Mutex)
	answers.Lock()
	addr, commands := scripted(t, func(string, int64) string {
		answers.Lock()
		defer answers.Unlock()
		return "$1\r\nv\r\n"
	})
	client, err := tcp.New("redis://"+addr, redis.Options{Timeout: timeout, Connections: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	ended := make(chan error, 1)
	go func() { _, err := client.Do(context.Background(), "GET", "first"); ended <- err }()
	require.Eventually(t, func() bool { return commands.Load() == 1 }, time.Minute, time.Millisecond)
	return client, ended, answers
}

// Time that a call spends in our own queue says nothing about Redis, and it
// certainly did not arrive.
func TestQueuedTooLong(t *testing.T) {
	client, first, answers := busy(t, time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client.Do(ctx, "INCR", "k")
	require.ErrorIs(t, err, tcp.ErrQueued)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = client.Do(ctx, "INCR", "k")
	require.ErrorIs(t, err, tcp.ErrQueued)
	require.ErrorIs(t, err, context.Canceled)
	answers.Unlock()
	require.NoError(t, <-first)
	got, err := client.Do(t.Context(), "GET", "k")
	require.NoError(t, err, "the connection is free again")
	assert.Equal(t, "v", got)
}

// Of the calls that one silent connection failed, one counts; those that it
// kept waiting were never sent, or say nothing that it does not say.
func TestLostTogether(t *testing.T) {
	target := miniredis.RunT(t)
	proxy := behind(t, target.Addr())
	client, err := tcp.New("redis://"+proxy.Addr(), redis.Options{Timeout: 500 * time.Millisecond, Connections: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.Do(t.Context(), "PING")
	require.NoError(t, err)
	proxy.Swallow()
	var counted atomic.Int64
	atOnce(20, func(i int) {
		_, err := client.Do(t.Context(), "INCR", strconv.Itoa(i))
		if failed, ok := errors.AsType[*redis.Error](err); ok && assert.ErrorIs(t, err, context.DeadlineExceeded) && !failed.Uncounted {
			counted.Add(1)
		}
	})
	assert.EqualValues(t, 1, counted.Load(), "connections that were lost")
	_, err = client.Do(t.Context(), "PING")
	require.NoError(t, err, "and then a new one is used")
}

// When one connection went silent the others are not tried one by one: each
// would cost somebody the whole time.
func TestSilentConnections(t *testing.T) {
	addr := redisserver.Start(t)
	proxy := behind(t, addr)
	client, direct := connect(t, "redis://"+proxy.Addr(), time.Second), connect(t, "redis://"+addr, time.Minute)
	var all sync.WaitGroup
	for opened := range 5 {
		all.Go(func() { _, err := client.Do(t.Context(), "BLPOP", "list", 0); assert.NoError(t, err) })
		require.Eventually(t, func() bool { return proxy.Opened() > opened }, time.Minute, time.Millisecond)
	}
	_, err := direct.Do(t.Context(), "RPUSH", "list", 1, 2, 3, 4, 5)
	require.NoError(t, err)
	all.Wait()
	proxy.Swallow()
	_, err = client.Do(t.Context(), "PING")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	for range 5 {
		_, err := client.Do(t.Context(), "PING")
		require.NoError(t, err)
	}
}
