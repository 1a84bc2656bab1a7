package timesheet

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

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

// tooMuch refuses a report that is too large.
func tooMuch(format string, args ...any) error {
	known := web.BadRequest("", format, args...)
	known.Status, known.Code = http.StatusRequestEntityTooLarge, "TOO_MUCH"
	return known
}
