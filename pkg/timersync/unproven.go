package timersync

import (
	"context"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
)

// undecided are the cached timers that the reading could not decide, as of a moment. A
// new timer of the same person on the same issue replaces the cached one.
func undecided(base timercache.Base, read timersource.Snapshot, at time.Time) []timer.Timer {
	if len(read.Unproven) == 0 {
		return nil
	}
	known := base.At(at)
	return slices.DeleteFunc(known, func(t timer.Timer) bool {
		sameWork := func(other timer.Timer) bool { return other.RunningFor == t.RunningFor && other.Issue.Same(t.Issue) }
		isUnproven := func(u timer.Timer) bool { return u.ID == t.ID && sameWork(u) }
		return !slices.ContainsFunc(read.Unproven, isUnproven) || slices.ContainsFunc(read.Timers, sameWork)
	})
}

// logUncertain logs what the reading left open.
func (s *Syncer) logUncertain(ctx context.Context, read timersource.Snapshot) {
	if len(read.Unreadable) > 0 {
		first := read.Unreadable[0]
		s.Log.WarnContext(ctx, "unreadable timers left out", "unreadable", len(read.Unreadable), "first_id", first.ID, "error", first.Err)
	}
	if len(read.Unproven) > 0 {
		s.Log.WarnContext(ctx, "timers kept that may have stopped", "kept", len(read.Unproven), "listed", len(read.Timers))
	}
}
