package account

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/credential"
)

// announceEnd asks the realtime servers to close the connections of sessions or
// personal tokens that have ended. Without an answer of Redis they close when the
// access token expires.
func announceEnd(ctx context.Context, d *app.Deps, user string, ids ...string) {
	if len(ids) == 0 {
		return
	}
	if err := credential.PublishEnded(ctx, d.Redis, user, ids); err != nil {
		d.Log.WarnContext(ctx, "end of sessions not announced", "error", err)
	}
}
