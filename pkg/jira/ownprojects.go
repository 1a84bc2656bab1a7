package jira

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	ownProjectsLife = 10 * time.Minute
	maxOwnProjects  = 1000 // people whose projects a process remembers
	wideSearch      = 50   // issues among which those of the own projects are looked for
)

// ownProjects remembers in which projects people work.
type ownProjects struct {
	mu       sync.Mutex
	byPerson map[string]projectsOfPerson
}

type projectsOfPerson struct {
	keys  []string
	until time.Time
}

// projectsOf are the projects of the issues that were changed last, among those that
// are assigned to a person or have worklogs of theirs. An order of search results is
// worth no error.
func (c *Client) projectsOf(ctx context.Context, accountID string) []string {
	now := c.now()
	c.own.mu.Lock()
	known, ok := c.own.byPerson[accountID]
	c.own.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.keys
	}
	issues, err := c.searchJQL(ctx, workedOn(accountID), ownIssues, 1)
	if err != nil {
		return nil
	}
	var keys []string
	for _, issue := range issues {
		if !slices.Contains(keys, issue.Project.Key) {
			keys = append(keys, issue.Project.Key)
		}
	}
	c.own.mu.Lock()
	defer c.own.mu.Unlock()
	if c.own.byPerson == nil || len(c.own.byPerson) >= maxOwnProjects {
		c.own.byPerson = map[string]projectsOfPerson{}
	}
	c.own.byPerson[accountID] = projectsOfPerson{keys, now.Add(ownProjectsLife)}
	return keys
}

// searchOwnFirst is searchJQL with the issues of the person's own projects first.
func (c *Client) searchOwnFirst(ctx context.Context, q SearchQuery, jql string) ([]Issue, error) {
	if q.AccountID == "" {
		return c.searchJQL(ctx, jql, q.MaxResults, 1)
	}
	found, err := c.searchJQL(ctx, jql, max(q.MaxResults, wideSearch), 1)
	other := func(issue Issue) bool { return issue.Project.Key != found[0].Project.Key }
	if err != nil || !slices.ContainsFunc(found, other) {
		return first(found, q.MaxResults), err
	}
	own := c.projectsOf(ctx, q.AccountID)
	rank := func(issue Issue) int {
		if slices.Contains(own, issue.Project.Key) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b Issue) int { return rank(a) - rank(b) })
	return first(found, q.MaxResults), nil
}
