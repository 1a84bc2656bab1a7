package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Account is the account id of a subject that must be one person.
func Account(ctx context.Context, d *app.Deps, s auth.Subject) (string, error) {
	switch {
	case s.AccountID != "":
		return s.AccountID, nil
	case s.Email == "":
		return "", web.BadRequest("accountId", "Say whose: accountId or userEmail is missing.")
	}
	user, err := d.Names.UserByEmail(ctx, s.Email)
	return user.AccountID, UserError(err)
}

// Account checks an account id from a body, and that the caller may act for it. If
// the body names nobody, a known caller acts for themselves.
func (r *Request) Account(id string) (string, error) {
	id, err := AccountID(id)
	if err != nil {
		return "", err
	}
	if !r.Caller.Known {
		return id, nil
	}
	id = cmp.Or(id, r.Caller.AccountID) // Narrow would let an admin act for everybody
	subject, err := r.Caller.Narrow(auth.Subject{AccountID: id})
	return subject.AccountID, err
}

// OwnAccount is the account of the caller, who has logged in.
func (r *Request) OwnAccount() (string, error) {
	if r.Caller.AccountID == "" {
		return "", &web.Error{Status: http.StatusForbidden, Code: "FORBIDDEN", Message: "Your login has no Atlassian account, so it has no settings."}
	}
	return r.Caller.AccountID, nil
}

// ResolveUser finds a user by the parameter email, or else by query.
func ResolveUser(ctx context.Context, d *app.Deps, r *Request) (jira.User, error) {
	email, err := Email("email", r.Query.Get("email"))
	if err != nil {
		return jira.User{}, err
	}
	if email != "" {
		user, err := d.Names.UserByEmail(ctx, email)
		return user, UserError(err)
	}
	if !r.Query.Has("query") {
		return jira.User{}, web.BadRequest("email", "Say whom to look for: email or query is missing.")
	}
	user, err := d.Names.FindUser(ctx, r.Query.Get("query"))
	return user, UserError(err)
}

// Issue finds an issue by its key or number. If it is not in Redis, the request counts
// as a lookup.
func Issue(ctx context.Context, d *app.Deps, r *Request, idOrKey string) (jira.Issue, error) {
	issue, err := d.Names.IssueIf(ctx, idOrKey, func(ctx context.Context) error { return admitLookup(ctx, d, r) })
	return issue, IssueError(err)
}

// UserError turns "not found" into ErrUserNotFound.
func UserError(err error) error {
	if errors.Is(err, jira.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrUserNotFound, err)
	}
	return err
}

// IssueError turns "not found" into ErrIssueNotFound.
func IssueError(err error) error {
	if errors.Is(err, jira.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrIssueNotFound, err)
	}
	return err
}

// TimerID reads a timer's id from JSON, a number or a string with one: the
// desktop client has sent both.
type TimerID int64

func (id *TimerID) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return web.BadRequest("timerId", "timerId must be a whole number.")
	}
	*id = TimerID(n)
	return nil
}
