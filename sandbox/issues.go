package sandbox

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Project is a Jira project of the played site.
type Project struct {
	ID   int64  `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// Issue is a Jira issue of the played site.
type Issue struct {
	ID             int64     `json:"id"`
	Key            string    `json:"key"`
	Summary        string    `json:"summary"`
	Project        Project   `json:"project"`
	Status         string    `json:"status"`         // a name, which depends on the project
	StatusCategory string    `json:"statusCategory"` // To Do, In Progress or Done
	Priority       string    `json:"priority"`       // empty: none
	AssigneeID     string    `json:"assigneeId"`     // account id; empty: nobody
	Created        time.Time `json:"created"`
	Updated        time.Time `json:"updated"`
}

var issueKey = regexp.MustCompile(`^([A-Z][A-Z0-9_]{1,9})-[1-9][0-9]{0,9}$`)

// Issues returns every issue, oldest first.
func (s *Sandbox) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Issue, len(s.issues))
	for i, issue := range s.issues {
		out[i] = *issue
	}
	return out
}

// AddIssue adds an issue, or replaces the one with the same key. Key and Summary are
// required. A new project is created.
func (s *Sandbox) AddIssue(i Issue) (Issue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.Key = normalizeKey(i.Key)
	if !issueKey.MatchString(i.Key) || i.Summary == "" {
		return Issue{}, fmt.Errorf("an issue needs a key such as ABC-7 and a summary")
	}
	i.Status, i.StatusCategory = cmp.Or(i.Status, "To Do"), cmp.Or(i.StatusCategory, "To Do")
	if categoryKey(i.StatusCategory) == "" {
		return Issue{}, fmt.Errorf("unknown status category %q", i.StatusCategory)
	}
	if i.AssigneeID != "" && s.byAccount[i.AssigneeID] == nil {
		return Issue{}, ErrUnknownPerson
	}
	return *s.addIssue(i), nil
}

// MoveIssue gives an issue a key in another project. It can still be found under the
// old key.
func (s *Sandbox) MoveIssue(key, newKey string) (Issue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newKey = normalizeKey(newKey)
	i := s.issueByKey[normalizeKey(key)]
	if i == nil {
		return Issue{}, ErrUnknownIssue
	}
	if !issueKey.MatchString(newKey) || s.issueByKey[newKey] != nil {
		return Issue{}, fmt.Errorf("%q is taken or not an issue key", newKey)
	}
	i.Key, i.Project, i.Updated = newKey, s.projectOf(newKey, ""), s.now()
	s.issueByKey[newKey] = i
	return *i, nil
}

// addIssue needs s.mu held.
func (s *Sandbox) addIssue(i Issue) *Issue {
	i.Project = s.projectOf(i.Key, i.Project.Name)
	if i.Created.IsZero() {
		i.Created = s.now()
	}
	if i.Updated.IsZero() {
		i.Updated = s.now()
	}
	if old := s.issueByKey[i.Key]; old != nil {
		i.ID = old.ID
		*old = i
		return old
	}
	i.ID = 20_400 + 7*int64(len(s.issues)+1)
	added := &i
	s.issues = append(s.issues, added)
	s.issueByKey[i.Key], s.issueByID[i.ID] = added, added
	return added
}

// projectOf needs s.mu held.
func (s *Sandbox) projectOf(issueKey, name string) Project {
	key, _, _ := strings.Cut(issueKey, "-")
	p, ok := s.projects[key]
	if !ok {
		p = Project{ID: 10_001 + int64(len(s.projects)), Key: key, Name: cmp.Or(name, key)}
		s.projects[key] = p
	}
	return p
}

// findIssue finds an issue by key, in upper or lower case, or by numeric id. It needs
// s.mu held.
func (s *Sandbox) findIssue(idOrKey string) *Issue {
	if id, err := strconv.ParseInt(idOrKey, 10, 64); err == nil {
		return s.issueByID[id]
	}
	return s.issueByKey[normalizeKey(idOrKey)]
}

func normalizeKey(key string) string { return strings.ToUpper(strings.TrimSpace(key)) }

// categoryKey returns Jira's key of a status category, given its name or key, or "".
func categoryKey(category string) string {
	switch strings.ToLower(category) {
	case "to do", "new":
		return "new"
	case "in progress", "indeterminate":
		return "indeterminate"
	case "done":
		return "done"
	}
	return ""
}
