package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// reportCall is a call of the app API, by HTTP or through Forge.
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

// listTimers gives a page of everybody's timers, the newest first unless
// ListOrder says otherwise, so that a start between two pages moves the second.
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
		items = append(items, s.spoilt(all[i].id, s.timerJSON(all[i], c.forge)))
	}
	return http.StatusOK, map[string]any{
		"timers": items, "startAt": (page - 1) * size, "maxResults": size, "total": len(all),
		"page": page, "pages": pages, "isFirst": page == 1, "isLast": page >= pages,
	}
}

// timerJSON needs s.mu held.
func (s *Sandbox) timerJSON(t *runningTimer, forge bool) map[string]any {
	const isoTime = "2006-01-02T15:04:05.000Z"
	out := map[string]any{
		"id": t.id, "started_at": t.startedAt.Format(isoTime), "finished_at": nil,
		"running_for": t.accountID, "comment": t.comment,
		"issue":    map[string]any{"key": t.issue.Key, "id": t.issue.ID},
		"till_now": s.tillNow(t, s.now()), "worklog_count": t.worklogs,
		"started_within_working_hours": t.startedInHours && s.atWork(t, t.startedAt),
		"within_working_hours":         !t.onHold && s.atWork(t, s.now()), "error_messages": nil,
	}
	if t.finishedAt != nil {
		out["finished_at"] = t.finishedAt.Format(isoTime)
	}
	if forge && s.switches.ForgeOmitsWorkingHours {
		out["within_working_hours"], out["started_within_working_hours"] = nil, nil
	}
	if !s.switches.OmitAuthors {
		p := s.byAccount[t.authorID]
		author := map[string]any{"accountId": p.AccountID, "displayName": p.DisplayName, "avatarUrl": p.AvatarURL()}
		if email := p.visibleEmail(); email != "" {
			author["emailAddress"] = email
		}
		out["author"] = author
	}
	return out
}
