package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// aging is a server with a manual clock, synced with Clockwork at first.
func aging(t *testing.T) (*world, *upstream, *manualclock.Clock) {
	u := newUpstream(t)
	clock := manualclock.New(time.Now().UTC().Truncate(time.Millisecond))
	u.cache = timercache.New(u.redis, "", clock.Now)
	w := newWorld(t, server.Options{Clockwork: u.options(), Now: clock.Now})
	u.listening(1)
	clock.Advance(time.Second)
	u.syncAt(clock.Now())
	return w, u, clock
}

// freshness asserts that this is a freshness event.
func (m message) freshness(t *testing.T) realtime.Freshness {
	t.Helper()
	require.Equal(t, "freshness", m.Event, "%+v", m)
	return m.Payload.Freshness
}

// Every client is told when Clockwork's data becomes stale, and when it is fresh again. A
// client that connects meanwhile is told at once.
func TestFreshness(t *testing.T) {
	w, u, clock := aging(t)
	synced := clock.Now()
	c, state := w.connect("ann")
	assert.Equal(t, realtime.Freshness{SyncedAt: &synced}, state.Payload.Freshness)
	s := w.stream("bob", nil)
	s.next()

	clock.Advance(9 * time.Minute)
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, realtime.Freshness{SyncedAt: &synced}, listing.Freshness)

	clock.Advance(2 * time.Minute)
	w.server.Sweep()
	stale := realtime.Freshness{SyncedAt: &synced, Stale: true}
	assert.Equal(t, stale, c.next().freshness(t))
	assert.Equal(t, stale, s.message().freshness(t))
	listing, err = w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, stale, listing.Freshness)
	_, state = w.connect("ann")
	assert.Equal(t, stale, state.Payload.Freshness)
	back := w.dial("ann", w.since(0)) // it has missed no change, but this
	assert.Equal(t, stale, back.next().freshness(t))

	clock.Advance(time.Minute)
	again := clock.Now()
	u.syncAt(again)
	clock.Advance(time.Minute)
	w.server.Sweep()
	fresh := realtime.Freshness{SyncedAt: &again}
	assert.Equal(t, fresh, c.next().freshness(t))
	assert.Equal(t, fresh, back.next().freshness(t))
	assert.Equal(t, fresh, s.message().freshness(t))
}

// A change from Clockwork makes the next read of the freshness due.
func TestFreshnessAfterAnEvent(t *testing.T) {
	w, u, clock := aging(t)
	c, _ := w.connect("ann")
	clock.Advance(11 * time.Minute)
	w.server.Sweep()
	assert.True(t, c.next().freshness(t).Stale)
	u.syncAt(clock.Now(), clockworkTimer("ann", "ABC-1"))
	c.update(1, "cw:ann:ABC-1", realtime.Running)
	w.server.Sweep()
	assert.False(t, c.next().freshness(t).Stale, "though the clock stands still")
}

// Two days without a sync are not "never synced".
func TestFreshnessAfterDays(t *testing.T) {
	w, _, clock := aging(t)
	synced := clock.Now()
	c, _ := w.connect("ann")
	clock.Advance(50 * time.Minute) // within the life of the token
	w.server.Sweep()
	assert.Equal(t, realtime.Freshness{SyncedAt: &synced, Stale: true}, c.next().freshness(t))
	clock.Advance(48 * time.Hour)
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, realtime.Freshness{SyncedAt: &synced, Stale: true}, listing.Freshness)
}

func TestFreshnessNeverSynced(t *testing.T) {
	u := newUpstream(t)
	u.mini.FlushAll()
	w := newWorld(t, server.Options{Clockwork: u.options()})
	_, state := w.connect("ann")
	assert.Equal(t, realtime.Freshness{Stale: true}, state.Payload.Freshness)
}

// While the cache does not answer, the data becomes stale in time, and not fresh.
func TestFreshnessWithoutTheCache(t *testing.T) {
	w, u, clock := aging(t)
	synced := clock.Now()
	c, _ := w.connect("ann")
	u.mini.SetError("LOADING")
	clock.Advance(10 * time.Minute)
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.False(t, listing.Stale)
	clock.Advance(2 * time.Minute)
	w.server.Sweep()
	assert.Equal(t, realtime.Freshness{SyncedAt: &synced, Stale: true}, c.next().freshness(t))
}

// Without Clockwork there is nothing that could be stale.
func TestFreshnessWithoutClockwork(t *testing.T) {
	w := newWorld(t, server.Options{})
	c, state := w.connect("ann")
	assert.Equal(t, realtime.Freshness{}, state.Payload.Freshness)
	c.action("timer_start", "one")
	c.update(1, "one", realtime.Running)
	back := w.stream("ann", http.Header{"Last-Event-Id": {w.since(0)[len("?since="):]}})
	assert.Equal(t, "timer_updated", back.message().Event)
}
