package server_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// The clients' tests hold their clocks to the same file.
func TestCounted(t *testing.T) {
	text, err := os.ReadFile("../testdata/counted.json")
	require.NoError(t, err)
	var vectors []struct {
		Name string
		realtime.Timer
		Now     time.Time
		Counted int64
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			assert.Equal(t, v.Counted, int64(v.Timer.Counted(v.Now)/time.Second))
		})
	}
}

// A timer that Clockwork knows nothing of counts all the time since its start.
func TestClientsOwnTimerCountsByTheClock(t *testing.T) {
	begun, err := time.Parse(time.RFC3339, startedAt)
	require.NoError(t, err)
	clock := manualclock.New(begun.Add(90*time.Minute + 500*time.Millisecond))
	w := newWorld(t, server.Options{Now: clock.Now})
	c, _ := w.connect("ann")
	c.action("timer_start", "mine")
	m := c.update(1, "mine", realtime.Running)
	assert.False(t, m.Payload.OnHold)
	assert.Equal(t, clock.Now().Sub(begun), m.Payload.Counted(clock.Now()))
	clock.Advance(time.Hour)
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, clock.Now().Sub(begun), listing.Timer.Counted(clock.Now()))

	c.action("timer_stop", "mine")
	m = c.update(2, "mine", realtime.Stopped)
	clock.Advance(time.Hour)
	assert.Equal(t, 150*time.Minute, m.Payload.Counted(clock.Now()))
	c.action("timer_stop", "mine")
	c.update(2, "mine", realtime.Stopped) // as it was: the stop that comes again is no change
}

// worked is a timer of which Clockwork has counted so much.
func worked(account, issue string, onHold bool, seconds int64) timer.Timer {
	t := clockworkTimer(account, issue)
	t.StartedAt = time.Now().UTC().Truncate(time.Second).Add(-9 * time.Hour)
	t.WithinWorkingHours, t.TillNow = !onHold, seconds
	return t
}

// On every channel a timer says what Clockwork has counted and
// not how long ago it started.
func TestClockworksCountArrives(t *testing.T) {
	u := newUpstream(t)
	u.sync(worked("ann", "ABC-1", true, 5700))
	w := newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(1)
	assertCount := func(how string, got realtime.Timer, onHold bool, want time.Duration) {
		t.Helper()
		assert.Equal(t, onHold, got.OnHold, how)
		assert.InDelta(t, want.Seconds(), got.Counted(time.Now()).Seconds(), 60, how) // the machine may pause
	}
	listing, err := w.server.Timers(t.Context(), "ann") // by comparison with the cache
	require.NoError(t, err)
	assertCount("listing", *listing.Timer, true, 5700*time.Second)
	c, state := w.connect("ann")
	assertCount("state", state.Payload.Timers[0], true, 5700*time.Second)
	s := w.stream("ann", nil)
	s.next()

	u.sync(worked("ann", "ABC-1", false, 5701))
	assertCount("event", c.update(2, "cw:ann:ABC-1", realtime.Running).Payload.Timer, false, 5701*time.Second)
	assertCount("stream", s.message().Payload.Timer, false, 5701*time.Second)
	u.sync(worked("ann", "ABC-1", false, 7200)) // edited by hand
	assertCount("edit", c.update(3, "cw:ann:ABC-1", realtime.Running).Payload.Timer, false, 2*time.Hour)
	u.sync()
	assertCount("stop", c.update(4, "cw:ann:ABC-1", realtime.Stopped).Payload.Timer, false, 2*time.Hour)
}

// A store from before timers said what was counted, or one that missed a change
// of it, gets it from the cache.
func TestCountIsCompared(t *testing.T) {
	u := newUpstream(t)
	store := memoryStore(t)
	old := kept("ann", "ABC-1")
	old.CountByClock()
	keep(t, store, old)
	now := worked("ann", "ABC-1", false, 600)
	now.StartedAt = old.StartedAt
	u.sync(now)
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options()})
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.InDelta(t, 600, listing.Timer.Counted(time.Now()).Seconds(), 60)
}
