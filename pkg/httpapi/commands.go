package httpapi

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// A start or stop in Clockwork that comes over a WebSocket is held to what one
// over HTTP is held to.

// AdmitCommand counts it with the caller's other writes, and is an error if there
// were too many.
func AdmitCommand(ctx context.Context, d *app.Deps, who auth.Caller) error {
	pass, err := d.Limits.Admit(ratelimit.Claim{Policy: &ratelimit.Writes, Kind: "user", Value: who.UserID, Shared: true})
	if err != nil {
		return err
	}
	return pass.Ask(ctx)
}

// ExplainCommand gives the code and the sentence that the caller is told of its
// error.
func ExplainCommand(who auth.Caller, err error) (code, message string) {
	known := errorFor(clockworkError(who, err), context.Background())
	return known.Code, known.Message
}
