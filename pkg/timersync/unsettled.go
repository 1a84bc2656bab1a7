package timersync

import (
	"context"
	"errors"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// errUnsettled means that the list changed during each reading and nothing is
// known to fill its gaps. Trying again helps.
var errUnsettled = errors.New("the list of timers kept changing while its pages were read")

// fillGaps adds to an unsettled reading the timers that the cache shows and
// the reading lacks: one that moved to a page already read looks like one that
// stopped. So such a reading adds and edits, but takes nothing away; what it
// shows too long is gone with the next reading that settles. A timer that is on
// the list anew, of the same person on the same issue, replaces the known one.
func (s *Syncer) fillGaps(ctx context.Context, base timercache.Base, snapshot *timercache.Snapshot) error {
	known, ok := base.At(snapshot.CachedAt)
	if !ok {
		return errUnsettled
	}
	type work struct{ account, issue string }
	listed, ids := map[work]bool{}, map[int64]bool{}
	for _, t := range snapshot.Timers {
		listed[work{t.RunningFor, t.Issue.Key}], ids[t.ID] = true, true
	}
	var kept []timer.Timer
	for _, t := range known {
		if !ids[t.ID] && !listed[work{t.RunningFor, t.Issue.Key}] {
			kept = append(kept, t)
		}
	}
	snapshot.Timers = append(snapshot.Timers, kept...)
	s.Log.WarnContext(ctx, "the list of timers did not settle", "listed", len(ids), "kept", len(kept))
	return nil
}
