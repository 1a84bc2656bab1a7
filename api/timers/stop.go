package timers

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleStop answers POST /api/timers/stop: it stops a timer of the token's
// owner in Clockwork, and hides it at once. It is safe to repeat.
func HandleStop(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, httpapi.Route{Method: http.MethodPost, Path: "/api/timers/stop", Cost: httpapi.Upstream, Once: stop})
}

type stopRequest struct {
	IssueKey  string          `json:"issueKey"`
	AccountID string          `json:"accountId"`
	TimerID   httpapi.TimerID `json:"timerId"`
}

type stopReply struct {
	Stopped       bool `json:"stopped"`
	SyncRequested bool `json:"syncRequested"`
	// Pending: Clockwork stopped it, but screens still show it for a while.
	Pending bool `json:"pending,omitempty"`
}

func stop(ctx context.Context, d *app.Deps, r *httpapi.Request) (httpapi.Once, error) {
	token, err := httpapi.WriteToken(d, r.Caller)
	if err != nil {
		return httpapi.Once{}, err
	}
	var in stopRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return httpapi.Once{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return httpapi.Once{}, err
	}
	key := ""
	if in.IssueKey != "" {
		if key, err = httpapi.ListedKey(d, in.IssueKey); err != nil {
			return httpapi.Once{}, err
		}
	}
	ask := timercontrol.Request{AccountID: account, Claimed: !r.Caller.Known || account != r.Caller.AccountID,
		IssueKey: key, TimerID: int64(in.TimerID)}
	control := d.Control()
	return httpapi.Once{
		Payload: []any{account, key, in.TimerID},
		Read:    token.Read(control, ask),
		// A repeated stop does nothing, so a claim would cost a Redis command for
		// nothing. One case is left: a request without a name stopped a timer, the
		// process was killed before it answered, and another timer was started before
		// the repeat. Then the repeat stops that one.
		Unclaimed: true,
		// Without a name, a repeat may find another timer.
		Repeatable: key != "" || in.TimerID != 0,
		Do: func(ctx context.Context, reply any, err error) (web.Reply, error) {
			ask, err := token.Request(ctx, ask, reply, err)
			if err != nil {
				return web.Reply{}, err
			}
			out, err := control.Stop(ctx, ask)
			if err != nil {
				return web.Reply{}, token.Failed(ctx, err)
			}
			return web.OK(stopReply{out.Stopped, out.SyncRequested, out.Pending}), nil
		},
	}, nil
}
