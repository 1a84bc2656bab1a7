package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/syncevent"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleSync answers POST /api/timers/sync: it asks for a snapshot now.
func HandleSync(w http.ResponseWriter, r *http.Request) {
	app.ServeCostly(w, r, http.MethodPost, sync)
}

type syncRequest struct {
	AccountID string `json:"accountId"`
}

type syncReply struct {
	SyncRequested bool `json:"syncRequested"`
}

func sync(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	var in syncRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return web.Reply{}, err
	}
	if err := d.RequestSyncOnce(ctx, account, syncevent.Sender(d)); err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Status: http.StatusAccepted, Body: syncReply{true}}, nil
}
