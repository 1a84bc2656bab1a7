package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
)

// keep puts timers into a store, as an earlier server left them.
func keep(t *testing.T, store realtime.Store, timers ...realtime.Timer) {
	t.Helper()
	for _, timer := range timers {
		state, err := store.Load(t.Context(), timer.UserID)
		require.NoError(t, err)
		timer.Seq = state.Seq + 1
		made, err := store.Commit(t.Context(), []realtime.Change{{User: timer.UserID, After: state.Seq, Events: []realtime.Event{realtime.NewEvent(timer)}}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, made)
	}
}

func kept(account, issue string) realtime.Timer {
	at := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	return realtime.Timer{ID: "cw:" + account + ":" + issue, UserID: account, Status: realtime.Running, StartedAt: at, UpdatedAt: at,
		IssueKey: issue, Summary: "Sum", Source: realtime.SourceClockwork}
}

// await reads messages until the timers are as wanted.
func (c *client) await(want map[string]realtime.Status) {
	c.t.Helper()
	missing := len(want)
	for missing > 0 {
		m := c.next()
		got := m.Payload.Timers
		if m.Event == "timer_updated" {
			got = []realtime.Timer{m.Payload.Timer}
		}
		for _, timer := range got {
			if want[timer.ID] == timer.Status {
				delete(want, timer.ID)
			}
		}
		missing = len(want)
	}
}

// An event for a user who is not connected does not replace the comparison.
func TestComparedAlsoWhereAnEventCameFirst(t *testing.T) {
	u := newUpstream(t)
	u.sync(clockworkTimer("ann", "ABC-1"))
	w := newWorld(t, server.Options{Clockwork: u.options()})
	u.listening(1)
	u.started("ann", "ABC-2")
	require.Eventually(t, func() bool {
		state, err := w.store.Load(t.Context(), "ann")
		return err == nil && len(state.Timers) == 1
	}, patience, time.Millisecond)
	w.dial("ann", "").await(map[string]realtime.Status{"cw:ann:ABC-1": realtime.Running, "cw:ann:ABC-2": realtime.Running})
}

// A comparison continues after a timer that has not changed.
func TestComparedTimers(t *testing.T) {
	u, store := newUpstream(t), memoryStore(t)
	edited, unknown := kept("ann", "ABC-1"), kept("ann", "ABC-2")
	edited.Comment = "taken away since"
	keep(t, store, edited, unknown, kept("ann", "ABC-3"))
	now := clockworkTimer("ann", "ABC-1")
	withoutSummary := clockworkTimer("ann", "ABC-2")
	now.StartedAt, withoutSummary.StartedAt, withoutSummary.Issue.Summary = edited.StartedAt, unknown.StartedAt, ""
	u.sync(now, withoutSummary)
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options()})
	u.listening(1)
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	got := map[string]realtime.Timer{}
	for _, timer := range listing.Timers {
		got[timer.IssueKey] = timer
	}
	assert.Equal(t, realtime.Running, got["ABC-1"].Status)
	assert.Empty(t, got["ABC-1"].Comment)
	assert.Equal(t, "Sum", got["ABC-2"].Summary, "an unknown summary does not replace a known one")
	assert.Equal(t, realtime.Stopped, got["ABC-3"].Status)
}

// A stale cache also knows what the functions stopped.
func TestComparedWithAStaleCache(t *testing.T) {
	u, store := newUpstream(t), memoryStore(t)
	keep(t, store, kept("ann", "ABC-1"))
	u.syncAt(time.Now().Add(-time.Hour))
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options()})
	w.dial("ann", "").await(map[string]realtime.Status{"cw:ann:ABC-1": realtime.Stopped})
}

// A user who connected before the first sync is compared after it.
func TestComparedOnceThereWasASync(t *testing.T) {
	u, store, clock := newUpstream(t), memoryStore(t), manualclock.New(time.Now())
	u.mini.FlushAll()
	keep(t, store, kept("ann", "ABC-1"))
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options(), Now: clock.Now})
	u.listening(1)
	c := u.connect("ann", w)[0]
	u.sync()
	clock.Advance(time.Minute)
	w.server.Sweep()
	c.await(map[string]realtime.Status{"cw:ann:ABC-1": realtime.Stopped})
}

// A timer for which there is no space is left out, and added once there is.
func TestComparedWithoutAPlace(t *testing.T) {
	u, store, clock := newUpstream(t), memoryStore(t), manualclock.New(time.Now())
	for n := range realtime.MaxTimers {
		own := kept("ann", "ABC-1")
		own.ID, own.Source, own.IssueKey = fmt.Sprintf("own-%d", n), realtime.SourceClient, ""
		keep(t, store, own)
	}
	u.sync(clockworkTimer("ann", "ABC-1"))
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options(), Now: clock.Now})
	u.listening(1)
	c := u.connect("ann", w)[0]
	c.action("timer_stop", "own-0")
	c.await(map[string]realtime.Status{"own-0": realtime.Stopped})
	clock.Advance(time.Minute)
	w.server.Sweep()
	c.await(map[string]realtime.Status{"cw:ann:ABC-1": realtime.Running})
	u.mu.Lock()
	defer u.mu.Unlock()
	assert.LessOrEqual(t, u.compared["ann"], 4, "the cache was asked too often")
}

// A stopped timer frees its space for one that runs.
func TestComparedWithAPlaceThatIsFreed(t *testing.T) {
	u, store := newUpstream(t), memoryStore(t)
	keep(t, store, kept("ann", "ABC-1"))
	for n := range realtime.MaxTimers - 1 {
		own := kept("ann", "ABC-1")
		own.ID, own.Source, own.IssueKey = fmt.Sprintf("own-%d", n), realtime.SourceClient, ""
		keep(t, store, own)
	}
	u.sync(clockworkTimer("ann", "ABC-2"))
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options()})
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	assert.Len(t, listing.Timers, realtime.MaxTimers)
	assert.Equal(t, "cw:ann:ABC-2", listing.Timer.ID)
}

// A username is not mistaken for somebody's e-mail address.
func TestUsernamesAreNotCompared(t *testing.T) {
	u := newUpstream(t)
	theirs := clockworkTimer("boss", "ABC-1")
	theirs.Author.EmailAddress = "boss@example.test"
	u.sync(theirs)
	w := newWorld(t, server.Options{Clockwork: u.options()})
	listing, err := w.server.Timers(t.Context(), "boss@example.test")
	require.NoError(t, err)
	assert.Empty(t, listing.Timers)
}
