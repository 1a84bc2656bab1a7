package app

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// Control starts and stops timers; request sends the sync event, unless the
// process runs the sync itself.
func (d *Deps) Control(request func(ctx context.Context, accountID string) error) *timercontrol.Control {
	return &timercontrol.Control{Clockwork: d.Clockwork, Names: d.Names, Owners: d.Owners, Cache: d.Timers,
		RequestSync: request, NamesTimeout: d.Deadlines.Names, Now: d.Now, Log: d.Log}
}
