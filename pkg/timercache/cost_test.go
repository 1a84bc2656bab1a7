package timercache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// billed is a world whose Redis counts as Upstash bills.
func billed(t *testing.T, addr string) (*world, func(func()) upstashrest.Usage) {
	t.Helper()
	stand, client := redisclient.OverREST(t, upstashrest.Options{Addr: addr})
	w := newWorld(t, client(), stand.Addr())
	return w, func(act func()) upstashrest.Usage { return redisclient.Spent(t, stand, act) }
}

var servers = map[string]func(testing.TB) string{
	"miniredis": func(testing.TB) string { return "" },
	"redis":     func(t testing.TB) string { return redisserver.Start(t) },
}

func TestCost(t *testing.T) {
	for _, size := range []int{1, 20, 500} {
		for name, open := range servers {
			t.Run(fmt.Sprintf("%d-users-%s", size, name), func(t *testing.T) {
				w, count := billed(t, open(t))
				timers := team(size)
				w.sync(timers...)
				w.clock.Advance(time.Second)

				got := count(func() { w.sync(timers...) })
				assert.Equal(t, int64(2+3), got.Commands, "unchanged: record and people, and a script of two")
				assert.Equal(t, int64(2), got.RoundTrips)

				for _, changed := range []int{1, max(size/100, 1)} {
					w.clock.Advance(time.Second)
					for i := range changed {
						timers[i] = commented(timers[i], w.clock.Now().String())
					}
					got = count(func() { w.sync(timers...) })
					assert.Equal(t, int64(2+1+1+5+2*changed), got.Commands, "changed: base, stage, read, a script of four, and a key and an event for each person")
					assert.Equal(t, int64(4), got.RoundTrips)
				}

				w.clock.Advance(time.Second)
				got = count(func() { w.started("user-0", "A-1") })
				assert.Equal(t, int64(1+1+4), got.Commands, "start: read, and a script of the two keys, the hash, and the event")
				assert.Equal(t, int64(2), got.RoundTrips)
				got = count(func() { w.stopped("user-0", "A-1") })
				assert.Equal(t, int64(1+1+4), got.Commands)
				assert.Equal(t, int64(2), got.RoundTrips)

				assert.Equal(t, int64(1), count(func() { w.read(timercache.Subject{AccountID: "user-0"}) }).Commands)
				assert.Equal(t, int64(1), count(func() { w.read(everybody) }).Commands)
			})
		}
	}
}

// A start costs the same bytes on a team of any size.
func TestCostOfAStartIsThatOfOnePerson(t *testing.T) {
	var bytes []int64
	for _, size := range []int{2, 2000} {
		w, count := billed(t, redisserver.Start(t))
		w.sync(team(size)...)
		w.clock.Advance(time.Second)
		got := count(func() { w.started("user-1", "A-1") })
		bytes = append(bytes, got.BytesIn+got.BytesOut)
	}
	assert.InDelta(t, bytes[0], bytes[1], 100)
}

// 5,000 people: what a sync costs follows what changed.
func TestCostOfALargeTeam(t *testing.T) {
	const people = 5000
	w, count := billed(t, redisserver.Start(t))
	timers := team(people)
	first := count(func() { w.sync(timers...) })
	t.Logf("first run: %+v", first)
	w.clock.Advance(time.Second)

	unchanged := count(func() { w.sync(timers...) })
	t.Logf("unchanged: %+v", unchanged)
	assert.LessOrEqual(t, unchanged.Commands, int64(5))
	assert.Less(t, unchanged.BytesIn, int64(10_000))

	w.clock.Advance(time.Second)
	timers[7] = commented(timers[7], "new")
	one := count(func() { w.sync(timers...) })
	t.Logf("one changed: %+v", one)
	assert.LessOrEqual(t, one.Commands, int64(2+12))
	assert.Less(t, one.BytesIn, int64(20_000))

	w.clock.Advance(time.Second)
	half := count(func() { w.sync(timers[people/2:]...) })
	t.Logf("half stopped: %+v", half)
	assert.Len(t, w.active(), people/2)

	for what, usage := range map[string]struct {
		upstashrest.Usage
		changed int64
	}{"first run": {first, people}, "half stopped": {half, people / 2}} {
		parts := (usage.changed + 1999) / 2000
		assert.LessOrEqual(t, usage.Commands, 2*usage.changed+13*parts+5, what) // 5 for the mark of the first run
		assert.Less(t, usage.BytesIn, 4000*usage.changed, what)
	}
	assert.Len(t, w.issues(everybody), people/2)
}

func TestCostOfTheFirstRunInParts(t *testing.T) {
	w, count := billed(t, "")
	w.cache.SetMaxRequest(100_000)
	timers := team(400)
	size := 0
	for _, x := range timers {
		size += 2 * len(timercache.NewValue(timercache.About{UserKey: x.RunningFor, Email: x.Author.EmailAddress}, x).Encode())
	}
	got := count(func() { w.sync(timers...) })
	assert.LessOrEqual(t, got.RoundTrips, int64(5+size/100_000), "a round trip per part")
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
