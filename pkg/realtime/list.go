package realtime

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Listing is the answer of GET /timers.
type Listing struct {
	Timer      *Timer    `json:"timer"`  // the running one that started last, or null
	Timers     []Timer   `json:"timers"` // all that are known, the latest start first
	ServerTime time.Time `json:"server_time"`
	Freshness
}

// NewListing lists timers.
func NewListing(timers []Timer, fresh Freshness, now time.Time) Listing {
	l := Listing{Timers: append([]Timer{}, timers...), ServerTime: now.UTC(), Freshness: fresh}
	slices.SortFunc(l.Timers, func(a, b Timer) int {
		if c := b.StartedAt.Compare(a.StartedAt); c != 0 {
			return c
		}
		return int(b.Seq - a.Seq)
	})
	if i := slices.IndexFunc(l.Timers, func(t Timer) bool { return t.Status == Running }); i >= 0 {
		l.Timer = &l.Timers[i]
	}
	return l
}

// Timers lists the user's timers. If the store may not have all that Clockwork
// has, it first looks.
func (s *Server) Timers(ctx context.Context, user string) (Listing, error) {
	room := s.hub.enter(user)
	defer func() { s.hub.leave(room, s.now()) }()
	if err := room.ensure(ctx, s.store, s.now()); err != nil {
		return Listing{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if s.clockwork != nil {
		if err := s.clockwork.reconcile(ctx, room); err != nil {
			s.log.Warn("realtime: not compared with the cache", "first_error", err)
		}
		s.clockwork.askFreshness(ctx, s.now())
	}
	state, err := s.store.Load(ctx, user)
	if err != nil {
		return Listing{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return NewListing(state.Timers, s.hub.freshness.get(), s.now()), nil
}
