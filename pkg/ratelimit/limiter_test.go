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
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/redistcp"
	"github.com/clockwork-timer/backend/pkg/sandbox/redisserver"
)

// start is when the clocks of these tests begin.
var start = time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)

var (
	key    = []byte("key-of-every-instance")
	silent = slog.New(slog.DiscardHandler)
	// Small policies, for counting up to: shared in batches of 4, and strict.
	shared = ratelimit.NewPolicy("shared", 20, 20*time.Second, 4)
	strict = ratelimit.NewPolicy("strict", 5, 10*time.Second, 1)
)

// counted is a client that counts commands and round trips.
type counted struct {
	ratelimit.Client
	commands, trips atomic.Int32
	down            atomic.Bool
}

var errDown = errors.New("connection refused")

func (c *counted) Do(ctx context.Context, cmd ...any) (any, error) {
	c.trips.Add(1)
	if c.down.Load() {
		return nil, errDown
	}
	c.commands.Add(1)
	return c.Client.Do(ctx, cmd...)
}

func (c *counted) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	c.trips.Add(1)
	if c.down.Load() {
		return nil, errDown
	}
	c.commands.Add(int32(len(cmds)))
	return c.Client.Pipeline(ctx, cmds...)
}

func overTCP(t testing.TB, addr string) *counted {
	t.Helper()
	client, err := redistcp.New("redis://"+addr, redistcp.Options{Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return &counted{Client: client}
}

func onEachRedis(t *testing.T, test func(t *testing.T, redis *counted)) {
	for name, start := range map[string]func(t testing.TB) string{
		"miniredis": func(t testing.TB) string { return miniredis.RunT(t.(*testing.T)).Addr() },
		"redis":     func(t testing.TB) string { return redisserver.Start(t) },
	} {
		t.Run(name, func(t *testing.T) { test(t, overTCP(t, start(t))) })
	}
}

func by(p *ratelimit.Policy, who string) ratelimit.Claim {
	return ratelimit.Claim{Policy: p, Kind: "user", Value: who}
}

// ask is a whole request: it comes in, and reads something in Redis, which
// takes along what is due.
func ask(t testing.TB, l *ratelimit.Limiter, redis ratelimit.Client, claims ...ratelimit.Claim) (*ratelimit.Pass, time.Duration) {
	t.Helper()
	pass, err := l.Admit(claims...)
	if err == nil {
		_, err = ratelimit.Carrying{Client: redis}.Do(ratelimit.With(t.Context(), pass), "GET", "something")
	}
	var limited *ratelimit.Exceeded
	if errors.As(err, &limited) {
		assert.NotZero(t, limited.RetryAfter)
		return pass, limited.RetryAfter
	}
	require.NoError(t, err)
	return pass, 0
}

// admitted asks until it is refused, at most tries times.
func admitted(t testing.TB, l *ratelimit.Limiter, redis ratelimit.Client, tries int, claims ...ratelimit.Claim) int {
	t.Helper()
	for n := range tries {
		if _, wait := ask(t, l, redis, claims...); wait > 0 {
			return n
		}
	}
	return tries
}

func TestStrictHoldsExactlyAcrossInstances(t *testing.T) {
	onEachRedis(t, func(t *testing.T, redis *counted) {
		c := manualclock.New(start)
		var instances []*ratelimit.Limiter
		for range 3 {
			instances = append(instances, ratelimit.New(redis, key, c.Now, silent))
		}
		for n := range strict.Quota {
			_, wait := ask(t, instances[n%3], redis, by(&strict, "an"))
			require.Zero(t, wait, "request %d", n)
		}
		for _, l := range instances {
			_, wait := ask(t, l, redis, by(&strict, "an"))
			assert.Equal(t, 2*time.Second, wait)
			_, wait = ask(t, l, redis, by(&strict, "bo"))
			assert.Zero(t, wait, "another caller")
		}
		c.Advance(2 * time.Second)
		_, wait := ask(t, instances[2], redis, by(&strict, "an"))
		assert.Zero(t, wait, "exactly when it was said")
		_, wait = ask(t, instances[1], redis, by(&strict, "an"))
		assert.Equal(t, 2*time.Second, wait)
	})
}

// The bound that the package comment gives: Share × instances beyond the quota.
func TestSharedIsBoundedAcrossInstances(t *testing.T) {
	onEachRedis(t, func(t *testing.T, redis *counted) {
		for _, instances := range []int{1, 2, 5, 10} {
			t.Run(fmt.Sprintf("%d-instances", instances), func(t *testing.T) {
				c := manualclock.New(start)
				who := by(&shared, fmt.Sprintf("caller of %d", instances))
				var all []*ratelimit.Limiter
				for range instances {
					all = append(all, ratelimit.New(redis, key, c.Now, silent))
				}
				total := 0
				for range 100 { // in turn, so that each knows as little as it can
					for _, l := range all {
						total += admitted(t, l, redis, 1, who)
					}
				}
				assert.GreaterOrEqual(t, total, shared.Quota)
				assert.LessOrEqual(t, total, shared.Quota+shared.Share*instances)

				// And it stays so: in the next windows only what has come back.
				for window := range 5 {
					before := total
					for range 20 {
						c.Advance(shared.Window / 20)
						for range 10 {
							for _, l := range all {
								total += admitted(t, l, redis, 1, who)
							}
						}
					}
					assert.LessOrEqual(t, total-before, shared.Quota+shared.Share*instances, "window %d", window)
				}
			})
		}
	})
}

func TestSharedCostsNothingFarFromTheQuota(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	const polls = 2000
	for range polls { // a desktop, over five hours
		_, wait := ask(t, l, redis, by(&ratelimit.Reads, "an"), ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: "192.0.2.1"})
		require.Zero(t, wait)
		c.Advance(10 * time.Second)
	}
	assert.EqualValues(t, polls, redis.commands.Load(), "one command each, its own")
	assert.EqualValues(t, polls, redis.trips.Load())

	redis.commands.Store(0)
	redis.trips.Store(0)
	for range shared.Quota {
		ask(t, l, redis, by(&shared, "busy"))
	}
	assert.EqualValues(t, shared.Quota, redis.trips.Load(), "what is due goes in a round trip that is made anyway")
	assert.EqualValues(t, shared.Quota+shared.Quota/shared.Share, redis.commands.Load())
}

// Requests at the same time must not outrun the counts, and a refusal under one
// claim counts under none.
func TestAtTheSameTime(t *testing.T) {
	onEachRedis(t, func(t *testing.T, redis *counted) {
		l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
		for name, p := range map[string]*ratelimit.Policy{"strict": &strict, "shared": &shared} {
			var let atomic.Int32
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if _, wait := ask(t, l, redis, by(p, "an"), by(&ratelimit.PerAddress, "192.0.2.1")); wait == 0 {
						let.Add(1)
					}
				})
			}
			all.Wait()
			assert.EqualValues(t, p.Quota, let.Load(), name)
		}
		pass, wait := ask(t, l, redis, by(&ratelimit.PerAddress, "192.0.2.1"))
		require.Zero(t, wait)
		header := http.Header{}
		pass.Tell(header)
		assert.Contains(t, header.Get("RateLimit"), fmt.Sprintf(";r=%d;", ratelimit.PerAddress.Quota-strict.Quota-shared.Quota-1))
	})
}

