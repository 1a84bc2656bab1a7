package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// reportCall is a call of Clockwork's app API, by HTTP or through Forge.
type reportCall struct {
	method, path string
	query        url.Values
	forge        bool
}

func (s *Sandbox) callReport(c reportCall) (status int, body any) {
	if c.method == http.MethodGet && c.path == "/timers.json" {
		return s.listTimers(c)
	}
	return http.StatusNotFound, map[string]any{"error_message": "Not Found"}
}

// listTimers returns a page of everybody's timers. By default the newest is first, so
// a start between two requests shifts the second page. ListOrder chooses another
// order.
func (s *Sandbox) listTimers(c reportCall) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moveList()
	all := s.listed()
	if s.switches.ListFinished {
		all = append(slices.Clone(s.stopped), all...)
	}
	size := s.opts.PageSize
	page, _ := strconv.Atoi(c.query.Get("page"))
	page = max(page, 1)
	pages := max(1, (len(all)+size-1)/size)
	last := len(all) - min((page-1)*size, len(all))
	first := max(0, last-size)
	items := make([]any, 0, last-first)
	for i := last - 1; i >= first; i-- {
		items = append(items, s.oddEntry(all[i].id, s.timerEntry(all[i], c.forge)))
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
	StartedWithin *bool        `json:"started_within_working_hours"`
	Within        *bool        `json:"within_working_hours"`
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
func (s *Sandbox) timerEntry(t *runningTimer, forge bool) *timerEntry {
	const isoTime = "2006-01-02T15:04:05.000Z"
	out := &timerEntry{ID: t.id, StartedAt: t.startedAt.Format(isoTime), RunningFor: t.accountID, Comment: t.comment,
		TillNow: t.tillNow(s.now()), WorklogCount: t.worklogs}
	out.Issue.Key, out.Issue.ID = t.issue.Key, t.issue.ID
	if t.finishedAt != nil {
		out.FinishedAt = new(t.finishedAt.Format(isoTime))
	}
	if !forge || !s.switches.ForgeOmitsWorkingHours {
		out.StartedWithin, out.Within = new(true), new(!t.onHold)
	}
	if !s.switches.OmitAuthors {
		p := s.byAccount[t.authorID]
		out.Author = &timerAuthor{p.AccountID, p.DisplayName, p.AvatarURL(), p.visibleEmail()}
	}
	return out
}
