package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/redistcp"
	"github.com/clockwork-timer/backend/pkg/sandbox/redisserver"
)

// gone is a Redis that does not answer.
type gone struct{}

func (gone) Do(context.Context, ...any) (any, error) { return nil, errors.New("connection refused") }

// counting counts the round trips.
type counting struct {
	auth.AttemptStore
	calls atomic.Int32
}

func (c *counting) Do(ctx context.Context, cmd ...any) (any, error) {
	c.calls.Add(1)
	return c.AttemptStore.Do(ctx, cmd...)
}

func overTCP(t testing.TB, addr string) *redistcp.Client {
	t.Helper()
	client, err := redistcp.New("redis://"+addr, redistcp.Options{Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

var silent = slog.New(slog.DiscardHandler)

// clocks are the process's and Redis', which move together.
type clocks struct {
	*manualclock.Clock
	pass func(d time.Duration)
}

func (c clocks) Advance(d time.Duration) {
	c.Clock.Advance(d)
	c.pass(d)
}

// onEachStore runs a test with the counts in Redis and in the process: the
// rules are the same.
func onEachStore(t *testing.T, test func(t *testing.T, a *auth.Attempts, c clocks)) {
	for name, start := range map[string]func(t *testing.T) string{
		"miniredis": func(t *testing.T) string { return miniredis.RunT(t).Addr() },
		"redis":     func(t *testing.T) string { return redisserver.Start(t) },
		"process":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := clocks{manualclock.New(now), func(time.Duration) {}}
			var store auth.AttemptStore = gone{}
			if start != nil {
				client := overTCP(t, start(t))
				store, c.pass = client, func(d time.Duration) { redistime.Pass(t, client, d) }
			}
			test(t, auth.NewAttempts(store, []byte("key"), c.Now, silent), c)
		})
	}
}

func TestAttemptsPerUser(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		try := func(n int) time.Duration { return a.Of("An", fmt.Sprintf("192.0.2.%d", n)).Take(t.Context()) }
		for n := range auth.PerUser.Burst {
			require.Zero(t, try(n), "attempt %d", n)
		}
		assert.Equal(t, time.Minute, try(100), "from yet another address")
		assert.Zero(t, a.Of("bo", "192.0.2.1").Take(t.Context()), "another user")
		assert.Equal(t, time.Minute, a.Of(" aN ", "192.0.2.101").Take(t.Context()), "another spelling of the name")

		c.Advance(59 * time.Second)
		assert.Equal(t, time.Second, try(102), "what was refused is not counted")
		c.Advance(time.Second)
		assert.Zero(t, try(103), "exactly when it was said")
		assert.Equal(t, time.Minute, try(104))
		c.Advance(3 * time.Minute)
		for n := range 3 {
			assert.Zero(t, try(110+n))
		}
		assert.Equal(t, time.Minute, try(120))
		c.Advance(time.Hour)
		for n := range auth.PerUser.Burst {
			assert.Zero(t, try(130+n), "all forgotten, and no more than that")
		}
		assert.Equal(t, time.Minute, try(150))
	})
}

func TestAttemptsPerAddress(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		try := func(n int) time.Duration {
			return a.Of(fmt.Sprintf("user-%d", n), "192.0.2.1").Take(t.Context())
		}
		for n := range auth.PerAddress.Burst {
			require.Zero(t, try(n), "attempt %d", n)
		}
		assert.Equal(t, 10*time.Second, try(100))
		assert.Zero(t, a.Of("user-100", "192.0.2.2").Take(t.Context()), "another address")
		c.Advance(10 * time.Second)
		assert.Zero(t, try(101))
		assert.Equal(t, 10*time.Second, try(102))
	})
}

