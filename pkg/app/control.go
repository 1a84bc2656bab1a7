package app

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// Control starts and stops timers.
func (d *Deps) Control() *timercontrol.Control {
	return &timercontrol.Control{Clockwork: d.Clockwork, Names: d.Names, Owners: d.Owners, Cache: d.Timers,
		RequestSync: d.RequestSync, NamesTimeout: d.Deadlines.Names, Now: d.Now, Log: d.Log}
}

// RequestSyncOnce requests a sync, unless one is about to begin that will see
// whatever this caller has changed.
func (d *Deps) RequestSyncOnce(ctx context.Context, accountID string) error {
	return timersync.RequestOnce(ctx, d.Redis, func(ctx context.Context) error { return d.RequestSync(ctx, accountID) })
}