func TestTell(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	tell := func(pass *ratelimit.Pass) (string, string) {
		header := http.Header{}
		pass.Tell(header)
		return header.Get("RateLimit"), header.Get("RateLimit-Policy")
	}
	address := by(&ratelimit.PerAddress, "192.0.2.1")
	for n := range strict.Quota {
		pass, _ := ask(t, l, redis, by(&strict, "an"), address)
		got, policy := tell(pass)
		assert.Equal(t, fmt.Sprintf(`"strict";r=%d;t=%d`, strict.Quota-n-1, 2*(n+1)), got)
		assert.Equal(t, `"strict";q=5;w=10`, policy)
	}
	for name, other := range map[string]*ratelimit.Limiter{"told-by-this-process": l, "told-by-redis": ratelimit.New(redis, key, c.Now, silent)} {
		pass, wait := ask(t, other, redis, by(&ratelimit.Reads, "an"), by(&strict, "an"))
		assert.Equal(t, 2*time.Second, wait, name)
		got, policy := tell(pass)
		assert.Equal(t, `"strict";r=0;t=10`, got, "%s: the one that refuses, not the first", name)
		assert.Equal(t, `"strict";q=5;w=10`, policy)
	}
	got, policy := tell(nil)
	assert.Empty(t, got+policy)
}

func TestOff(t *testing.T) {
	var l *ratelimit.Limiter
	pass, err := l.Admit(by(&strict, "an"))
	require.NoError(t, err)
	assert.NoError(t, pass.Ask(t.Context()))
	assert.Equal(t, t.Context(), ratelimit.With(t.Context(), pass))
}

// Without Redis nothing fails and nothing waits; the process's own count holds.
func TestWithoutRedis(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	redis.down.Store(true)
	var log bytes.Buffer
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, slog.New(slog.NewTextHandler(&log, nil)))
	for n := range strict.Quota {
		pass, err := l.Admit(by(&strict, "an"))
		require.NoError(t, err, "request %d", n)
		require.NoError(t, pass.Ask(t.Context()))
	}
	assert.EqualValues(t, 1, redis.trips.Load(), "who does not answer is not asked each time")
	_, err := l.Admit(by(&strict, "an"))
	assert.ErrorAs(t, err, new(*ratelimit.Exceeded))
	assert.Equal(t, 1, strings.Count(log.String(), "counted in this process only"))

	c.Advance(5 * time.Second)
	redis.down.Store(false)
	pass, err := l.Admit(by(&strict, "an"))
	require.NoError(t, err)
	require.NoError(t, pass.Ask(t.Context()))
	assert.EqualValues(t, 2, redis.trips.Load(), "after a while it is")
}

