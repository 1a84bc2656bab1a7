package timesheet

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

type listReply struct {
	Worklogs  []timer.Worklog `json:"worklogs"`
	Total     int64           `json:"total"` // seconds
	Date      string          `json:"date"`  // the day, or the first of the range
	AccountID string          `json:"accountId"`
	Days      []worklog.Day   `json:"days,omitempty"` // of a range
	Degraded  []string        `json:"degraded,omitempty"`
}

// list answers one person's tracked time on a day or over a range.
func list(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	from, to, ranged, err := r.Days()
	if err != nil {
		return web.Reply{}, err
	}
	q, token, err := onePerson(ctx, d, r)
	if err != nil {
		return web.Reply{}, err
	}
	q.From, q.To = from, to
	found, err := d.Worklogs.List(ctx, q)
	if err != nil {
		return web.Reply{}, token.Failed(ctx, err)
	}
	reply := listReply{Worklogs: found.Worklogs, Total: found.Total, Date: found.Days[0].Date, AccountID: q.AccountID,
		Degraded: degraded(found.Degraded, found.Unreadable > 0)}
	if ranged {
		reply.Days = found.Days
	}
	return web.OK(reply), nil
}

// degraded names what an answer lacks: names from Jira, or entries of Clockwork's that
// could not be read.
func degraded(names, entries bool) (lacks []string) {
	if names {
		lacks = append(lacks, httpapi.WithoutJira...)
	}
	if entries {
		lacks = append(lacks, httpapi.WithoutUnreadable...)
	}
	return lacks
}
