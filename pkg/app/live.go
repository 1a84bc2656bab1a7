package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// LiveTimers lists one user's timers as realtime clients see them. A process
// that runs a realtime server uses that; see (*server.Server).Timers.
type LiveTimers interface {
	Timers(ctx context.Context, user string) (realtime.Listing, error)
}

// sharedTimers lists what a process without a realtime server can know: what is in
// Redis. Clockwork's timers come from the cache, which does not depend on a realtime
// server; the others come from the realtime store, if that is in Redis too.
type sharedTimers struct {
	store realtime.Store // nil if it is not in Redis
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
	now := s.now().Truncate(time.Millisecond)
	var state realtime.State
	if s.store != nil {
		var err error
		if state, err = s.store.Load(ctx, user); err != nil {
			return realtime.Listing{}, errors.Join(timercache.ErrUnavailable, err)
		}
	}
	if !timer.IsAccountID(user) || user == "all" {
		// A username, which the cache could mistake for "all" or an e-mail address.
		return realtime.NewListing(state.Timers, realtime.Freshness{}, now), nil
	}
	view, err := s.cache.Read(ctx, timercache.Subject{AccountID: user})
	if err != nil {
		return realtime.Listing{}, err
	}
	fresh := realtime.Freshness{SyncedAt: view.SyncedAt, Stale: view.Stale || view.SyncedAt == nil}
	return realtime.NewListing(overlay(state.Timers, user, view), fresh, now), nil
}

// overlay replaces the Clockwork timers among known by those of the view. One that is
// not in the view has stopped, unless nothing was ever synced.
func overlay(known []realtime.Timer, account string, view timercache.View) []realtime.Timer {
	var at time.Time // of the snapshot, so that the same cache gives the same answer
	if view.SyncedAt != nil {
		at = view.SyncedAt.UTC()
	}
	timers := slices.Clone(known)
	changes, _ := realtime.ClockworkChanges(account, known, view, at)
	for _, t := range changes {
		if t.Status == realtime.Stopped && view.SyncedAt == nil {
			continue
		}
		if t.UpdatedAt.Before(t.StartedAt) {
			t.UpdatedAt = t.StartedAt // since the snapshot, or before the first one
		}
		if i := slices.IndexFunc(timers, func(old realtime.Timer) bool { return old.ID == t.ID }); i >= 0 {
			timers[i] = t
		} else {
			timers = append(timers, t)
		}
	}
	return timers
}
