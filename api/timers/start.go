package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/syncevent"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleStart answers POST /api/timers/start: it starts a timer in Clockwork
// for the owner of the caller's token, and shows it at once.
func HandleStart(w http.ResponseWriter, r *http.Request) {
	app.ServeWrite(w, r, http.MethodPost, start)
}

type startRequest struct {
	IssueKey  string `json:"issueKey"`
	Comment   string `json:"comment"`
	AccountID string `json:"accountId"`
}

type startReply struct {
	Timer         *timer.Timer `json:"timer,omitempty"` // where it is known whose it is
	SyncRequested bool         `json:"syncRequested"`
}

func start(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	token, err := r.Caller.WriteToken(d.Config.Clockwork)
	if err != nil {
		return web.Reply{}, err
	}
	var in startRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return web.Reply{}, err
	}
	key, err := d.IssueKey(in.IssueKey)
	if err != nil {
		return web.Reply{}, err
	}
	comment, err := app.Comment(in.Comment)
	if err != nil {
		return web.Reply{}, err
	}
	control := d.Control(syncevent.Sender(d))
	ask := timercontrol.Request{Token: token, AccountID: account, IssueKey: key, Comment: comment}
	return d.Once(ctx, r, app.Once{
		Payload: []string{account, key, comment},
		Do: func(ctx context.Context) (web.Reply, error) {
			out, err := control.Start(ctx, ask)
			if err != nil {
				return web.Reply{}, r.ClockworkError(err)
			}
			return started(out.Timer, out.SyncRequested), nil
		},
		Find: func(ctx context.Context) (web.Reply, bool) {
			running, found := control.Running(ctx, ask)
			return started(&running, false), found
		},
	})
}

func started(t *timer.Timer, syncRequested bool) web.Reply {
	return web.Reply{Status: http.StatusCreated, Body: startReply{t, syncRequested}}
}
