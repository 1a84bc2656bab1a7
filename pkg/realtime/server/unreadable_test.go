package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// unreadable are timers that no store could read again.
var unreadable = map[string]string{
	"year-10000":     `{"id":"cw:ann:ABC-1","user_id":"ann","issue_key":"ABC-1","status":"running","started_at":"9999-12-31T23:59:59-01:00","updated_at":"2026-05-04T09:00:00Z"}`,
	"year-minus-one": `{"id":"cw:ann:ABC-1","user_id":"ann","issue_key":"ABC-1","status":"running","started_at":"2026-05-04T09:00:00Z","updated_at":"0000-01-01T00:00:00+01:00"}`,
	"odd-status":     `{"id":"cw:ann:ABC-1","user_id":"ann","issue_key":"ABC-1","status":"paused","started_at":"2026-05-04T09:00:00Z","updated_at":"2026-05-04T09:00:00Z"}`,
	"of-nobody":      `{"id":"cw::ABC-1","issue_key":"ABC-1","status":"running","started_at":"2026-05-04T09:00:00Z","updated_at":"2026-05-04T09:00:00Z"}`,
	"no-timer":       `[]`,
	"null":           `null`,
}

// A published event that cannot be stored affects neither the user it names, nor others,
// nor the next start of the server.
func TestUnreadableEvents(t *testing.T) {
	u := newUpstream(t)
	url := "sqlite://" + filepath.Join(t.TempDir(), "timers.db")
	open := func() *sqlitestore.Store {
		s, err := sqlitestore.Open(t.Context(), url, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		return s
	}
	store := open()
	w := newWorld(t, server.Options{Store: store, Clockwork: u.options()})
	u.listening(1)
	c := u.connect("ann", w)[0]
	for name, timer := range unreadable {
		_, err := u.redis.Do(t.Context(), "PUBLISH", "clockwork:events:ann", fmt.Sprintf(`{"event":"timer_updated","payload":%s}`, timer))
		require.NoError(t, err, name)
	}
	u.started("ann", "ABC-2")
	c.action("timer_start", "own")
	// Each of them causes a comparison with the cache, so a start may arrive twice.
	for seen := map[string]bool{}; !seen["cw:ann:ABC-2"] || !seen["own"]; {
		m := c.next()
		require.Equal(t, "timer_updated", m.Event)
		assert.Equal(t, realtime.Running, m.Payload.Status)
		seen[m.Payload.ID] = true
	}
	_ = c.ws.CloseNow()
	require.NoError(t, w.server.Close(context.WithoutCancel(t.Context())))
	require.NoError(t, store.Close())
	store = open()
	defer store.Close()
	state, err := store.Load(t.Context(), "ann")
	require.NoError(t, err)
	assert.NoError(t, state.Unreadable)
	assert.Len(t, state.Timers, 2)
	assert.GreaterOrEqual(t, len(state.Recent), 2)
}

// running is a cache in which these timers run.
type running []timer.Timer

func (r running) Read(context.Context, timercache.Subject) (timercache.View, error) {
	return timercache.View{Status: timercache.Status{SyncedAt: new(time.Now())}, Timers: r}, nil
}

func (running) Freshness(context.Context) (timercache.Freshness, error) {
	return timercache.Freshness{SyncedAt: time.Now()}, nil
}

// A timer in the cache that cannot be stored does not hide the user's others.
func TestUnreadableTimerInTheCache(t *testing.T) {
	odd := clockworkTimer("ann", "ABC-1")
	odd.StartedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))
	options := newUpstream(t).options()
	options.Cache = running{odd, clockworkTimer("ann", "ABC-2")}
	w := newWorld(t, server.Options{Clockwork: options})
	listing, err := w.server.Timers(t.Context(), "ann")
	require.NoError(t, err)
	require.Len(t, listing.Timers, 1)
	assert.Equal(t, "cw:ann:ABC-2", listing.Timers[0].ID)
}

// What an instance does not understand of an announcement it reads from the store, and
// later announcements are received.
func TestUnreadableAnnouncement(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(t, server.Options{Store: redisStore(t, mini.Addr())})
	c, _ := w.connect("ann")
	require.Eventually(t, func() bool { return mini.PubSubNumPat() == 1 }, patience, time.Millisecond)
	other := redisStore(t, mini.Addr())
	commit := func(seq int64, id, announcement string) {
		e := realtime.NewEvent(realtime.Timer{ID: id, UserID: "ann", Status: realtime.Running, StartedAt: time.Now(), UpdatedAt: time.Now(), Seq: w.epoch + seq, Source: realtime.SourceClient})
		if announcement == "" {
			announcement = fmt.Sprintf(`{"last":%d,"timers":[%s]}`, w.epoch+seq, e.JSON)
		}
		made, err := other.Commit(t.Context(), []realtime.Change{{User: "ann", After: w.epoch + seq - 1, Events: []realtime.Event{e}, Announcement: announcement}})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, made)
	}
	var seq int64
	for name, text := range map[string]string{"no-json": "{", "another-form": `{"last":9e18,"timers":{}}`, "a-timer-of-a-later-version": fmt.Sprintf(`{"last":%d,"timers":[{"id":7}]}`, w.epoch+100)} {
		seq++
		commit(seq, name, text)
		c.update(seq, name, realtime.Running)
	}
	seq++
	commit(seq, "readable", "")
	c.update(seq, "readable", realtime.Running)

	// Nobody waits for what precedes a seq in the far future.
	mini.Publish("clockwork:realtime:ann", fmt.Sprintf(`{"last":9007199254740991,"timers":[%s]}`,
		realtime.NewEvent(realtime.Timer{ID: "far", UserID: "ann", Status: realtime.Running, Seq: 9007199254740991}).JSON))
	seq++
	commit(seq, "near", "")
	c.update(seq, "near", realtime.Running)
}
