// Package worklogs has a folder of its own because a function links all that is in
// its folder, and reports need libraries that the others do not.
package worklogs

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// HandleWorklogs answers what is read from worklogs.
func HandleWorklogs(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, routes...)
}

var routes = []httpapi.Route{
	{Method: http.MethodGet, Path: "/api/worklogs", Cost: httpapi.Upstream, Handle: list},
	{Method: http.MethodGet, Path: "/api/today", Cost: httpapi.Upstream, Handle: today},
}

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
	reply := listReply{Worklogs: found.Worklogs, Total: found.Total, Date: found.Days[0].Date, AccountID: account,
		Degraded: degraded(found.Degraded, found.Unreadable > 0)}
	if ranged {
		reply.Days = found.Days
	}
	return web.OK(reply), nil
}

type todayReply struct {
	Date           string        `json:"date"`
	TimeZone       string        `json:"timeZone"`
	AccountID      string        `json:"accountId"`
	LoggedSeconds  int64         `json:"loggedSeconds"`
	RunningSeconds int64         `json:"runningSeconds"` // of today, at cachedAt
	GoalSeconds    int64         `json:"goalSeconds,omitempty"`
	Timers         []timer.Timer `json:"timers"`
	CachedAt       *time.Time    `json:"cachedAt"`
	SyncedAt       *time.Time    `json:"syncedAt"`
	Stale          bool          `json:"stale,omitempty"`
	Degraded       []string      `json:"degraded,omitempty"`
}

// today answers what one person has worked today, and what runs.
func today(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	subject, err := r.Subject()
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
	own := timercache.Also{Key: settings.Key(account)}
	running, err := d.Timers.Read(timercache.WithAlso(ctx, &own), timercache.Subject{AccountID: account})
	if err != nil {
		return web.Reply{}, err
	}
	logged, err := d.Worklogs.List(ctx, worklog.Query{Token: token.Value, AccountID: account, Zone: zone})
	if err != nil {
		return web.Reply{}, token.Failed(ctx, err)
	}
	midnight, err := time.ParseInLocation(time.DateOnly, logged.Days[0].Date, logged.Zone)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(todayReply{
		Date: logged.Days[0].Date, TimeZone: logged.Zone.String(), AccountID: account,
		LoggedSeconds: logged.Total, RunningSeconds: timer.CountedSince(running.Timers, midnight),
		GoalSeconds: int64(d.Settings.Goals.Of(account, own.Value).Goal(midnight.Weekday()) / time.Second),
		Timers:      running.Timers, CachedAt: running.CachedAt, SyncedAt: running.SyncedAt, Stale: running.Stale,
		Degraded: degraded(logged.Degraded || running.Degraded, logged.Unreadable > 0 || running.Unreadable),
	}), nil
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
