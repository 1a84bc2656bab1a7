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
	// StopOthers asks for a switch: the account's other timers are stopped first.
	StopOthers bool `json:"stopOthers"`
}

type startReply struct {
	Timer         *timer.Timer `json:"timer,omitempty"` // if its owner is known
	SyncRequested bool         `json:"syncRequested"`
	// Pending: Clockwork started it, but no screen shows it yet.
	Pending bool `json:"pending,omitempty"`
	// Stopped lists the issues whose timers a switch stopped.
	Stopped []string `json:"stopped,omitempty"`
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
	ask := timercontrol.Request{AccountID: account, Claimed: !r.Caller.Known || account != r.Caller.AccountID, IssueKey: key, Comment: comment}
	begin, payload := control.Start, []string{account, key, comment}
	if in.StopOthers {
		begin, payload = control.Switch, append(payload, "stopOthers")
	}
	return httpapi.Once{
		Payload: payload,
		Read:    token.Read(control, ask),
		Do: func(ctx context.Context, reply any, err error) (web.Reply, error) {
			ask, err := token.Request(ctx, ask, reply, err)
			if err != nil {
				return web.Reply{}, err
			}
			out, err := begin(ctx, ask)
			if err != nil {
				return web.Reply{}, token.Failed(ctx, err)
			}
			return started(startReply{out.Timer, out.SyncRequested, out.Pending, out.Others}), nil
		},
		Find: func(ctx context.Context) (web.Reply, bool) {
			ask.Token = token.Value // which says whose timer it is if no account is named
			running, found := control.Running(ctx, ask)
			return started(startReply{Timer: &running}), found
		},
	}, nil
}

func started(reply startReply) web.Reply {
	return web.Reply{Status: http.StatusCreated, Body: reply}
}
