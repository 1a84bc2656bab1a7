package timesheet

import (
	"context"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// maxSummed is how many worklogs a summary may have.
const maxSummed = 10_000

type summaryReply struct {
	Groups []worklog.Group `json:"groups"`
	span
}

// summary answers how long people worked by day, issue, project or person.
func summary(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	by, err := dimensions(r.Query.Get("group"))
	if err != nil {
		return web.Reply{}, err
	}
	q, found, err := report(ctx, d, r)
	if err != nil {
		return web.Reply{}, err
	}
	if len(found.Worklogs) > maxSummed {
		return web.Reply{}, tooMuch("These are more than %d worklogs. Ask for fewer days or people.", maxSummed)
	}
	return web.OK(summaryReply{worklog.Groups(found.Worklogs, by...), spanOf(q, found)}), nil
}

// dimensions reads one or two dimensions, separated by a comma.
func dimensions(text string) (by []worklog.Dimension, err error) {
	known := []worklog.Dimension{worklog.ByDay, worklog.ByIssue, worklog.ByProject, worklog.ByPerson}
	for name := range strings.SplitSeq(text, ",") {
		one := worklog.Dimension(name)
		if !slices.Contains(known, one) || slices.Contains(by, one) || len(by) == 2 {
			return nil, web.BadRequest("group", "group must be day, issue, project or person, or two of them such as project,person.")
		}
		by = append(by, one)
	}
	return by, nil
}
