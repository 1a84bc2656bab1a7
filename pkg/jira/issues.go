package jira

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	bulkSize        = 100 // of issues or users in one call
	bulkConcurrency = 4
)

// Issues reads many issues, each by key or numeric id. The map holds every
// issue under its id and under its key; those that are not there, not visible
// or not well named are left out. After an error it holds what the calls that
// succeeded have found.
func (c *Client) Issues(ctx context.Context, idsOrKeys []string) (map[string]Issue, error) {
	var (
		mu    sync.Mutex
		found = map[string]Issue{}
		group errgroup.Group
	)
	group.SetLimit(bulkConcurrency)
	for chunk := range slices.Chunk(issueNames(idsOrKeys), bulkSize) {
		group.Go(panics.Guard(func() error {
			issues, err := c.bulkFetch(ctx, chunk)
			mu.Lock()
			defer mu.Unlock()
			for _, issue := range issues {
				found[issue.ID], found[issue.Key] = issue, issue
			}
			return err
		}))
	}
	err := group.Wait()
	return found, err
}

// issueNames are the valid names, each once.
func issueNames(idsOrKeys []string) []string {
	var names []string
	for _, s := range idsOrKeys {
		if name, err := ParseIssueIDOrKey(s); err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (c *Client) bulkFetch(ctx context.Context, names []string) ([]Issue, error) {
	body := struct {
		IssueIDsOrKeys []string `json:"issueIdsOrKeys"`
		Fields         []string `json:"fields"`
	}{names, issueFields}
	var answer struct {
		Issues entries[wireIssue] `json:"issues"`
	}
	if err := c.post(ctx, "issues.bulk", []string{"issue", "bulkfetch"}, body, &answer); err != nil {
		return nil, err
	}
	c.reportUnreadable(ctx, "issues.bulk", answer.Issues.unreadable)
	return c.issues(answer.Issues.list), nil
}

// issues leaves out what has no name.
func (c *Client) issues(wire []wireIssue) []Issue {
	issues := make([]Issue, 0, len(wire))
	for _, w := range wire {
		if w.ID != "" && w.Key != "" {
			issues = append(issues, c.issue(w))
		}
	}
	return issues
}
