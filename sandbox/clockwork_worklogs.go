package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Sandbox) serveWorklogs(w http.ResponseWriter, r *http.Request, _ string) {
	q, err := parseWorklogQuery(r.URL.Query())
	if err != nil {
		writeClockworkError(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, s.findWorklogs(q))
}

type worklogQuery struct {
	from, to  string // the first and the last date, in zone
	zone      *time.Location
	accountID string   // empty: everybody
	expand    []string // issues, authors, emails
	offset    int
}

// parseWorklogQuery requires both dates. What Clockwork does without them is not
// known, so the product must not depend on it.
func parseWorklogQuery(v url.Values) (worklogQuery, error) {
	q := worklogQuery{accountID: v.Get("account_id"), expand: strings.Split(v.Get("expand"), ",")}
	var err error
	if q.zone, err = time.LoadLocation(v.Get("tz")); err != nil {
		return q, fmt.Errorf("tz is invalid")
	}
	for name, date := range map[string]*string{"starting_at": &q.from, "ending_at": &q.to} {
		*date = v.Get(name)
		if _, err := time.Parse(time.DateOnly, *date); err != nil {
			return q, fmt.Errorf("%s is invalid", name)
		}
	}
	if text := v.Get("offset"); text != "" {
		if q.offset, err = strconv.Atoi(text); err != nil || q.offset < 0 {
			return q, fmt.Errorf("offset is invalid")
		}
	}
	return q, nil
}

// findWorklogs returns one page, ordered by start.
func (s *Sandbox) findWorklogs(q worklogQuery) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*worklog
	for _, l := range s.worklogs {
		date := l.started.In(q.zone).Format(time.DateOnly)
		if q.from <= date && date <= q.to && (q.accountID == "" || q.accountID == l.accountID) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b *worklog) int {
		return cmp.Or(a.started.Compare(b.started), cmp.Compare(a.id, b.id))
	})
	found = found[min(q.offset, len(found)):]
	found = found[:min(s.opts.WorklogPageSize, len(found))]
	out := make([]any, len(found))
	for i, l := range found {
		out[i] = s.oddEntry(l.id, s.worklogJSON(l, q))
	}
	return out
}

// worklogJSON needs s.mu held.
func (s *Sandbox) worklogJSON(l *worklog, q worklogQuery) map[string]any {
	author := map[string]any{"accountId": l.accountID}
	if slices.Contains(q.expand, "authors") {
		author["displayName"] = s.byAccount[l.accountID].DisplayName
	}
	if email := s.byAccount[l.accountID].visibleEmail(); slices.Contains(q.expand, "emails") && email != "" {
		author["emailAddress"] = email
	}
	out := map[string]any{
		"id": s.shapedID(l.id, l.id), "issueId": s.shapedID(l.issue.ID, l.id), "timeSpentSeconds": l.seconds,
		"started": s.shapedStart(l, q.zone), "comment": l.comment,
		"author": author, "updateAuthor": map[string]any{"accountId": l.accountID},
	}
	if slices.Contains(q.expand, "issues") {
		out["issue"] = map[string]any{"id": strconv.FormatInt(l.issue.ID, 10), "key": l.issue.Key, "fields": map[string]any{
			"summary": l.issue.Summary, "project": map[string]any{"key": l.issue.Project.Key, "name": l.issue.Project.Name},
		}}
	}
	return out
}

// shapedID returns an id in the form that IDShape chooses. nth alternates between the
// forms of "mixed". It needs s.mu held.
func (s *Sandbox) shapedID(id, nth int64) any {
	if s.switches.IDShape == "number" || s.switches.IDShape == "mixed" && nth%2 == 0 {
		return id
	}
	return strconv.FormatInt(id, 10)
}

// shapedStart returns the start in the form that StartedShape chooses. It needs s.mu
// held.
func (s *Sandbox) shapedStart(l *worklog, zone *time.Location) string {
	shape := s.switches.StartedShape
	if shape == "mixed" {
		shape = []string{"z", "colon", "millis"}[l.id%3]
	}
	switch shape {
	case "colon":
		return l.started.In(zone).Format("2006-01-02T15:04:05-07:00")
	case "millis":
		return l.started.In(zone).Format(jiraTime)
	}
	return l.started.UTC().Format("2006-01-02T15:04:05Z")
}

// jiraTime is the layout in which Jira writes a time.
const jiraTime = "2006-01-02T15:04:05.000-0700"
