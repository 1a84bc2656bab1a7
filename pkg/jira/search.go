package jira

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

const (
	defaultMaxResults = 10
	maxSearchPages    = 5 // Jira may answer fewer issues than asked for
)

// SearchQuery selects issues for a person to choose from.
type SearchQuery struct {
	AccountID  string // whose issues in progress, where Text is blank
	Text       string // what the person typed: words of a summary, an issue key, or its beginning
	MaxResults int    // default 10
}

// ErrNothingToSearch means a query with neither an account nor a text.
var ErrNothingToSearch = errors.New("a search needs an account id or a text")

// Search answers the account's issues in progress, or those that match the
// text: the issue itself if the text is its key, else those with the words in
// their summary, and those of the project if the text is a project's key. The
// latest change comes first. The link of an issue is its key; one of another site
// is ErrOtherSite.
func (c *Client) Search(ctx context.Context, q SearchQuery) ([]Issue, error) {
	if q.MaxResults <= 0 {
		q.MaxResults = defaultMaxResults
	}
	var err error
	if q.Text, err = c.searched(q.Text); err != nil {
		return nil, err
	}
	switch {
	case q.Text != "":
		return c.searchByText(ctx, q)
	case q.AccountID != "":
		return c.searchJQL(ctx, inProgress(q.AccountID), q.MaxResults)
	}
	return nil, ErrNothingToSearch
}

// searched is the text to search for: of an issue's link its key.
func (c *Client) searched(text string) (string, error) {
	text = strings.TrimSpace(strings.Map(visible, text))
	key, err := FromLink(text, c.browse.Hostname())
	switch {
	case errors.Is(err, ErrOtherSite):
		return "", err
	case err != nil:
		return text, nil
	}
	return key, nil
}

func (c *Client) searchByText(ctx context.Context, q SearchQuery) ([]Issue, error) {
	if key, err := ParseIssueKey(q.Text); err == nil {
		issue, err := c.Issue(ctx, key)
		if err == nil {
			return []Issue{issue}, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	if project, ok := parseProjectKey(q.Text); ok {
		issues, err := c.searchJQL(ctx, matching(q.Text, project), q.MaxResults)
		// No such project: Jira refuses the whole query.
		if status(err) != http.StatusBadRequest {
			return issues, err
		}
	}
	jql := matching(q.Text, "")
	if jql == "" {
		return []Issue{}, nil // nothing but operators was typed
	}
	return c.searchJQL(ctx, jql, q.MaxResults)
}

// searchJQL follows pages until enough issues are there. A token that comes
// twice would never end, and a page that comes twice shows no issue twice.
func (c *Client) searchJQL(ctx context.Context, jql string, maxResults int) ([]Issue, error) {
	type request struct {
		JQL           string   `json:"jql"`
		MaxResults    int      `json:"maxResults"`
		Fields        []string `json:"fields"`
		NextPageToken string   `json:"nextPageToken,omitempty"`
	}
	req := request{JQL: jql, MaxResults: maxResults, Fields: issueFields}
	found, shown, followed := []Issue{}, map[string]bool{}, map[string]bool{"": true}
	for range maxSearchPages {
		var answer struct {
			Issues        entries[wireIssue] `json:"issues"`
			NextPageToken string             `json:"nextPageToken"`
			IsLast        bool               `json:"isLast"`
		}
		if err := c.post(ctx, "issues.search", []string{"search", "jql"}, req, &answer); err != nil {
			return nil, err
		}
		c.reportUnreadable(ctx, "issues.search", answer.Issues.unreadable)
		for _, issue := range c.issues(answer.Issues.list) {
			if !shown[issue.Key] {
				shown[issue.Key] = true
				found = append(found, issue)
			}
		}
		if answer.IsLast || len(found) >= maxResults || followed[answer.NextPageToken] {
			break
		}
		followed[answer.NextPageToken] = true
		req.NextPageToken = answer.NextPageToken
	}
	return found[:min(len(found), maxResults)], nil
}
