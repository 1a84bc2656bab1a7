package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// start is when the clocks of these tests begin.
var start = time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)

var (
	key    = keyed.New([]byte("key-of-every-instance"))
	silent = slog.New(slog.DiscardHandler)
	// A small policy, for counting up to.
	small = ratelimit.NewPolicy("small", 5, 10*time.Second)
)

func counted(t *testing.T) *redisclient.Counted {
	t.Helper()
	return &redisclient.Counted{Client: redisclient.OverTCP(t, miniredis.RunT(t).Addr())}
}

func by(p *ratelimit.Policy, who string) ratelimit.Claim {
	return ratelimit.Claim{Policy: p, Kind: "user", Value: who}
}

func shared(p *ratelimit.Policy, who string) ratelimit.Claim {
	return ratelimit.Claim{Policy: p, Kind: "user", Value: who, Shared: true}
}

// ask is a whole request. The wait is in whole seconds, rounded up as in
// Retry-After.
func ask(t testing.TB, l *ratelimit.Limiter, claims ...ratelimit.Claim) (*ratelimit.Pass, time.Duration) {
	t.Helper()
	pass, err := l.Admit(claims...)
	if err == nil {
		err = pass.Ask(t.Context())
	}
	if limited, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		assert.Positive(t, limited.RetryAfter)
		return pass, (limited.RetryAfter + time.Second - 1).Truncate(time.Second)
	}
	require.NoError(t, err)
	return pass, 0
}

// headers are RateLimit and RateLimit-Policy.
func headers(pass *ratelimit.Pass) (limit, policy string) {
	header := http.Header{}
	pass.WriteHeader(header)
	return header.Get("RateLimit"), header.Get("RateLimit-Policy")
}

// Clocks that are an hour apart agree: only Redis' own counts. And its window
// ends for all at the same time.
func TestSharedHoldsExactlyAcrossInstances(t *testing.T) {
	redisclient.OnEach(t, func(t *testing.T, redis *redis.Client) {
		var instances []*ratelimit.Limiter
		var clocks []*manualclock.Clock
		for _, off := range []time.Duration{0, time.Hour, -time.Hour} {
			clocks = append(clocks, manualclock.New(start.Add(off)))
			instances = append(instances, ratelimit.New(redis, key, clocks[len(clocks)-1].Now, silent))
		}
		pass := func(d time.Duration) {
			redistime.Pass(t, redis, d)
			for _, c := range clocks {
				c.Advance(d)
			}
		}
		for range 3 {
			for n := range small.Quota {
				_, wait := ask(t, instances[n%3], shared(&small, "an"))
				require.Zero(t, wait, "request %d", n)
				if n == 0 {
					pass(6 * time.Second)
				}
			}
			for n, l := range instances {
				_, wait := ask(t, l, shared(&small, "an"))
				assert.Equal(t, 4*time.Second, wait, "instance %d", n)
				_, wait = ask(t, l, shared(&small, "bo of instance "+fmt.Sprint(n)))
				assert.Zero(t, wait, "another caller")
			}
			pass(4 * time.Second)
		}
	})
}

// An instance that was started or set back in the middle of a window does not
// begin another.
func TestClockThatIsSet(t *testing.T) {
	redisclient.OnEach(t, func(t *testing.T, redis *redis.Client) {
		for name, by := range map[string]time.Duration{"back": -time.Hour, "ahead": time.Hour} {
			c := manualclock.New(start)
			l := ratelimit.New(redis, key, c.Now, silent)
			for range small.Quota - 1 {
				_, wait := ask(t, l, shared(&small, name))
				require.Zero(t, wait)
			}
			c.Advance(by)
			_, wait := ask(t, l, shared(&small, name))
			require.Zero(t, wait, name)
			for range 3 {
				_, wait = ask(t, l, shared(&small, name))
				assert.Equal(t, 10*time.Second, wait, name)
				c.Advance(by)
			}
		}
	})
	c := manualclock.New(start)
	l := ratelimit.New(nil, key, c.Now, silent)
	for range small.Quota {
		_, err := l.Admit(by(&small, "an"))
		require.NoError(t, err)
	}
	c.Advance(-time.Hour)
	_, wait := ask(t, l, by(&small, "an"))
	assert.Equal(t, 2*time.Second, wait, "what the process counts by itself")
}

