package live

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// traced is a Control whose calls of Clockwork are traced, although they belong to no
// HTTP request.
type traced struct {
	bridge.Control
	telemetry *telemetry.Telemetry
}

func (c traced) Start(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error) {
	return c.Control.Start(telemetry.With(ctx, c.telemetry), r)
}

func (c traced) Stop(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error) {
	return c.Control.Stop(telemetry.With(ctx, c.telemetry), r)
}