// Both limits at once: the longer wait is told, and neither is used up by a
// refusal of the other.
func TestAttemptsOfBothLimits(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, _ clocks) {
		for range auth.PerUser.Burst {
			require.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
		}
		for range 100 {
			require.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()))
		}
		for n := range auth.PerAddress.Burst - auth.PerUser.Burst {
			require.Zero(t, a.Of(fmt.Sprintf("user-%d", n), "192.0.2.1").Take(t.Context()), "refused attempts used up the address")
		}
		assert.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()))
		assert.Equal(t, 10*time.Second, a.Of("bo", "192.0.2.1").Take(t.Context()))
	})
}

func TestAttemptsGivenBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		for range 3 * auth.PerAddress.Burst {
			attempt := a.Of("an", "192.0.2.1")
			require.Zero(t, attempt.Take(t.Context()), "logins that succeed are not limited")
			attempt.GiveBack(t.Context())
		}
		for range auth.PerUser.Burst {
			require.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
		}
		assert.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()))

		c.Advance(2 * time.Minute)
		attempt := a.Of("an", "192.0.2.1")
		require.Zero(t, attempt.Take(t.Context()))
		attempt.GiveBack(t.Context())
		assert.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
		assert.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
		assert.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()), "a success gives back itself and no failure")
	})
}

// Guesses sent all at once must not outrun the count.
func TestAttemptsAtTheSameTime(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, _ clocks) {
		var let atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if a.Of("an", "192.0.2.1").Take(context.Background()) == 0 {
					let.Add(1)
				}
			})
		}
		all.Wait()
		assert.Equal(t, int32(auth.PerUser.Burst), let.Load())
	})
}

func TestAttemptsHoldAcrossInstances(t *testing.T) {
	client := overTCP(t, miniredis.RunT(t).Addr())
	c := manualclock.New(now)
	for n := range auth.PerUser.Burst {
		instance := auth.NewAttempts(client, []byte("key"), c.Now, silent)
		require.Zero(t, instance.Of("an", fmt.Sprintf("192.0.2.%d", n)).Take(t.Context()))
	}
	assert.Equal(t, time.Minute, auth.NewAttempts(client, []byte("key"), c.Now, silent).Of("an", "192.0.2.99").Take(t.Context()))
}

// Instances whose clocks are a day apart agree: only Redis' own counts.
func TestAttemptsWithAWrongClock(t *testing.T) {
	client := overTCP(t, miniredis.RunT(t).Addr())
	for n := range auth.PerUser.Burst {
		c := manualclock.New(now.Add(time.Duration(n%3-1) * 24 * time.Hour))
		require.Zero(t, auth.NewAttempts(client, []byte("key"), c.Now, silent).Of("an", "192.0.2.1").Take(t.Context()))
	}
	for _, off := range []time.Duration{-24 * time.Hour, 0, 24 * time.Hour} {
		a := auth.NewAttempts(client, []byte("key"), manualclock.New(now.Add(off)).Now, silent)
		assert.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()), "off by %s", off)
	}
}

func TestAttemptsInRedis(t *testing.T) {
	mini := miniredis.RunT(t)
	store := &counting{AttemptStore: overTCP(t, mini.Addr())}
	c := manualclock.New(now)
	a := auth.NewAttempts(store, []byte("key"), c.Now, silent)
	attempt := a.Of("an@example.test", "192.0.2.1")
	require.Zero(t, attempt.Take(t.Context()))
	assert.Equal(t, int32(1), store.calls.Load(), "round trips")

	user, address := a.UserKey("an@example.test"), a.AddressKey("192.0.2.1")
	assert.ElementsMatch(t, []string{user, address}, mini.Keys())
	for _, key := range mini.Keys() {
		assert.Regexp(t, `^clockwork:login:(user|address):[0-9a-f]{32}$`, key)
		for _, personal := range []string{"an@example.test", "192.0.2.1"} {
			value, err := mini.Get(key)
			require.NoError(t, err)
			assert.NotContains(t, key+value, personal)
		}
	}
	assert.Equal(t, time.Minute, mini.TTL(user), "no longer than it matters")
	assert.Equal(t, 10*time.Second, mini.TTL(address))
	assert.NotEqual(t, user, auth.NewAttempts(store, []byte("other"), c.Now, silent).UserKey("an@example.test"), "without the key one cannot tell whose it is")
	assert.NotEqual(t, strings.TrimPrefix(a.UserKey("x"), "clockwork:login:user:"), strings.TrimPrefix(a.AddressKey("x"), "clockwork:login:address:"))

	attempt.GiveBack(t.Context())
	assert.Equal(t, int32(2), store.calls.Load())
	assert.Empty(t, mini.Keys())
}

