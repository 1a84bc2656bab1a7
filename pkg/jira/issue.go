package jira

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Issue is the part of a Jira issue that this backend's clients show, in the
// JSON of public/openapi.yaml.
type Issue struct {
	Key      string        `json:"key"`
	ID       string        `json:"id"`
	Summary  string        `json:"summary"`
	Status   string        `json:"status"` // its name, in the project's language
	Project  Project       `json:"project"`
	Assignee *timer.Person `json:"assignee"` // nil if unassigned
	Priority *string       `json:"priority"` // nil if the project has none
	URL      string        `json:"url"`      // for a person's browser
}

// Project is the project of an Issue.
type Project struct {
	ID        string `json:"id"`
	Key       string `json:"key"`
	Name      string `json:"name"`
	AvatarURL string `json:"avatarUrl,omitempty"`
}

// issueFields are all that is asked for: without them Jira sends tens of kB.
var issueFields = []string{"summary", "status", "priority", "assignee", "project"}

type wireIssue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary string `json:"summary"`
		Status  struct {
			Name string `json:"name"`
		} `json:"status"`
		Priority *struct {
			Name string `json:"name"`
		} `json:"priority"`
		Assignee *wireUser `json:"assignee"`
		Project  struct {
			ID         string  `json:"id"`
			Key        string  `json:"key"`
			Name       string  `json:"name"`
			AvatarURLs avatars `json:"avatarUrls"`
		} `json:"project"`
	} `json:"fields"`
}

// opIssue is the call for one issue. That it may not be seen is the same to a
// caller as that it is not there.
const opIssue = "issues.get"

var errNoIssue = errors.New("an issue without id or key")

// Issue reads one issue by key or numeric id. A moved issue is found under its
// old key and answers with its new one. Text of another form is ErrInvalidKey
// and is not sent; an issue that our credential does not see is ErrNotFound.
func (c *Client) Issue(ctx context.Context, idOrKey string) (Issue, error) {
	idOrKey, err := ParseIssueIDOrKey(idOrKey)
	if err != nil {
		return Issue{}, err
	}
	var w wireIssue
	query := url.Values{"fields": {strings.Join(issueFields, ",")}}
	if err := c.get(ctx, opIssue, []string{"issue", idOrKey}, query, &w); err != nil {
		return Issue{}, err
	}
	if w.ID == "" || w.Key == "" {
		return Issue{}, badBody(opIssue, errNoIssue)
	}
	return c.issue(w), nil
}

func (c *Client) issue(w wireIssue) Issue {
	f := w.Fields
	issue := Issue{
		Key:     w.Key,
		ID:      w.ID,
		Summary: f.Summary,
		Status:  f.Status.Name,
		Project: Project{ID: f.Project.ID, Key: f.Project.Key, Name: f.Project.Name, AvatarURL: f.Project.AvatarURLs.url()},
		URL:     c.browse.JoinPath("browse", w.Key).String(),
	}
	if f.Priority != nil {
		issue.Priority = &f.Priority.Name
	}
	if f.Assignee != nil {
		u := f.Assignee.user()
		issue.Assignee = &timer.Person{AccountID: u.AccountID, EmailAddress: u.EmailAddress, DisplayName: u.DisplayName, AvatarURL: u.AvatarURL}
	}
	return issue
}
