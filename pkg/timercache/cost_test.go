package timercache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/sandbox/redisserver"
	"github.com/clockwork-timer/backend/pkg/sandbox/upstashrest"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// billed is a world whose Redis counts as Upstash bills.
func billed(t *testing.T, addr string) (*world, func(func()) upstashrest.Usage) {
	t.Helper()
	client, stand := overREST(t, addr)
	w := newWorld(t, client, stand.Addr())
	return w, func(act func()) upstashrest.Usage {
		before, err := stand.Usage(t.Context())
		require.NoError(t, err)
		act()
		after, err := stand.Usage(t.Context())
		require.NoError(t, err)
		return after.Since(before)
	}
}

func TestCost(t *testing.T) {
	for _, size := range []int{1, 20, 500} {
		for name, open := range map[string]func(testing.TB) string{
			"miniredis": func(testing.TB) string { return "" },
			"redis":     func(t testing.TB) string { return redisserver.Start(t) },
		} {
			t.Run(fmt.Sprintf("%d-users-%s", size, name), func(t *testing.T) {
				w, count := billed(t, open(t))
				timers := team(size)
				w.sync(timers...)
				w.clock.Advance(time.Second)

				got := count(func() { w.sync(timers...) })
				assert.Equal(t, int64(1+1+2), got.Commands, "unchanged: base, compare, and a script of one")
				assert.Equal(t, int64(3), got.RoundTrips)

				for _, changed := range []int{1, max(size/100, 1)} {
					w.clock.Advance(time.Second)
					for i := range changed {
						timers[i] = commented(timers[i], w.clock.Now().String())
					}
					got = count(func() { w.sync(timers...) })
					assert.Equal(t, int64(8+3*changed), got.Commands, "changed: base, compare, stage, read, a script of four, and two keys and an event for each user")
					assert.Equal(t, int64(4), got.RoundTrips, "compared and staged in one")
				}
				assert.Equal(t, int64(1), count(func() { w.read(ann) }).Commands)
			})
		}
	}
}

func TestCostOfTheFirstRunInParts(t *testing.T) {
	w, count := billed(t, "")
	w.cache.SetMaxRequest(100_000)
	timers := team(400)
	size := 0
	for _, x := range timers {
		size += 2 * len(timercache.Value{Timers: []timer.Timer{x}, UserKey: x.RunningFor, Email: x.Author.EmailAddress}.Encode())
	}
	got := count(func() { w.sync(timers...) })
	assert.LessOrEqual(t, got.RoundTrips, int64(5+2+size/100_000), "a round trip per part")
}

func TestCostOfAWaitIsNoPolling(t *testing.T) {
	w, count := billed(t, "")
	w.sync(running(1, "ann", "A-1", time.Hour))
	etag := w.read(ann).ETag
	got := count(func() {
		_, err := w.cache.Wait(t.Context(), ann, etag, 300*time.Millisecond)
		require.NoError(t, err)
	})
	assert.Equal(t, int64(3), got.Commands, "subscribe, and two reads")
}