// What each request costs in Redis.
func TestCost(t *testing.T) {
	redisclient.OnEach(t, func(t *testing.T, client *redis.Client) {
		redis := &redisclient.Counted{Client: client}
		c := manualclock.New(start)
		l, another := ratelimit.New(redis, key, c.Now, silent), ratelimit.New(redis, key, c.Now, silent)
		cost := func(l *ratelimit.Limiter, claims ...ratelimit.Claim) int32 {
			before := redis.Commands.Load()
			ask(t, l, claims...)
			return redis.Commands.Load() - before
		}
		address := by(&ratelimit.PerAddress, "192.0.2.1")
		assert.Zero(t, cost(l, by(&small, "an"), address), "a read")
		assert.EqualValues(t, 1, cost(l, shared(&small, "an"), address), "the first of a window")
		assert.EqualValues(t, 1, cost(l, shared(&small, "an"), address), "another")
		assert.EqualValues(t, 2, cost(another, shared(&small, "an"), address), "one in a window that another process has opened")
		for range 2 {
			cost(l, shared(&small, "an"))
		}
		assert.EqualValues(t, 2, cost(l, shared(&small, "an"), address), "the first that is refused")
		assert.Zero(t, cost(l, shared(&small, "an"), address), "the others that are refused")
		c.Advance(small.Window)
		redistime.Pass(t, redis, small.Window)
		assert.EqualValues(t, 1, cost(l, shared(&small, "an"), address), "the first of the next window")
	})
}

// A count without a lifetime locks nobody out for good, whoever was killed, and
// a window that ended before its time is begun again.
func TestCountWithoutALifetime(t *testing.T) {
	redisclient.OnEach(t, func(t *testing.T, redis *redis.Client) {
		c := manualclock.New(start)
		do := func(cmd ...any) any {
			reply, err := redis.Do(t.Context(), cmd...)
			require.NoError(t, err)
			return reply
		}
		ask(t, ratelimit.New(redis, key, c.Now, silent), shared(&small, "an"))
		counter := do("KEYS", "*").([]any)[0]
		do("PERSIST", counter)
		later := ratelimit.New(redis, key, c.Now, silent)
		refused := 0
		for range small.Quota {
			if _, wait := ask(t, later, shared(&small, "an")); wait > 0 {
				refused++
				assert.Equal(t, small.Window, wait)
			}
		}
		assert.Equal(t, 1, refused)
		assert.Positive(t, do("PTTL", counter))
		redistime.Pass(t, redis, small.Window)
		_, wait := ask(t, ratelimit.New(redis, key, c.Now, silent), shared(&small, "an"))
		assert.Zero(t, wait)
	})
	t.Run("ended-early", func(t *testing.T) {
		mini := miniredis.RunT(t)
		redis := redisclient.OverTCP(t, mini.Addr())
		l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
		ask(t, l, shared(&small, "an"))
		counter := mini.Keys()[0]
		mini.FlushAll()
		_, wait := ask(t, l, shared(&small, "an"))
		assert.Zero(t, wait)
		assert.Equal(t, small.Window, mini.TTL(counter))
	})
}

// Requests at the same time must not outrun the counts, and a refusal under one
// claim counts under none.
func TestAtTheSameTime(t *testing.T) {
	redisclient.OnEach(t, func(t *testing.T, redis *redis.Client) {
		l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
		for name, claim := range map[string]ratelimit.Claim{"shared": shared(&small, "an"), "own": by(&small, "bo")} {
			var let atomic.Int32
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if _, wait := ask(t, l, by(&ratelimit.PerAddress, "192.0.2.1"), claim); wait == 0 {
						let.Add(1)
					}
				})
			}
			all.Wait()
			assert.EqualValues(t, small.Quota, let.Load(), name)
		}
		pass, wait := ask(t, l, by(&ratelimit.PerAddress, "192.0.2.1"))
		require.Zero(t, wait)
		limit, _ := headers(pass)
		assert.Contains(t, limit, fmt.Sprintf(";r=%d;", ratelimit.PerAddress.Quota-2*small.Quota-1))
	})
}

