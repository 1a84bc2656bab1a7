package timesheet

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

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