// A caller who hangs up is counted, and says nothing of Redis.
func TestCallerHangsUp(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	c := manualclock.New(start)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for n := range strict.Quota {
		pass, err := ratelimit.New(redis, key, c.Now, silent).Admit(by(&strict, "an"))
		require.NoError(t, err)
		require.NoError(t, pass.Ask(gone), "request %d", n)
	}
	pass, err := ratelimit.New(redis, key, c.Now, silent).Admit(by(&strict, "an"))
	require.NoError(t, err)
	assert.ErrorAs(t, pass.Ask(gone), new(*ratelimit.Exceeded))
}

// odd answers what no script of ours answers.
type odd struct {
	ratelimit.Client
	reply any
}

func (o odd) Do(context.Context, ...any) (any, error) { return o.reply, nil }
func (o odd) Pipeline(context.Context, ...[]any) ([]any, error) {
	return []any{o.reply, "value"}, nil
}

func TestOddAnswers(t *testing.T) {
	for name, reply := range map[string]any{
		"none": nil, "text": "OK", "number": int64(0), "empty": []any{}, "short": []any{int64(0)}, "texts": []any{"0", "1"}, "error": errDown,
	} {
		t.Run(name, func(t *testing.T) {
			redis := odd{reply: reply}
			l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
			pass, err := l.Admit(by(&strict, "an"))
			require.NoError(t, err)
			require.NoError(t, pass.Ask(t.Context()))
			pass, err = l.Admit(by(&strict, "an"))
			require.NoError(t, err)
			got, err := ratelimit.Carrying{Client: redis}.Do(ratelimit.With(t.Context(), pass), "MGET", "a", "b")
			require.NoError(t, err)
			assert.Equal(t, "value", got, "the command that carried it is answered")
		})
	}
}

// What Redis holds tells nobody who asked, and ends by itself.
func TestKeys(t *testing.T) {
	mini := miniredis.RunT(t)
	redis := overTCP(t, mini.Addr())
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	ask(t, l, redis, ratelimit.Claim{Policy: &strict, Kind: "token", Value: "a-clockwork-token"}, ratelimit.Claim{Policy: &strict, Kind: "address", Value: "192.0.2.1"})
	require.Len(t, mini.Keys(), 2)
	for _, k := range mini.Keys() {
		assert.Regexp(t, `^clockwork:rate:strict:[0-9a-f]{32}$`, k)
		assert.Equal(t, 2*time.Second, mini.TTL(k), "no longer than it matters")
	}
	before := mini.Keys()
	ask(t, ratelimit.New(redis, []byte("other"), c.Now, silent), redis, ratelimit.Claim{Policy: &strict, Kind: "token", Value: "a-clockwork-token"})
	assert.Len(t, mini.Keys(), 3, "without the key one cannot tell whose it is")
	ask(t, l, redis, ratelimit.Claim{Policy: &strict, Kind: "user", Value: "a-clockwork-token"})
	assert.Len(t, mini.Keys(), 4, "a user is no token: %v", before)
}

// Whoever asks under ever new names makes a process neither grow nor forget
// what Redis knows.
func TestMemoryIsBounded(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	c := manualclock.New(start)
	l := ratelimit.New(redis, key, c.Now, silent)
	for range strict.Quota {
		ask(t, l, redis, by(&strict, "an"))
	}
	for n := range 10_000 {
		_, err := l.Admit(ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: fmt.Sprintf("2001:db8:0:%x::/64", n)})
		require.NoError(t, err)
	}
	assert.Equal(t, 8192, l.Buckets())
	_, wait := ask(t, l, redis, by(&strict, "an"))
	assert.NotZero(t, wait)
}

// What people do comes near no quota: an office of 150 desktops behind one
// address, opened within five minutes, one of whose people has ten devices and
// starts and stops timers all the time.
func TestPeopleAreNotLimited(t *testing.T) {
	c := manualclock.New(start)
	l := ratelimit.New(nil, key, c.Now, silent)
	address := ratelimit.Claim{Policy: &ratelimit.PerAddress, Kind: "address", Value: "192.0.2.1"}
	ask := func(p *ratelimit.Policy, who string) {
		_, err := l.Admit(by(p, who), address)
		require.NoError(t, err, "%s, %s at %s", p.Name, who, c.Now())
	}
	const devices, desktops = 10, 150
	for second := range 1800 {
		if n := second / 2; n < desktops && second%2 == 0 {
			for range 12 {
				ask(&ratelimit.Reads, fmt.Sprintf("person-%d", max(0, n-devices+1)))
			}
		}
		for n := range min(second/2, desktops) {
			if (second+n)%10 == 0 {
				ask(&ratelimit.Reads, fmt.Sprintf("person-%d", max(0, n-devices+1)))
			}
		}
		if second%10 == 0 {
			ask(&ratelimit.Writes, "person-0")
		}
		if second%3 == 0 { // a pause in typing
			ask(&ratelimit.Lookups, "person-0")
		}
		c.Advance(time.Second)
	}
}