func TestTell(t *testing.T) {
	redis := counted(t)
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	address := by(&ratelimit.PerAddress, "192.0.2.1")
	for n := range small.Quota {
		pass, _ := ask(t, l, by(&small, "an"), address)
		got, policy := headers(pass)
		assert.Equal(t, fmt.Sprintf(`"small";r=%d;t=%d`, small.Quota-n-1, 2*(n+1)), got, "evenly")
		assert.Equal(t, `"small";q=5;w=10`, policy)
	}
	for n := range small.Quota {
		pass, _ := ask(t, l, shared(&small, "bo"), address)
		got, policy := headers(pass)
		assert.Equal(t, fmt.Sprintf(`"small";r=%d;t=10`, small.Quota-n-1), got, "by window")
		assert.Equal(t, `"small";q=5;w=10`, policy)
	}
	for name, other := range map[string]struct {
		l     *ratelimit.Limiter
		claim ratelimit.Claim
		wait  time.Duration
	}{
		"counted-by-this-process": {l, by(&small, "an"), 2 * time.Second},
		"refused-by-redis":        {l, shared(&small, "bo"), 10 * time.Second},
		"refused-before":          {l, shared(&small, "bo"), 10 * time.Second},
		"refused-elsewhere":       {ratelimit.New(redis, key, c.Now, silent), shared(&small, "bo"), 10 * time.Second},
	} {
		pass, wait := ask(t, other.l, by(&ratelimit.Reads, "an"), other.claim)
		assert.Equal(t, other.wait, wait, name)
		got, policy := headers(pass)
		assert.Equal(t, `"small";r=0;t=10`, got, "%s: the one that refuses, not the first", name)
		assert.Equal(t, `"small";q=5;w=10`, policy)
	}
	pass, err := l.Admit(shared(&small, "cy"))
	require.NoError(t, err)
	got, _ := headers(pass)
	assert.Equal(t, `"small";r=5;t=10`, got, "before it was asked for")
	got, policy := headers(nil)
	assert.Empty(t, got+policy)
}

func TestOff(t *testing.T) {
	var l *ratelimit.Limiter
	pass, err := l.Admit(shared(&small, "an"))
	require.NoError(t, err)
	assert.Nil(t, pass.Command())
	assert.NoError(t, pass.Settle(t.Context(), nil, nil))
	assert.NoError(t, pass.Ask(t.Context()))
}

// A request asks once, whoever calls.
func TestAskedOnce(t *testing.T) {
	redis := counted(t)
	pass, err := ratelimit.New(redis, key, manualclock.New(start).Now, silent).Admit(shared(&small, "an"))
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, pass.Ask(t.Context()))
	}
	assert.EqualValues(t, 1, redis.Commands.Load())
	assert.Nil(t, pass.Command())
}

// Without Redis nothing fails and nothing waits; the process's own count holds.
func TestWithoutRedis(t *testing.T) {
	redis := counted(t)
	redis.Down.Store(true)
	var log bytes.Buffer
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, slog.New(slog.NewTextHandler(&log, nil)))
	for n := range small.Quota {
		_, wait := ask(t, l, shared(&small, "an"))
		require.Zero(t, wait, "request %d", n)
	}
	assert.EqualValues(t, 1, redis.Commands.Load(), "who does not answer is not asked each time")
	_, wait := ask(t, l, shared(&small, "an"))
	assert.Equal(t, 10*time.Second, wait)
	assert.Equal(t, 1, strings.Count(log.String(), "counted in this process only"))

	c.Advance(5 * time.Second)
	redis.Down.Store(false)
	ask(t, l, shared(&small, "bo"))
	assert.EqualValues(t, 2, redis.Commands.Load(), "after a while it is")
	c.Advance(5 * time.Second)
	_, wait = ask(t, l, shared(&small, "an"))
	assert.Zero(t, wait, "in the next window")
	for _, later := range []time.Duration{-time.Hour, time.Hour} {
		redis.Down.Store(true)
		ask(t, l, shared(&small, "cy"))
		c.Advance(later)
		redis.Down.Store(false)
		before := redis.Commands.Load()
		ask(t, l, shared(&small, "cy"))
		assert.Greater(t, redis.Commands.Load(), before, "a clock that is set does not keep Redis from being asked")
		redistime.Pass(t, redis, time.Hour)
	}
}

