package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleIndex answers GET /timers and POST /api/timers/sync.
func HandleIndex(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, indexRoutes...)
}

var indexRoutes = []httpapi.Route{
	{Method: http.MethodGet, Path: "/timers", Auth: httpapi.Login, ReadsTimers: true, Handle: listTimers},
	{Method: http.MethodGet, Path: "/api/timers", Auth: httpapi.Login, ReadsTimers: true, Handle: listTimers},
	{Method: http.MethodPost, Path: "/api/timers/sync", Cost: httpapi.Upstream, Handle: requestSync},
}

// listTimers gives the timers of the token's user, as realtime clients see them.
func listTimers(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	listing, err := d.Live.Timers(ctx, realtime.UserOf(r.Caller))
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(listing), nil
}

type syncRequest struct {
	AccountID string `json:"accountId"`
}

type syncReply struct {
	SyncRequested bool `json:"syncRequested"`
}

// requestSync requests a snapshot now.
func requestSync(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	var in syncRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return web.Reply{}, err
	}
	if err := d.RequestSyncOnce(ctx, account); err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Status: http.StatusAccepted, Body: syncReply{true}}, nil
}
