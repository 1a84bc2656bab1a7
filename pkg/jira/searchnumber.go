package jira

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// searchByNumber finds the issues with a number, or one that begins with it. One
// call finds the projects to look in, together with the issues that have the
// number in their summary.
func (c *Client) searchByNumber(ctx context.Context, q SearchQuery, number string) ([]Issue, error) {
	listed, err := c.searchJQL(ctx, workedOnOrMatching(q.AccountID, number), ownIssues, 1)
	switch {
	case upstream.StatusOf(err) == http.StatusBadRequest: // no such account, or the site tracks no time
		return c.searchBySummary(ctx, q)
	case err != nil:
		return nil, err
	}
	var own, others []string
	found := []Issue{}
	for _, issue := range listed {
		switch {
		case issue.Assignee != nil && issue.Assignee.AccountID == q.AccountID, !mentions(issue.Summary, number):
			own = append(own, issue.Project.Key)
		default:
			others = append(others, issue.Project.Key)
		}
		if mentions(issue.Summary, number) {
			found = append(found, issue)
		}
	}
	numbered, err := c.numbered(ctx, append(own, others...), number)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(issue Issue) bool {
		return slices.ContainsFunc(numbered, func(n Issue) bool { return n.ID == issue.ID })
	})
	return first(append(numbered, found...), q.MaxResults), nil
}

// mentions reports whether a word of the text begins with the number.
func mentions(text, number string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, number) })
}

// numbered reads the issues of the projects with the number, and those whose number
// begins with it, the shortest number and the first project first. JQL cannot find
// the beginning of a key, and refuses a query with a key of no issue.
func (c *Client) numbered(ctx context.Context, projects []string, number string) ([]Issue, error) {
	keys := keysBeginningWith(projects, number)
	if len(keys) == 0 {
		return []Issue{}, nil
	}
	found, err := c.bulkFetch(ctx, keys)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	place := make(map[string]int, len(keys))
	for i, key := range keys {
		place[key] = i + 1 // 0: found by the key that it had before it was moved
	}
	slices.SortStableFunc(found, func(a, b Issue) int { return cmp.Compare(place[a.Key], place[b.Key]) })
	return found, nil
}

// keysBeginningWith lists as many keys as one call may ask for.
func keysBeginningWith(projects []string, number string) (keys []string) {
	var valid []string
	for _, project := range projects {
		if isKey(projectKey, project) && !slices.Contains(valid, project) {
			valid = append(valid, project)
		}
	}
	for numbers := []string{number}; len(valid) > 0 && len(numbers) > 0; numbers = longer(numbers) {
		for _, n := range numbers {
			for _, project := range valid {
				if keys = append(keys, project+"-"+n); len(keys) == bulkSize {
					return keys
				}
			}
		}
	}
	return keys
}

// longer lists the numbers with one more digit.
func longer(numbers []string) (all []string) {
	for _, n := range numbers {
		for digit := '0'; digit <= '9' && len(n) < maxIssueNumber; digit++ {
			all = append(all, n+string(digit))
		}
	}
	return all
}
