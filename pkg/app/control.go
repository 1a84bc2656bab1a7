package app

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/timersync"
)

// Control starts and stops timers; request sends the sync event, unless the
// process runs the sync itself.
func (d *Deps) Control(request func(ctx context.Context, accountID string) error) *timercontrol.Control {
	return &timercontrol.Control{Clockwork: d.Clockwork, Names: d.Names, Owners: d.Owners, Cache: d.Timers,
		RequestSync: request, NamesTimeout: d.Deadlines.Names, Now: d.Now, Log: d.Log}
}

// RequestSyncOnce requests a sync, unless one is about to begin that will see
// whatever this caller has changed. A process that runs the sync itself knows
// better.
func (d *Deps) RequestSyncOnce(ctx context.Context, accountID string, request func(ctx context.Context, accountID string) error) error {
	if d.RequestSync != nil {
		return d.RequestSync(ctx, accountID)
	}
	return timersync.RequestOnce(ctx, d.Redis, func(ctx context.Context) error { return request(ctx, accountID) })
}
