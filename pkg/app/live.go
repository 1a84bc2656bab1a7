package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// LiveTimers lists one user's timers as realtime clients see them. A process
// that runs a realtime server uses that; see (*realtime.Server).Timers.
type LiveTimers interface {
	Timers(ctx context.Context, user string) (realtime.Listing, error)
}

// sharedTimers lists what a process without a realtime server can know: what is
// in Redis. Clockwork's timers are taken from the cache, which is right also
// where no realtime server has looked; the others are those of the realtime
// store, where it is in Redis too.
type sharedTimers struct {
	store realtime.Store // nil where it is elsewhere
	cache *timercache.Cache
	now   func() time.Time
}

func (d *Deps) newLiveTimers() LiveTimers {
	shared := sharedTimers{cache: d.Timers, now: d.Now}
	if d.Config.DatabaseURL == "redis" {
		shared.store = redisstore.New(d.Redis)
	}
	return shared
}

func (s sharedTimers) Timers(ctx context.Context, user string) (realtime.Listing, error) {
	return realtime.List(ctx, s, user, s.now().Truncate(time.Millisecond))
}

// Load reads both.
func (s sharedTimers) Load(ctx context.Context, user string) (state realtime.State, err error) {
	if s.store != nil {
		if state, err = s.store.Load(ctx, user); err != nil {
			return state, errors.Join(timercache.ErrUnavailable, err)
		}
	}
	if !accountIDForm.MatchString(user) || user == "all" {
		return state, nil // a username, which the cache could take for everybody or an e-mail address
	}
	view, err := s.cache.Read(ctx, timercache.Subject{AccountID: user})
	if err != nil {
		return state, err
	}
	state.Timers = overlay(state.Timers, user, view)
	return state, nil
}

// Commit is not for one who only reads.
func (sharedTimers) Commit(context.Context, []realtime.Change) ([]bool, error) {
	return nil, errors.ErrUnsupported
}

// overlay makes the Clockwork timers among known those that the view has. What
// is not in a fresh one has stopped.
func overlay(known []realtime.Timer, account string, view timercache.View) []realtime.Timer {
	running := map[string]realtime.Timer{}
	for _, t := range view.Timers { // newest first
		live := liveTimer(account, t, view.SyncedAt)
		if _, newer := running[live.ID]; !newer {
			running[live.ID] = live
		}
	}
	var timers []realtime.Timer
	for _, t := range known {
		live, runs := running[t.ID]
		switch {
		case !strings.HasPrefix(t.ID, liveTimerID(account, "")):
		case runs && t.Status == realtime.Running && t.StartedAt.Sub(live.StartedAt).Abs() <= sameStart:
			delete(running, t.ID) // as its clients were told
		case runs:
			continue
		case t.Status == realtime.Running && view.SyncedAt != nil && !view.Stale:
			t.Status, t.UpdatedAt = realtime.Stopped, view.SyncedAt.UTC()
		}
		timers = append(timers, t)
	}
	for _, live := range running {
		timers = append(timers, live)
	}
	return timers
}

// sameStart is how far two starts of one timer may be apart: the first is our
// clock's until Clockwork's comes.
const sameStart = 2 * time.Second

func liveTimerID(account, issueKey string) string { return "cw:" + account + ":" + issueKey }

// liveTimer has no seq: no message told of it.
func liveTimer(account string, t timer.Timer, syncedAt *time.Time) realtime.Timer {
	live := realtime.Timer{ID: liveTimerID(account, t.Issue.Key), UserID: account, Status: realtime.Running,
		StartedAt: t.StartedAt.UTC(), UpdatedAt: t.StartedAt.UTC(),
		IssueKey: t.Issue.Key, Summary: t.Issue.Summary, OnHold: !t.WithinWorkingHours, Source: realtime.SourceClockwork}
	if syncedAt != nil && syncedAt.After(live.UpdatedAt) {
		live.UpdatedAt = syncedAt.UTC()
	}
	if t.Comment != nil {
		live.Comment = *t.Comment
	}
	return live
}
