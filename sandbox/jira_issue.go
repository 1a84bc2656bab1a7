package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Sandbox) serveIssue(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	issue := s.findIssue(r.PathValue("idOrKey"))
	var body map[string]any
	if issue != nil {
		body = s.issueJSON(issue, orAll(fieldNames(r.URL.Query()["fields"])))
	}
	s.mu.Unlock()
	if body == nil {
		hideIssue(w, r)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// serveBulkFetch leaves unknown issues out of both lists, as Jira does.
func (s *Sandbox) serveBulkFetch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		IssueIDsOrKeys []string `json:"issueIdsOrKeys"`
		Fields         []string `json:"fields"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		writeJiraError(w, http.StatusBadRequest, textBadPayload)
		return
	}
	if n := len(in.IssueIDsOrKeys); n == 0 || n > 100 {
		writeJiraError(w, http.StatusBadRequest, "issueIdsOrKeys must have between 1 and 100 items.")
		return
	}
	s.mu.Lock()
	issues := []any{}
	seen := map[*Issue]bool{}
	for _, idOrKey := range in.IssueIDsOrKeys {
		if issue := s.findIssue(idOrKey); issue != nil && !seen[issue] {
			seen[issue], issues = true, append(issues, s.issueJSON(issue, orAll(in.Fields)))
		}
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"issues": issues, "issueErrors": []any{}})
}

// fieldNames splits comma lists in a repeated parameter.
func fieldNames(params []string) (out []string) {
	for _, list := range params {
		for _, name := range strings.Split(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// orAll returns Jira's default for a single issue, which is all fields.
func orAll(fields []string) []string {
	if len(fields) == 0 {
		return []string{"*all"}
	}
	return fields
}

// issueJSON returns only the id if no other field is requested. It needs s.mu held.
func (s *Sandbox) issueJSON(i *Issue, fields []string) map[string]any {
	id := strconv.FormatInt(i.ID, 10)
	if len(fields) == 0 || len(fields) == 1 && fields[0] == "id" {
		return map[string]any{"id": id}
	}
	project := map[string]any{
		"id": strconv.FormatInt(i.Project.ID, 10), "key": i.Project.Key, "name": i.Project.Name,
		"avatarUrls": map[string]any{"48x48": "https://" + s.site.Host + "/rest/api/3/universal_avatar/view/type/project/avatar/" + i.Project.Key},
	}
	all := map[string]any{
		"summary": i.Summary, "project": project, "priority": nil, "assignee": nil,
		"status": map[string]any{"name": i.Status, "statusCategory": map[string]any{
			"key": categoryKey(i.StatusCategory), "name": i.StatusCategory,
		}},
		"issuetype": map[string]any{"name": "Task", "subtask": false},
		"created":   i.Created.Format(jiraTime), "updated": i.Updated.Format(jiraTime),
	}
	if i.Priority != "" {
		all["priority"] = map[string]any{"name": i.Priority}
	}
	if p := s.byAccount[i.AssigneeID]; p != nil {
		all["assignee"] = s.userJSON(p)
	}
	if !slices.ContainsFunc(fields, func(f string) bool { return f == "*all" || f == "*navigable" }) {
		for name := range all {
			if !slices.Contains(fields, name) {
				delete(all, name)
			}
		}
	}
	return map[string]any{"id": id, "key": i.Key, "self": "https://" + s.site.Host + "/rest/api/3/issue/" + id, "fields": all}
}
