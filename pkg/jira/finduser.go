package jira

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/timer"
)

const maxCandidates = 50

// FindUser finds the one person that query names, or none: ErrNotFound. Jira's
// search matches by prefix, so its first hit may be somebody else.
//
//   - An e-mail address must be the user's, but for upper and lower case. Where
//     profiles hide it nothing can be proven, and nobody is found.
//   - Other text must match one active person only, or be one person's whole
//     display name.
func (c *Client) FindUser(ctx context.Context, query string) (User, error) {
	query = strings.TrimSpace(query)
	if query == "" {
		return User{}, ErrNotFound
	}
	var candidates entries[wireUser]
	params := url.Values{"query": {query}, "maxResults": {strconv.Itoa(maxCandidates)}}
	if err := c.get(ctx, "users.search", []string{"user", "search"}, params, &candidates); err != nil {
		return User{}, err
	}
	c.reportUnreadable(ctx, "users.search", candidates.unreadable)
	people := onlyPeople(candidates.list)
	if strings.Contains(query, "@") {
		email := timer.NormalizeEmail(query)
		return theOne(people, func(u wireUser) bool { return timer.NormalizeEmail(u.EmailAddress) == email })
	}
	if len(people) == 1 && candidates.unreadable == 0 && candidates.size() < maxCandidates {
		return people[0].user(), nil
	}
	return theOne(people, func(u wireUser) bool { return strings.EqualFold(u.DisplayName, query) })
}

// onlyPeople leaves out apps, portal customers and deactivated accounts.
func onlyPeople(all []wireUser) []wireUser {
	var people []wireUser
	for _, u := range all {
		if u.Active && u.AccountID != "" && (u.AccountType == "atlassian" || u.AccountType == "") {
			people = append(people, u)
		}
	}
	return people
}

// theOne is the only user for whom match is true.
func theOne(users []wireUser, match func(wireUser) bool) (User, error) {
	var found []wireUser
	for _, u := range users {
		if match(u) {
			found = append(found, u)
		}
	}
	if len(found) != 1 {
		return User{}, ErrNotFound
	}
	return found[0].user(), nil
}
