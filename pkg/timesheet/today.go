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
	q, token, err := onePerson(ctx, d, r)
	if err != nil {
		return web.Reply{}, err
	}
	own := timercache.Also{Key: settings.Key(q.AccountID)}
	running, err := d.Timers.Read(timercache.WithAlso(ctx, &own), timercache.Subject{AccountID: q.AccountID})
	if err != nil {
		return web.Reply{}, err
	}
	logged, err := d.Worklogs.List(ctx, q)
	if err != nil {
		return web.Reply{}, token.Failed(ctx, err)
	}
	date, err := time.Parse(time.DateOnly, logged.Days[0].Date)
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(todayReply{
		Date: logged.Days[0].Date, TimeZone: logged.Zone.String(), AccountID: q.AccountID,
		LoggedSeconds: logged.Total, RunningSeconds: timer.CountedSince(running.Timers, startOf(date, logged.Zone)),
		GoalSeconds: int64(d.Settings.Goals.Of(q.AccountID, own.Value).Goal(date.Weekday()) / time.Second),
		Timers:      running.Timers, CachedAt: running.CachedAt, SyncedAt: running.SyncedAt, Stale: running.Stale,
		Degraded: degraded(logged.Degraded || running.Degraded, logged.Unreadable > 0 || running.Unreadable),
	}), nil
}

// startOf is when a date begins in a zone. Where clocks change at midnight, that is an
// hour later, or midnight comes twice.
func startOf(date time.Time, zone *time.Location) time.Time {
	start := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	switch {
	case start.Day() != date.Day():
		return start.Add(time.Hour)
	case start.Add(-time.Hour).Day() == date.Day():
		return start.Add(-time.Hour)
	}
	return start
}
