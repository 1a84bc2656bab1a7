package app

import (
	"context"
	"time"
)

// checkSync tells how long ago a sync last worked; known is false where Redis
// does not say. Without a schedule syncs come with starts and stops, so that it
// is no fault if there was none for long.
func (d *Deps) checkSync(ctx context.Context) (c check, known bool) {
	ctx, cancel := context.WithTimeout(ctx, d.Deadlines.Check)
	defer cancel()
	began := time.Now()
	last, err := d.Timers.Freshness(ctx)
	if err != nil {
		return c, false
	}
	c = check{Status: "up", DurationMS: time.Since(began).Milliseconds()}
	switch {
	case !last.Stale:
		return c, true
	case last.SyncedAt.IsZero():
		c.Message = "No sync is known of: POST /api/timers/sync, and look at the run in Inngest."
	default:
		c.Message = "The last sync was at " + last.SyncedAt.UTC().Format(time.RFC3339) + ": look at the latest runs in Inngest."
	}
	c.Status = "stale"
	if last.Forgotten && d.Config.SyncCron != "" {
		c.Status = "down"
		if !last.SyncedAt.IsZero() {
			c.DownSince = &last.SyncedAt
		}
	}
	return c, true
}
