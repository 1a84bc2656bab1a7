package timers

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleIndex answers GET /timers: the current state of the token's user, as
// realtime clients see it.
func HandleIndex(w http.ResponseWriter, r *http.Request) {
	app.ServeToken(w, r, http.MethodGet, index)
}

type indexReply struct {
	Timer      *app.LiveTimer  `json:"timer"` // the running one that started last
	Timers     []app.LiveTimer `json:"timers"`
	ServerTime time.Time       `json:"server_time"`
}

func index(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	timers, err := d.Live.List(ctx, r.Caller.UserID)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(indexReply{app.CurrentTimer(timers), timers, d.Now().UTC().Truncate(time.Millisecond)}), nil
}
