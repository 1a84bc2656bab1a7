package live

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// told is a Control whose calls of Clockwork are told of, though they belong to
// no HTTP request.
type told struct {
	realtime.Control
	telemetry *telemetry.Telemetry
}

func (c told) Start(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error) {
	return c.Control.Start(telemetry.With(ctx, c.telemetry), r)
}

func (c told) Stop(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error) {
	return c.Control.Stop(telemetry.With(ctx, c.telemetry), r)
}
