package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

var errScope = &web.Error{Status: http.StatusForbidden, Code: "SCOPE_TOO_SMALL", Challenge: `Bearer error="insufficient_scope"`,
	Message: "This personal access token may not do that. Make one with a larger scope."}

// personalCaller is the person whose personal access token was sent. Guesses are
// counted by address before Redis is asked.
func personalCaller(ctx context.Context, d *app.Deps, r *http.Request, text string) (auth.Caller, error) {
	if wait := ForgeryWait(d, r); wait > 0 {
		return auth.Caller{}, &ratelimit.Exceeded{RetryAfter: wait}
	}
	token, err := d.Tokens.Find(ctx, text)
	if err := checked(ctx, d, token, err); err != nil {
		if errors.Is(err, auth.ErrBadToken) {
			CountForgery(d, r)
		}
		return auth.Caller{}, err
	}
	return holder(d, token)
}

// checked is the answer to a token that was looked up. At its first use of a day Jira is
// asked whether its owner's account is open, and the day is stored.
func checked(ctx context.Context, d *app.Deps, token accesstoken.Token, err error) error {
	switch {
	case errors.Is(err, accesstoken.ErrUnknown):
		return auth.ErrBadToken
	case err != nil:
		return &web.Error{Status: http.StatusServiceUnavailable, Code: "SESSION_UNAVAILABLE", RetryAfter: retryAfter(err), Err: err,
			Message: "Your token cannot be checked at the moment. Try again shortly."}
	case d.Tokens.UsedToday(token):
		return nil
	}
	switch active, known := d.People.Active(ctx, token.AccountID, token.Provider); {
	case !active:
		if _, err := d.Tokens.Revoke(ctx, token.UserID, token.ID); err != nil {
			d.Log.WarnContext(ctx, "token of a closed account not revoked", "error", err)
		}
		return auth.ErrBadToken
	case known:
		err = d.Tokens.MarkUsed(ctx, token)
	}
	if err != nil {
		d.Log.WarnContext(ctx, "last use of a personal token not stored", "error", err)
	}
	return nil
}

// holder is who uses the token.
func holder(d *app.Deps, token accesstoken.Token) (auth.Caller, error) {
	person, ok := d.People.Current(users.User{Username: token.UserID, AccountID: token.AccountID, Email: token.Email}, token.Provider)
	if !ok {
		return auth.Caller{}, auth.ErrBadToken
	}
	return auth.Caller{Known: true, UserID: token.UserID, AccountID: token.AccountID, Email: person.Email,
		Admin:   person.Role == auth.RoleAdmin && token.Scope == accesstoken.Admin,
		Expires: token.Expires, Provider: token.Provider, PersonalToken: token.ID, Scope: token.Scope}, nil
}

// unchecked is a personal token that this process knows: a read of timers, which asks
// Redis anyway, asks whether it still exists.
type unchecked struct {
	text  string
	id    string
	asked timercache.Also
}

// knownCaller is the caller whose token is checked by check, before the answer.
func knownCaller(d *app.Deps, in *Request, text string) (who auth.Caller, known bool) {
	token, known := d.Tokens.Known(text)
	if !known {
		return who, false
	}
	who, err := holder(d, token)
	if err != nil {
		return who, false
	}
	in.unchecked = &unchecked{text: text, id: token.ID, asked: timercache.Also{Key: token.Key()}}
	return who, true
}

// check refuses a token that does not exist any more. If the route has not asked
// Redis, that is done here.
func (u *unchecked) check(ctx context.Context, d *app.Deps) error {
	var token accesstoken.Token
	var err error
	if u.asked.Read {
		token, err = d.Tokens.Check(u.id, u.asked.Value)
	} else {
		token, err = d.Tokens.Find(ctx, u.text)
	}
	return checked(ctx, d, token, err)
}

// PersonalCaller is the person whose personal token opens a WebSocket or a stream,
// for which any scope is enough that may read.
func PersonalCaller(d *app.Deps, r *http.Request, text string) (auth.Caller, error) {
	who, err := personalCaller(r.Context(), d, r, text)
	if err == nil && !scopeAllows(who.Scope, Route{Method: http.MethodGet}) {
		return auth.Caller{}, errScope
	}
	if _, limited := errors.AsType[*ratelimit.Exceeded](err); limited {
		return auth.Caller{}, errorFor(err, r.Context())
	}
	return who, err
}

// CalendarCaller is the person whose calendar token is in the address. Any other token
// is refused there, because addresses are logged by others.
func CalendarCaller(ctx context.Context, d *app.Deps, r *Request, text string) (auth.Caller, error) {
	if len(d.Verifier.Secrets) == 0 {
		return auth.Caller{}, auth.ErrNoLogin
	}
	who, err := personalCaller(ctx, d, r.Request, text)
	if err == nil && who.Scope != accesstoken.Calendar {
		return auth.Caller{}, auth.ErrBadToken
	}
	return who, err
}

// scopeAllows reports whether a personal token of that scope may call the route.
func scopeAllows(scope accesstoken.Scope, route Route) bool {
	switch scope {
	case accesstoken.Read:
		return route.Method == http.MethodGet
	case accesstoken.Write, accesstoken.Admin:
		return true
	}
	return false // a calendar's is sent in an address, to the feed alone
}
