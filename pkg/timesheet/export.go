package timesheet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/web"
)

// maxFile is a little less than the 4.5 MB that a function may answer.
const maxFile = 4_400_000

type exportReply struct {
	Worklogs []timer.Worklog `json:"worklogs"`
	span
}

// export answers worklogs as a file.
func export(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	format := r.Query.Get("format")
	contentType := map[string]string{"csv": "text/csv; charset=utf-8", "json": "application/json; charset=utf-8", "ics": "text/calendar; charset=utf-8"}[format]
	if contentType == "" {
		return web.Reply{}, web.BadRequest("format", "format must be csv, json or ics.")
	}
	q, found, err := report(ctx, d, r)
	if err != nil {
		return web.Reply{}, err
	}
	about := spanOf(q, found)
	var file []byte
	switch format {
	case "csv":
		file, err = csvFile(found.Worklogs)
	case "ics":
		file, err = icsFile(found.Worklogs, d.Config.Jira.Domain)
	default:
		list := slices.Clone(found.Worklogs)
		for i, w := range list {
			list[i].Author = timer.Person{AccountID: w.Author.AccountID, DisplayName: w.Author.DisplayName}
		}
		file, err = json.Marshal(exportReply{list, about})
	}
	switch {
	case err != nil:
		return web.Reply{}, err
	case len(file) > maxFile:
		return web.Reply{}, tooMuch("This file would be larger than 4 MB. Ask for fewer days or people.")
	}
	return web.Reply{Status: http.StatusOK, Raw: file, Header: http.Header{
		"Content-Type":        {contentType},
		"Content-Disposition": {fmt.Sprintf(`attachment; filename="worklogs-%s-%s.%s"`, about.From, about.To, format)},
	}}, nil
}

// ends is when the work of an entry ended.
func ends(w timer.Worklog) time.Time {
	return w.Started.Add(time.Duration(w.TimeSpentSeconds) * time.Second)
}
