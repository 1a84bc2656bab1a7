package auth_test

import (
	"bytes"
	"context"
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
	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// gone is a Redis that does not answer.
var gone = redisclient.Answering{Err: redisclient.ErrDown}

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
	redisclient.OnEach(t, func(t *testing.T, client *redis.Client) {
		c := clocks{manualclock.New(now), func(d time.Duration) { redistime.Pass(t, client, d) }}
		test(t, auth.NewAttempts(client, []byte("key"), c.Now, silent), c)
	})
	t.Run("process", func(t *testing.T) {
		c := clocks{manualclock.New(now), func(time.Duration) {}}
		test(t, auth.NewAttempts(gone, []byte("key"), c.Now, silent), c)
	})
}

func TestAttemptsPerNameAndAddress(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		try := func() time.Duration { return a.Of("An", "192.0.2.1").Take(t.Context()) }
		for n := range auth.PerPair.Burst {
			require.Zero(t, try(), "attempt %d", n)
		}
		assert.Equal(t, time.Minute, try())
		assert.Equal(t, time.Minute, a.Of(" aN ", "192.0.2.1").Take(t.Context()), "another spelling of the name")
		assert.Zero(t, a.Of("bo", "192.0.2.1").Take(t.Context()), "another user")
		assert.Zero(t, a.Of("An", "192.0.2.2").Take(t.Context()), "another address")

		c.Advance(59 * time.Second)
		assert.Equal(t, time.Second, try(), "what was refused is not counted")
		c.Advance(time.Second)
		assert.Zero(t, try(), "exactly when it was said")
		assert.Equal(t, time.Minute, try())
		c.Advance(3 * time.Minute)
		for range 3 {
			assert.Zero(t, try())
		}
		assert.Equal(t, time.Minute, try())
		c.Advance(time.Hour)
		for range auth.PerPair.Burst {
			assert.Zero(t, try(), "all forgotten, and no more than that")
		}
		assert.Equal(t, time.Minute, try())
	})
}

// However many others guess at a name, nobody is refused for that. It only
// takes longer, and no longer than it may.
func TestAttemptsPerName(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		try := func(n int) (refused, delay time.Duration) {
			return a.Of("an", fmt.Sprintf("198.51.%d.%d", n/256, n%256)).Delay(t.Context())
		}
		for n := range 200 {
			refused, delay := try(n)
			require.Zero(t, refused, "attempt %d", n)
			if n < auth.PerName.Burst {
				require.Zero(t, delay, "attempt %d", n)
			} else {
				require.Equal(t, auth.Slowest, delay, "attempt %d", n)
			}
		}
		_, delay := a.Of("bo", "198.51.0.1").Delay(t.Context())
		assert.Zero(t, delay, "another name")
		c.Advance(time.Minute - time.Second)
		_, delay = try(300)
		assert.Equal(t, time.Second, delay, "the slow ones are not counted")
		c.Advance(time.Second)
		_, delay = try(301)
		assert.Zero(t, delay)

		slow := a.Of("an", "198.51.100.1")
		_, delay = slow.Delay(t.Context())
		require.Equal(t, auth.Slowest, delay)
		slow.GiveBack(t.Context())
		_, delay = a.Of("an", "198.51.100.1").Delay(t.Context())
		assert.Equal(t, auth.Slowest, delay, "a success gives back what it took, and nothing of the others'")
	})
}

// A device that is known is counted by itself: neither its address nor its name
// matters, and the other way round.
func TestAttemptsPerDevice(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		for range 3 * auth.PerAddress.Burst {
			a.Of("an", "192.0.2.1").Take(t.Context())
		}
		for n := range auth.PerDevice.Burst {
			refused, delay := a.OfDevice("laptop").Delay(t.Context())
			require.Zero(t, refused, "attempt %d", n)
			require.Zero(t, delay)
		}
		assert.Equal(t, time.Minute, a.OfDevice("laptop").Take(t.Context()))
		assert.Zero(t, a.OfDevice("phone").Take(t.Context()))
		c.Advance(time.Minute)
		attempt := a.OfDevice("laptop")
		assert.Zero(t, attempt.Take(t.Context()))
		attempt.GiveBack(t.Context())
		assert.Zero(t, a.OfDevice("laptop").Take(t.Context()))
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

// If several limits refuse, the longest wait is returned, and a refusal by one
// limit uses up none of the others.
func TestAttemptsOfAllLimits(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, _ clocks) {
		for range auth.PerPair.Burst {
			require.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
		}
		for range 100 {
			require.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()))
		}
		for n := range auth.PerAddress.Burst - auth.PerPair.Burst {
			require.Zero(t, a.Of(fmt.Sprintf("user-%d", n), "192.0.2.1").Take(t.Context()), "refused attempts used up the address")
		}
		assert.Equal(t, time.Minute, a.Of("an", "192.0.2.1").Take(t.Context()))
		assert.Equal(t, 10*time.Second, a.Of("bo", "192.0.2.1").Take(t.Context()))
		for n := range auth.PerName.Burst - auth.PerPair.Burst {
			_, delay := a.Of("an", fmt.Sprintf("198.51.100.%d", n)).Delay(t.Context())
			require.Zero(t, delay, "refused attempts used up the name")
		}
	})
}

func TestAttemptsGivenBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *auth.Attempts, c clocks) {
		for range 3 * auth.PerAddress.Burst {
			attempt := a.Of("an", "192.0.2.1")
			refused, delay := attempt.Delay(t.Context())
			require.Zero(t, refused, "logins that succeed are not limited")
			require.Zero(t, delay)
			attempt.GiveBack(t.Context())
		}
		for range auth.PerPair.Burst {
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
		assert.Equal(t, int32(auth.PerPair.Burst), let.Load())
	})
}

func TestAttemptsAreSharedByInstances(t *testing.T) {
	client := redisclient.OverTCP(t, miniredis.RunT(t).Addr())
	c := manualclock.New(now)
	instance := func() *auth.Attempts { return auth.NewAttempts(client, []byte("key"), c.Now, silent) }
	for range auth.PerPair.Burst {
		require.Zero(t, instance().Of("an", "192.0.2.1").Take(t.Context()))
	}
	assert.Equal(t, time.Minute, instance().Of("an", "192.0.2.1").Take(t.Context()))
}

// Instances whose clocks are a day apart agree: only Redis' own counts.
func TestAttemptsWithAWrongClock(t *testing.T) {
	client := redisclient.OverTCP(t, miniredis.RunT(t).Addr())
	for n := range auth.PerPair.Burst {
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
	store := &redisclient.Counted{Client: redisclient.OverTCP(t, mini.Addr())}
	c := manualclock.New(now)
	a := auth.NewAttempts(store, []byte("key"), c.Now, silent)
	attempt := a.Of("an@example.test", "192.0.2.1")
	require.Zero(t, attempt.Take(t.Context()))
	assert.Equal(t, int32(1), store.Commands.Load(), "round trips")

	pair, address, name := a.PairKey("an@example.test", "192.0.2.1"), a.AddressKey("192.0.2.1"), a.NameKey("an@example.test")
	assert.ElementsMatch(t, []string{pair, address, name}, mini.Keys())
	for _, key := range mini.Keys() {
		assert.Regexp(t, `^clockwork:login:(pair|address|name):[0-9a-f]{32}$`, key)
		for _, personal := range []string{"an@example.test", "192.0.2.1"} {
			value, err := mini.Get(key)
			require.NoError(t, err)
			assert.NotContains(t, key+value, personal)
		}
	}
	assert.Equal(t, time.Minute, mini.TTL(pair), "no longer than it matters")
	assert.Equal(t, 10*time.Second, mini.TTL(address))
	assert.NotEqual(t, name, auth.NewAttempts(store, []byte("other"), c.Now, silent).NameKey("an@example.test"), "without the key one cannot tell whose it is")
	assert.NotEqual(t, strings.TrimPrefix(a.NameKey("x"), "clockwork:login:name:"), strings.TrimPrefix(a.AddressKey("x"), "clockwork:login:address:"))

	attempt.GiveBack(t.Context())
	assert.Equal(t, int32(2), store.Commands.Load())
	assert.Empty(t, mini.Keys())
}

func TestAttemptsOverWhatSomebodyElseWrote(t *testing.T) {
	mini := miniredis.RunT(t)
	a := auth.NewAttempts(redisclient.OverTCP(t, mini.Addr()), []byte("key"), manualclock.New(now).Now, silent)
	require.NoError(t, mini.Set(a.NameKey("an"), "nonsense"))
	assert.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()))
	assert.Equal(t, time.Minute, mini.TTL(a.NameKey("an")))
}

func TestAttemptsWithoutRedis(t *testing.T) {
	for name, store := range map[string]auth.AttemptStore{"gone": gone, "odd-answer": redisclient.Answering{Reply: "OK"}} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			a := auth.NewAttempts(store, []byte("key"), manualclock.New(now).Now, slog.New(slog.NewTextHandler(&log, nil)))
			attempt := a.Of("an@example.test", "192.0.2.1")
			assert.Zero(t, attempt.Take(t.Context()), "people can still log in")
			assert.Equal(t, 3, a.Local())
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
	store := &redisclient.Counted{Client: redisclient.OverTCP(t, mini.Addr())}
	a := auth.NewAttempts(store, []byte("key"), manualclock.New(now).Now, silent)
	store.Down.Store(true)
	local := a.Of("an", "192.0.2.1")
	require.Zero(t, local.Take(t.Context()))
	store.Down.Store(false)
	shared := a.Of("an", "192.0.2.1")
	require.Zero(t, shared.Take(t.Context()))
	local.GiveBack(t.Context())
	assert.Zero(t, a.Local())
	assert.Len(t, mini.Keys(), 3)
	store.Down.Store(true)
	shared.GiveBack(t.Context())
	assert.Len(t, mini.Keys(), 3, "it stays counted, which is no more than a nuisance")
}

// The memory that counting takes in the process has an end, at which others'
// guesses are refused rather than forgotten. Devices have room of their own.
func TestAttemptsInProcessAreBounded(t *testing.T) {
	c := manualclock.New(now)
	a := auth.NewAttempts(gone, []byte("key"), c.Now, silent)
	for n := range ratelimit.MaxLocal / 3 {
		require.Zero(t, a.Of(fmt.Sprintf("user-%d", n), fmt.Sprintf("address-%d", n)).Take(t.Context()))
	}
	full := a.Local()
	assert.Equal(t, auth.PerAddress.Interval, a.Of("an", "192.0.2.1").Take(t.Context()))
	assert.Equal(t, full, a.Local())
	assert.Zero(t, a.OfDevice("laptop").Take(t.Context()))
	c.Advance(time.Minute)
	assert.Zero(t, a.Of("an", "192.0.2.1").Take(t.Context()), "what ran out makes room")
	assert.Equal(t, 4, a.Local())
}
