package bridge

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/writes"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

const (
	compareTimeout = 10 * time.Second
	// maxComparisons bounds the load on a cache that has just come back.
	maxComparisons = 8
	// maxTries bounds the comparisons in a row while the user's timers change.
	maxTries = 3
	// afterFailure is the pause after a comparison that failed.
	afterFailure = 2 * time.Second
	// afterNothing is the first pause while there is nothing to compare with, which
	// may last a weekend. It doubles up to maxAfterNothing.
	afterNothing    = 30 * time.Second
	maxAfterNothing = 5 * time.Minute
	// maxWaiting bounds the users that wait to be compared; the next sweep finds the
	// others.
	maxWaiting = 4096
)

// missed schedules a comparison with the cache for a user whose event may have been
// lost. A user without a room is compared when they connect.
func (b *Bridge) missed(user string) {
	if r := b.hub.Find(user); r != nil {
		r.CompareAgain()
		b.queueComparison(user)
	}
}

func (b *Bridge) missedAll() {
	b.team.Changed()
	for _, r := range b.hub.Rooms() {
		b.missed(r.User)
	}
}

func (b *Bridge) queueComparison(user string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queued) < maxWaiting {
		b.queued[user] = true
	}
	select {
	case b.wake <- struct{}{}:
	default: // it is awake
	}
}

func (b *Bridge) runComparisons() {
	ctx := b.tasks.Context()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
		b.mu.Lock()
		users := b.queued
		b.queued = map[string]bool{}
		b.mu.Unlock()
		var group errgroup.Group
		group.SetLimit(maxComparisons)
		for user := range users {
			group.Go(panics.Guard(func() error {
				r := b.hub.Enter(user)
				defer b.hub.Leave(r)
				return b.compareIfDue(ctx, r)
			}))
		}
		if err := group.Wait(); err != nil && ctx.Err() == nil {
			b.tasks.Log.Warn("realtime: not compared with the cache", "first_error", err)
		}
	}
}

var (
	errChanged   = errors.New("the user's timers changed meanwhile")
	errNoSync    = errors.New("the cache knows of no sync")
	errNoSpace   = errors.New("no space for another timer of the user")
	errsExpected = []error{errNoSync, errNoSpace} // a state, not a fault
)

// compareIfDue makes the store's Clockwork timers of one user equal to the cache's.
func (b *Bridge) compareIfDue(ctx context.Context, r *fanout.Room) error {
	now, before := b.tasks.Now(), r.Comparison()
	if !before.Due(now) {
		return nil
	}
	err := b.compare(ctx, r)
	for tries := 1; errors.Is(err, errChanged) && tries < maxTries; tries++ {
		err = b.compare(ctx, r)
	}
	after := fanout.Comparison{Done: err == nil, Missed: before.Missed}
	if slices.Contains(errsExpected, err) {
		after.Pause = min(max(2*before.Pause, afterNothing), maxAfterNothing)
		after.Next, err = now.Add(after.Pause), nil
	} else if err != nil {
		after.Next = now.Add(afterFailure)
	}
	r.Compared(after)
	return err
}

func (b *Bridge) compare(ctx context.Context, r *fanout.Room) error {
	if !timer.IsAccountID(r.User) {
		return nil // the cache could take a username for an e-mail address
	}
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	if err := r.EnsureFresh(ctx); err != nil {
		return err
	}
	var seq int64
	var known []realtime.Timer
	r.Read(func(s fanout.Snapshot) {
		seq = s.Seq
		for _, t := range s.Timers {
			known = append(known, t)
		}
	})
	view, err := b.Cache.Read(ctx, timercache.Subject{AccountID: r.User})
	if err != nil {
		return err
	}
	if view.SyncedAt == nil {
		return errNoSync
	}
	// A stale view is not older than its events.
	changes, unreadable := realtime.ClockworkChanges(r.User, known, view, b.tasks.Now().UTC().Truncate(time.Millisecond))
	if unreadable != nil {
		b.tasks.Log.Error("realtime: timer in the cache left out", "error", unreadable)
	}
	return b.submitAll(ctx, seq, changes)
}

// submitAll makes the changes, one by one, unless the user's timers change meanwhile.
func (b *Bridge) submitAll(ctx context.Context, seq int64, changes []realtime.Timer) error {
	outcomes := make(chan writes.Outcome, len(changes))
	for _, t := range changes {
		if err := b.writes.Submit(writes.Write{Timer: t, IfSeq: seq, Done: func(o writes.Outcome) { outcomes <- o }}); err != nil {
			return err
		}
		select {
		case o := <-outcomes:
			switch {
			case o.Void:
				return errChanged
			case o.Refused != nil && o.Refused.Code == realtime.CodeTooMany:
				return errNoSpace
			case o.Refused != nil:
				return realtime.ErrUnavailable
			case !o.Unchanged:
				seq++
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
