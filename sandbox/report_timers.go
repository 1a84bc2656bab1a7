package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// callReport answers a call of Clockwork's app API, by HTTP or through Forge.
func (s *Sandbox) callReport(method string, call *url.URL) (status int, body any) {
	if method == http.MethodGet && call.Path == "/timers.json" {
		return s.listTimers(call.Query())
	}
	return http.StatusNotFound, map[string]any{"error_message": "Not Found"}
}

// listTimers returns a page of everybody's timers. By default the newest is first, so
// a start between two requests shifts the second page. ListOrder chooses another
// order.
func (s *Sandbox) listTimers(query url.Values) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moveList()
	all := s.listed()
	if s.switches.ListFinished {
		all = append(slices.Clone(s.stopped), all...)
	}
	size := s.opts.PageSize
	page, _ := strconv.Atoi(query.Get("page"))
	page = max(page, 1)
	pages := max(1, (len(all)+size-1)/size)
	last := len(all) - min((page-1)*size, len(all))
	first := max(0, last-size)
	items := make([]any, 0, last-first)
	for i := last - 1; i >= first; i-- {
		items = append(items, s.oddEntry(all[i].id, s.timerEntry(all[i])))
	}
	return http.StatusOK, map[string]any{
		"timers": items, "startAt": (page - 1) * size, "maxResults": size, "total": len(all),
		"page": page, "pages": pages, "isFirst": page == 1, "isLast": page >= pages,
	}
}

// timerEntry is one entry of the list. It is a struct because a map takes three times
// as long to encode, and a busy site has thousands of timers.
type timerEntry struct {
	ID         int64   `json:"id"`
	StartedAt  string  `json:"started_at"`
	FinishedAt *string `json:"finished_at"`
	RunningFor string  `json:"running_for"`
	Comment    *string `json:"comment"`
	Issue      struct {
		Key string `json:"key"`
		ID  int64  `json:"id"`
	} `json:"issue"`
	TillNow       int64        `json:"till_now"`
	WorklogCount  int          `json:"worklog_count"`
	StartedWithin bool         `json:"started_within_working_hours"`
	Within        bool         `json:"within_working_hours"`
	ErrorMessages *string      `json:"error_messages"`
	Author        *timerAuthor `json:"author,omitempty"`
}

type timerAuthor struct {
	AccountID    string `json:"accountId"`
	DisplayName  string `json:"displayName"`
	AvatarURL    string `json:"avatarUrl"`
	EmailAddress string `json:"emailAddress,omitempty"`
}

// timerEntry needs s.mu held.
func (s *Sandbox) timerEntry(t *runningTimer) *timerEntry {
	const isoTime = "2006-01-02T15:04:05.000Z"
	out := &timerEntry{ID: t.id, StartedAt: t.startedAt.Format(isoTime), RunningFor: t.accountID, Comment: t.comment,
		TillNow: t.tillNow(s.now()), WorklogCount: t.worklogs, StartedWithin: true, Within: !t.onHold}
	out.Issue.Key, out.Issue.ID = t.issue.Key, t.issue.ID
	if t.finishedAt != nil {
		out.FinishedAt = new(t.finishedAt.Format(isoTime))
	}
	if !s.switches.OmitAuthors {
		p := s.byAccount[t.authorID]
		out.Author = &timerAuthor{p.AccountID, p.DisplayName, p.AvatarURL(), p.visibleEmail()}
	}
	return out
}