func TestAttemptsOverWhatSomebodyElseWrote(t *testing.T) {
	mini := miniredis.RunT(t)
	a := auth.NewAttempts(overTCP(t, mini.Addr()), []byte("key"), manualclock.New(now).Now, silent)
	require.NoError(t, mini.Set(a.UserKey("an"), "nonsense"))
	assert.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
	assert.Equal(t, time.Minute, mini.TTL(a.UserKey("an")))
}

// odd answers what no script of ours answers.
type odd struct{}

func (odd) Do(context.Context, ...any) (any, error) { return "OK", nil }

func TestAttemptsWithoutRedis(t *testing.T) {
	for name, store := range map[string]auth.AttemptStore{"gone": gone{}, "odd-answer": odd{}} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			a := auth.NewAttempts(store, []byte("key"), manualclock.New(now).Now, slog.New(slog.NewTextHandler(&log, nil)))
			attempt := a.Of("an@example.test", "192.0.2.1")
			assert.Zero(t, attempt.Take(t.Context()), "people can still log in")
			assert.Equal(t, 2, a.Local())
			assert.Contains(t, log.String(), "counted in this process only")
			assert.NotContains(t, log.String(), "an@example.test")
			assert.NotContains(t, log.String(), "192.0.2.1")
			attempt.GiveBack(t.Context())
			assert.Zero(t, a.Local())
		})
	}
}

// Redis comes back between an attempt and its success: what was counted here is
// given back here.
func TestAttemptsGiveBackWhereTheyWereTaken(t *testing.T) {
	mini := miniredis.RunT(t)
	store := &flaky{AttemptStore: overTCP(t, mini.Addr())}
	a := auth.NewAttempts(store, []byte("key"), manualclock.New(now).Now, silent)
	store.down.Store(true)
	local := a.Of("an", "192.0.2.1")
	require.Zero(t, local.Take(t.Context()))
	store.down.Store(false)
	shared := a.Of("an", "192.0.2.1")
	require.Zero(t, shared.Take(t.Context()))
	local.GiveBack(t.Context())
	assert.Zero(t, a.Local())
	assert.Len(t, mini.Keys(), 2)
	store.down.Store(true)
	shared.GiveBack(t.Context())
	assert.Len(t, mini.Keys(), 2, "it stays counted, which is no more than a nuisance")
}

// flaky is a Redis that is down at times.
type flaky struct {
	auth.AttemptStore
	down atomic.Bool
}

func (f *flaky) Do(ctx context.Context, cmd ...any) (any, error) {
	if f.down.Load() {
		return nil, errors.New("connection refused")
	}
	return f.AttemptStore.Do(ctx, cmd...)
}

// The memory that counting takes in the process has an end, at which guesses
// are refused rather than forgotten.
func TestAttemptsInProcessAreBounded(t *testing.T) {
	c := manualclock.New(now)
	a := auth.NewAttempts(gone{}, []byte("key"), c.Now, silent)
	for n := range auth.MaxLocal / 2 {
		require.Zero(t, a.Of(fmt.Sprintf("user-%d", n), fmt.Sprintf("address-%d", n)).Take(t.Context()))
	}
	assert.Equal(t, auth.MaxLocal, a.Local())
	assert.Equal(t, auth.PerAddress.Interval, a.Of("an", "192.0.2.1").Take(t.Context()))
	assert.Equal(t, auth.MaxLocal, a.Local())
	c.Advance(time.Minute)
	assert.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()), "what ran out makes room")
	assert.Equal(t, 2, a.Local())
}