// A caller who hangs up is counted, and says nothing of Redis.
func TestCallerHangsUp(t *testing.T) {
	redis := counted(t)
	c := manualclock.New(start)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for n := range small.Quota {
		pass, err := ratelimit.New(redis, key, c.Now, silent).Admit(shared(&small, "an"))
		require.NoError(t, err)
		require.NoError(t, pass.Ask(gone), "request %d", n)
	}
	pass, err := ratelimit.New(redis, key, c.Now, silent).Admit(shared(&small, "an"))
	require.NoError(t, err)
	assert.ErrorAs(t, pass.Ask(gone), new(*ratelimit.Exceeded))

	l := ratelimit.New(redis, key, c.Now, silent)
	pass, err = l.Admit(shared(&small, "bo"))
	require.NoError(t, err)
	require.NotNil(t, pass.Command())
	require.NoError(t, pass.Settle(gone, nil, context.Canceled))
	pass, err = l.Admit(shared(&small, "bo"))
	require.NoError(t, err)
	assert.NotNil(t, pass.Command(), "Redis is asked for the next")
}

func TestOddAnswers(t *testing.T) {
	for name, reply := range map[string]any{
		"none": nil, "text": "QUEUED", "zero": int64(0), "negative": int64(-7), "list": []any{int64(1)}, "error": redisclient.ErrDown,
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			l := ratelimit.New(redisclient.Answering{Reply: reply}, key, manualclock.New(start).Now, slog.New(slog.NewTextHandler(&log, nil)))
			for n := range small.Quota {
				_, wait := ask(t, l, shared(&small, "an"))
				require.Zero(t, wait, "request %d", n)
			}
			_, wait := ask(t, l, shared(&small, "an"))
			assert.Equal(t, small.Window, wait, "the process counts by itself")
			assert.Contains(t, log.String(), "counted in this process only")
		})
	}
}

// What Redis holds tells nobody who asked, and ends by itself.
func TestKeys(t *testing.T) {
	mini := miniredis.RunT(t)
	redis := redisclient.OverTCP(t, mini.Addr())
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	token := ratelimit.Claim{Policy: &small, Kind: "token", Value: "a-clockwork-token", Shared: true}
	ask(t, l, ratelimit.Claim{Policy: &small, Kind: "address", Value: "192.0.2.1", Shared: true})
	ask(t, l, token)
	require.Len(t, mini.Keys(), 2)
	for _, k := range mini.Keys() {
		assert.Regexp(t, `^clockwork:rate:small:[0-9a-f]{32}$`, k)
		assert.Equal(t, small.Window, mini.TTL(k))
	}
	ask(t, ratelimit.New(redis, keyed.New([]byte("other")), c.Now, silent), token)
	assert.Len(t, mini.Keys(), 3, "without the key one cannot tell whose it is")
	ask(t, l, shared(&small, "a-clockwork-token"))
	assert.Len(t, mini.Keys(), 4, "a user is no token")
}

// Whoever asks under ever new names makes a process neither grow nor forget
// what Redis knows.
func TestMemoryIsBounded(t *testing.T) {
	redis := counted(t)
	l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
	for range small.Quota {
		ask(t, l, shared(&small, "an"))
	}
	for n := range 10_000 {
		_, err := l.Admit(ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: fmt.Sprintf("2001:db8:0:%x::/64", n)})
		require.NoError(t, err)
	}
	assert.Equal(t, 8192, l.Buckets())
	_, wait := ask(t, l, shared(&small, "an"))
	assert.NotZero(t, wait)
}

// What people do comes near no quota: an office of 150 desktops behind one
// address, opened within five minutes, one of whose people has ten devices and
// starts and stops timers all the time.
func TestPeopleAreNotLimited(t *testing.T) {
	redis := counted(t)
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	address := ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: "192.0.2.1"}
	request := func(claim ratelimit.Claim) {
		_, wait := ask(t, l, claim, address)
		require.Zero(t, wait, "%s, %s at %s", claim.Policy.Name, claim.Value, c.Now())
	}
	const devices, desktops = 10, 150
	for second := range 1800 {
		if n := second / 2; n < desktops && second%2 == 0 {
			for range 12 {
				request(by(&ratelimit.Reads, fmt.Sprintf("person-%d", max(0, n-devices+1))))
			}
		}
		for n := range min(second/2, desktops) {
			if (second+n)%10 == 0 {
				request(by(&ratelimit.Reads, fmt.Sprintf("person-%d", max(0, n-devices+1))))
			}
		}
		if second%10 == 0 {
			request(shared(&ratelimit.Writes, "person-0"))
		}
		if second%3 == 0 { // a pause in typing
			request(shared(&ratelimit.Lookups, "person-0"))
		}
		c.Advance(time.Second)
		redistime.Pass(t, redis, time.Second)
	}
}
