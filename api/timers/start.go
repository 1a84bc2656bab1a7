package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleStart answers POST /api/timers/start: it starts a timer in Clockwork
// for the owner of the caller's token, and shows it at once.
func HandleStart(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, httpapi.Route{Method: http.MethodPost, Path: "/api/timers/start", Cost: httpapi.Upstream, Once: start})
}

type startRequest struct {
	IssueKey  string `json:"issueKey"`
	Comment   string `json:"comment"`
	AccountID string `json:"accountId"`
}

type startReply struct {
	Timer         *timer.Timer `json:"timer,omitempty"` // if its owner is known
	SyncRequested bool         `json:"syncRequested"`
	// Pending: Clockwork started it, but no screen shows it yet.
	Pending bool `json:"pending,omitempty"`
}

func start(ctx context.Context, d *app.Deps, r *httpapi.Request) (httpapi.Once, error) {
	token, err := httpapi.WriteToken(d, r.Caller)
	if err != nil {
		return httpapi.Once{}, err
	}
	var in startRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return httpapi.Once{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return httpapi.Once{}, err
	}
	key, err := httpapi.IssueKey(d, in.IssueKey)
	if err != nil {
		return httpapi.Once{}, err
	}
	comment, err := httpapi.Comment(in.Comment)
	if err != nil {
		return httpapi.Once{}, err
	}
	control := d.Control()
	ask := timercontrol.Request{AccountID: account, IssueKey: key, Comment: comment}
	return httpapi.Once{
		Payload: []string{account, key, comment},
		Read:    token.Reads(control, ask),
		Do: func(ctx context.Context, reply any, err error) (web.Reply, error) {
			ask, err := token.Request(ctx, control, ask, reply, err)
			if err != nil {
				return web.Reply{}, err
			}
			out, err := control.Start(ctx, ask)
			if err != nil {
				return web.Reply{}, token.Failed(ctx, err)
			}
			return started(out.Timer, out.SyncRequested, out.Pending), nil
		},
		Find: func(ctx context.Context) (web.Reply, bool) {
			running, found := control.Running(ctx, ask)
			return started(&running, false, false), found
		},
	}, nil
}

func started(t *timer.Timer, syncRequested, pending bool) web.Reply {
	return web.Reply{Status: http.StatusCreated, Body: startReply{t, syncRequested, pending}}
}
