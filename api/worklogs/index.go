// Package worklogs has a folder of its own because a function links all that is in
// its folder, and reports need libraries that the others do not.
package worklogs

import (
	"context"
	"net/http"
	"slices"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// HandleWorklogs answers GET /api/worklogs: one person's tracked time on a day
// or over a range.
func HandleWorklogs(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, routes...)
}

var routes = []httpapi.Route{
	{Method: http.MethodGet, Path: "/api/worklogs", Cost: httpapi.Upstream, Handle: list},
}

type listReply struct {
	Worklogs  []timer.Worklog `json:"worklogs"`
	Total     int64           `json:"total"` // seconds
	Date      string          `json:"date"`  // the day, or the first of the range
	AccountID string          `json:"accountId"`
	Days      []worklog.Day   `json:"days,omitempty"` // of a range
	Degraded  []string        `json:"degraded,omitempty"`
}

func list(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	subject, err := r.Subject()
	if err != nil {
		return web.Reply{}, err
	}
	from, to, ranged, err := r.Days()
	if err != nil {
		return web.Reply{}, err
	}
	zone, err := r.Zone()
	if err != nil {
		return web.Reply{}, err
	}
	token, err := httpapi.ReadToken(ctx, d, r.Caller)
	if err != nil {
		return web.Reply{}, err
	}
	account, err := httpapi.Account(ctx, d, subject)
	if err != nil {
		return web.Reply{}, err
	}
	found, err := d.Worklogs.List(ctx, worklog.Query{Token: token.Value, AccountID: account, From: from, To: to, Zone: zone})
	if err != nil {
		return web.Reply{}, token.Failed(ctx, err)
	}
	reply := listReply{Worklogs: found.Worklogs, Total: found.Total, Date: found.Days[0].Date, AccountID: account}
	if ranged {
		reply.Days = found.Days
	}
	if found.Degraded {
		reply.Degraded = httpapi.WithoutJira
	}
	if found.Unreadable > 0 {
		reply.Degraded = slices.Concat(reply.Degraded, httpapi.WithoutUnreadable)
	}
	return web.OK(reply), nil
}
