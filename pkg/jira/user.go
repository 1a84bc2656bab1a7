package jira

import (
	"context"
	"errors"
	"net/url"
)

// maxAccountID is the length that Jira allows.
const maxAccountID = 128

// User is a Jira user. What the user's profile hides is empty.
type User struct {
	AccountID    string `json:"accountId"`
	EmailAddress string `json:"emailAddress,omitempty"`
	DisplayName  string `json:"displayName,omitempty"`
	AvatarURL    string `json:"avatarUrl,omitempty"`
	TimeZone     string `json:"timeZone,omitempty"` // IANA name; the site's default if the profile hides it
}

type wireUser struct {
	AccountID    string  `json:"accountId"`
	AccountType  string  `json:"accountType"` // atlassian, app, customer, unknown
	Active       bool    `json:"active"`
	DisplayName  string  `json:"displayName"`
	EmailAddress string  `json:"emailAddress"`
	AvatarURLs   avatars `json:"avatarUrls"`
	TimeZone     string  `json:"timeZone"`
}

// avatars are URLs by size, "48x48" the largest.
type avatars map[string]string

func (a avatars) url() string { return a["48x48"] }

func (w wireUser) user() User {
	return User{w.AccountID, w.EmailAddress, w.DisplayName, w.AvatarURLs.url(), w.TimeZone}
}

var errNoUser = errors.New("a user without account id")

// User reads one user by Atlassian account id. Unknown, or not visible to our
// credential, is ErrNotFound.
func (c *Client) User(ctx context.Context, accountID string) (User, error) {
	if accountID == "" || len(accountID) > maxAccountID {
		return User{}, ErrNotFound
	}
	return c.oneUser(ctx, "users.get", []string{"user"}, url.Values{"accountId": {accountID}})
}

// Active reports whether the account exists and was not closed. That somebody lost
// access to the site does not make them inactive.
func (c *Client) Active(ctx context.Context, accountID string) (bool, error) {
	var w wireUser
	err := c.get(ctx, "users.get", []string{"user"}, url.Values{"accountId": {accountID}}, &w)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return w.Active, err
}

// Myself reads the owner of our credential: the way to see that it works.
func (c *Client) Myself(ctx context.Context) (User, error) {
	return c.oneUser(ctx, "users.myself", []string{"myself"}, nil)
}

func (c *Client) oneUser(ctx context.Context, op string, path []string, query url.Values) (User, error) {
	var w wireUser
	if err := c.get(ctx, op, path, query, &w); err != nil {
		return User{}, err
	}
	if w.AccountID == "" {
		return User{}, badBody(op, errNoUser)
	}
	return w.user(), nil
}
