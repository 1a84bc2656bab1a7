package timesheet

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// onePerson reads whose worklogs are asked for, and in which time zone.
func onePerson(ctx context.Context, d *app.Deps, r *httpapi.Request) (q worklog.Query, token *httpapi.ClockworkToken, err error) {
	subject, err := r.Subject()
	if err != nil {
		return q, nil, err
	}
	if q.Zone, err = r.Zone(); err != nil {
		return q, nil, err
	}
	if token, err = httpapi.ReadToken(ctx, d, r.Caller); err != nil {
		return q, nil, err
	}
	q.Token = token.Value
	q.AccountID, err = httpapi.Account(ctx, d, subject)
	return q, token, err
}

// maxDays is the longest range of a report.
const maxDays = 92

// report reads what a report is made of: from, to, tz, and whose worklogs.
func report(ctx context.Context, d *app.Deps, r *httpapi.Request) (worklog.RangeQuery, worklog.List, error) {
	q := worklog.RangeQuery{}
	subjects, err := r.Subjects()
	if err != nil {
		return q, worklog.List{}, err
	}
	if q.From, q.To, err = r.Range(maxDays); err != nil {
		return q, worklog.List{}, err
	}
	if q.Zone, err = r.Zone(); err != nil {
		return q, worklog.List{}, err
	}
	token, err := httpapi.ReadToken(ctx, d, r.Caller)
	if err != nil {
		return q, worklog.List{}, err
	}
	q.Token = token.Value
	for _, subject := range subjects {
		account, err := httpapi.Account(ctx, d, subject)
		if err != nil {
			return q, worklog.List{}, err
		}
		q.Accounts = append(q.Accounts, account)
	}
	found, err := d.Worklogs.Range(ctx, q)
	if err != nil {
		return q, found, token.Failed(ctx, err)
	}
	return q, found, nil
}

// span is what every report says of itself.
type span struct {
	Total    int64    `json:"total"` // seconds
	From     string   `json:"from"`
	To       string   `json:"to"`
	TimeZone string   `json:"timeZone"`
	Degraded []string `json:"degraded,omitempty"`
}

func spanOf(q worklog.RangeQuery, found worklog.List) span {
	return span{found.Total, q.From.Format(time.DateOnly), q.To.Format(time.DateOnly), found.Zone.String(), degraded(found.Degraded, found.Unreadable > 0)}
}

// tooMuch refuses a report that is too large.
func tooMuch(format string, args ...any) error {
	known := web.BadRequest("", format, args...)
	known.Status, known.Code = http.StatusRequestEntityTooLarge, "TOO_MUCH"
	return known
}
