package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleIndex answers GET /timers: the current state of the token's user, as
// realtime clients see it.
func HandleIndex(w http.ResponseWriter, r *http.Request) {
	app.ServeToken(w, r, http.MethodGet, index)
}

func index(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	listing, err := d.Live.Timers(ctx, realtime.UserOf(r.Caller))
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(listing), nil
}
