package jira

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	defaultMaxResults = 10
	maxSearchPages    = 5   // Jira may answer fewer issues than asked for
	ownIssues         = 100 // whose projects a number is looked for in
)

// SearchQuery selects issues for a person to choose from.
type SearchQuery struct {
	AccountID  string // the person
	Text       string // what they typed: words of a summary, an issue key or its beginning, or a number
	MaxResults int    // default 10
}

// ErrNothingToSearch means a query with neither an account nor a text.
var ErrNothingToSearch = errors.New("a search needs an account id or a text")

// Search finds issues in at most two calls to Jira, and one more in ten minutes for
// the projects of the account:
//   - without a text, the account's issues in progress (as many calls as it has pages);
//   - by a key or its beginning (PORTAL-30, portal 30, portal30), the issue itself and
//     then those with longer numbers;
//   - by a number, the same in each project of the account, and then in others;
//   - by a project's key, the issues of the project;
//   - by words, the issues with them in their summary.
//
// The account's own projects come first, and there the latest change. The link of an issue is its key; one of another
// site is ErrOtherSite.
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
		return c.searchJQL(ctx, inProgress(q.AccountID), q.MaxResults, maxSearchPages)
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
	if number, ok := parseNumber(q.Text); ok {
		return c.searchByNumber(ctx, q, number)
	}
	if project, number, ok := parseTypedKey(q.Text); ok {
		found, err := c.numbered(ctx, []string{project}, number)
		if err != nil || len(found) > 0 {
			return first(found, q.MaxResults), err
		}
	}
	if project, ok := ParseProjectKey(q.Text); ok {
		issues, err := c.searchOwnFirst(ctx, q, matching(q.Text, project))
		// No such project: Jira refuses the whole query.
		if upstream.StatusOf(err) != http.StatusBadRequest {
			return issues, err
		}
	}
	return c.searchBySummary(ctx, q)
}

func (c *Client) searchBySummary(ctx context.Context, q SearchQuery) ([]Issue, error) {
	jql := matching(q.Text, "")
	if jql == "" {
		return []Issue{}, nil // nothing but operators was typed
	}
	return c.searchOwnFirst(ctx, q, jql)
}

// searchJQL follows pages until enough issues are there. A token that comes
// twice would never end, and a page that comes twice shows no issue twice.
func (c *Client) searchJQL(ctx context.Context, jql string, maxResults, maxPages int) ([]Issue, error) {
	type request struct {
		JQL           string   `json:"jql"`
		MaxResults    int      `json:"maxResults"`
		Fields        []string `json:"fields"`
		NextPageToken string   `json:"nextPageToken,omitempty"`
	}
	req := request{JQL: jql, MaxResults: maxResults, Fields: issueFields}
	found, shown, followed := []Issue{}, map[string]bool{}, map[string]bool{"": true}
	for range maxPages {
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
	return first(found, maxResults), nil
}

func first(issues []Issue, n int) []Issue { return issues[:min(len(issues), n)] }
