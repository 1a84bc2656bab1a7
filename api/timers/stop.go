package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/syncevent"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleStop answers POST /api/timers/stop: it stops a timer of the token's
// owner in Clockwork, and hides it at once. It is safe to repeat.
func HandleStop(w http.ResponseWriter, r *http.Request) {
	app.ServeWrite(w, r, http.MethodPost, stop)
}

type stopRequest struct {
	IssueKey  string      `json:"issueKey"`
	AccountID string      `json:"accountId"`
	TimerID   app.TimerID `json:"timerId"`
}

type stopReply struct {
	Stopped       bool `json:"stopped"`
	SyncRequested bool `json:"syncRequested"`
}

func stop(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	token, err := r.Caller.WriteToken(d.Config.Clockwork)
	if err != nil {
		return web.Reply{}, err
	}
	var in stopRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return web.Reply{}, err
	}
	key := ""
	if in.IssueKey != "" {
		if key, err = d.ListedKey(in.IssueKey); err != nil {
			return web.Reply{}, err
		}
	}
	ask := timercontrol.Request{Token: token, AccountID: account, Claimed: !r.Caller.Known || account != r.Caller.AccountID,
		IssueKey: key, TimerID: int64(in.TimerID)}
	return d.Once(ctx, r, app.Once{
		Payload: []any{account, key, in.TimerID},
		// A timer stops once. Without a name, the next time may find another.
		Repeatable: key != "" || in.TimerID != 0,
		Do: func(ctx context.Context) (web.Reply, error) {
			out, err := d.Control(syncevent.Sender(d)).Stop(ctx, ask)
			if err != nil {
				return web.Reply{}, r.ClockworkError(err)
			}
			return web.OK(stopReply{out.Stopped, out.SyncRequested}), nil
		},
	})
}
