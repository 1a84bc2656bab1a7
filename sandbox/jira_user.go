package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

func (s *Sandbox) serveMyself(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	me := s.userJSON(s.byAccount[s.creds.AccountID])
	s.mu.Unlock()
	me["emailAddress"] = s.creds.AtlassianEmail // people always see their own address
	writeJSON(w, http.StatusOK, me)
}

func (s *Sandbox) serveUser(w http.ResponseWriter, r *http.Request) {
	accountID := r.URL.Query().Get("accountId")
	if accountID == "" || len(accountID) > 128 {
		writeJiraError(w, http.StatusBadRequest, "The query parameter 'accountId' must be set and have at most 128 characters.")
		return
	}
	s.mu.Lock()
	p := s.byAccount[accountID]
	var user map[string]any
	if p != nil {
		user = s.userJSON(p)
	}
	s.mu.Unlock()
	if user == nil {
		writeJiraError(w, http.StatusNotFound, "Specified user does not exist or you do not have required permissions")
		return
	}
	writeJSON(w, http.StatusOK, user)
}

// serveUserBulk leaves unknown ids out.
func (s *Sandbox) serveUserBulk(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if len(q["accountId"]) == 0 {
		writeJiraError(w, http.StatusBadRequest, "At least one accountId must be given.")
		return
	}
	startAt, maxResults, ok := paging(q, 10, 200)
	if !ok {
		writeJiraError(w, http.StatusBadRequest, "startAt and maxResults must be numbers, not negative.")
		return
	}
	s.mu.Lock()
	var found []*Person
	seen := map[string]bool{}
	for _, id := range q["accountId"] {
		if p := s.byAccount[id]; p != nil && !seen[id] {
			seen[id], found = true, append(found, p)
		}
	}
	total := len(found)
	values := s.userPage(found, startAt, maxResults)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"values": values, "startAt": startAt, "maxResults": maxResults, "total": total, "isLast": startAt+len(values) >= total,
	})
}

// serveUserSearch matches the beginnings of names and visible addresses among
// the first 1000 users, as Jira does.
func (s *Sandbox) serveUserSearch(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	query := strings.ToLower(strings.TrimSpace(q.Get("query")))
	startAt, maxResults, ok := paging(q, 50, 1000)
	if query == "" || !ok {
		writeJiraError(w, http.StatusBadRequest, "The query parameter must be set, startAt and maxResults be numbers.")
		return
	}
	s.mu.Lock()
	var found []*Person
	for _, p := range s.people[:min(1000, len(s.people))] {
		if !p.Inactive && beginsWith(p, query) {
			found = append(found, p)
		}
	}
	values := s.userPage(found, startAt, maxResults)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, values)
}

func beginsWith(p *Person, query string) bool {
	name := strings.ToLower(p.DisplayName)
	if strings.HasPrefix(name, query) || strings.HasPrefix(strings.ToLower(p.visibleEmail()), query) {
		return true
	}
	for _, word := range strings.Fields(name) {
		if strings.HasPrefix(word, query) {
			return true
		}
	}
	return false
}

// userPage needs s.mu held.
func (s *Sandbox) userPage(found []*Person, startAt, maxResults int) []any {
	found = found[min(startAt, len(found)):]
	out := []any{}
	for _, p := range found[:min(maxResults, len(found))] {
		out = append(out, s.userJSON(p))
	}
	return out
}

// userJSON leaves a hidden address out.
func (s *Sandbox) userJSON(p *Person) map[string]any {
	out := map[string]any{
		"self":      "https://" + s.site.Host + "/rest/api/3/user?accountId=" + url.QueryEscape(p.AccountID),
		"accountId": p.AccountID, "accountType": "atlassian", "active": !p.Inactive,
		"displayName": p.DisplayName, "timeZone": p.TimeZone, "locale": "en_US",
		"avatarUrls": map[string]any{"48x48": p.AvatarURL(), "24x24": p.AvatarURL(), "16x16": p.AvatarURL(), "32x32": p.AvatarURL()},
	}
	if email := p.visibleEmail(); email != "" {
		out["emailAddress"] = email
	}
	return out
}

// paging clamps maxResults to limit.
func paging(q url.Values, fallback, limit int) (startAt, maxResults int, ok bool) {
	maxResults = fallback
	for name, into := range map[string]*int{"startAt": &startAt, "maxResults": &maxResults} {
		if text := q.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return 0, 0, false
			}
			*into = n
		}
	}
	return startAt, min(maxResults, limit), true
}
