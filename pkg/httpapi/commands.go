package httpapi

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// AdmitCommand counts a start or stop that comes over a WebSocket with the caller's
// other writes. The error is a *ratelimit.Exceeded.
func AdmitCommand(ctx context.Context, d *app.Deps, who auth.Caller) error {
	pass, err := d.Limits.Admit(ratelimit.Claim{Policy: &ratelimit.Writes, Kind: "user", Value: who.UserID, Shared: true})
	if err != nil {
		return err
	}
	return pass.Ask(ctx)
}

// ExplainCommand returns the code and the message for an error of such a command.
func ExplainCommand(err error) (code, message string) {
	known := errorFor(err, context.Background())
	return known.Code, known.Message
}
