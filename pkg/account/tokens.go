package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

type tokenEntry struct {
	ID         string            `json:"id"`
	Token      string            `json:"token,omitempty"` // once, when it is made
	Name       string            `json:"name"`
	Scope      accesstoken.Scope `json:"scope"`
	CreatedAt  time.Time         `json:"created_at"`
	LastUsedOn string            `json:"last_used_on,omitempty"` // a day in UTC
	ExpiresAt  time.Time         `json:"expires_at"`
}

func entryOf(t accesstoken.Token, text string) tokenEntry {
	return tokenEntry{t.ID, text, t.Name, t.Scope, t.Created, t.UsedOn, t.Expires}
}

func listTokens(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkPerson(r); err != nil {
		return web.Reply{}, err
	}
	found, err := d.Tokens.List(ctx, r.Caller.UserID)
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	list := make([]tokenEntry, 0, len(found))
	for _, t := range found {
		list = append(list, entryOf(t, ""))
	}
	return web.OK(list), nil
}

type createTokenRequest struct {
	Name  string            `json:"name"`
	Scope accesstoken.Scope `json:"scope"`
	Days  *int              `json:"expires_in_days"`
}

func (in *createTokenRequest) check(admin bool) error {
	in.Name = strings.TrimSpace(in.Name)
	if in.Days == nil {
		in.Days = new(accesstoken.DefaultDays)
	}
	scopes := []accesstoken.Scope{accesstoken.Read, accesstoken.Write, accesstoken.Admin, accesstoken.Calendar}
	switch {
	case in.Name == "":
		return web.BadRequest("name", "Give the token a name, so that you know later what it is for.")
	case !slices.Contains(scopes, in.Scope):
		return web.BadRequest("scope", "scope is read, write, admin or calendar.")
	case in.Scope == accesstoken.Admin && !admin:
		return &web.Error{Status: http.StatusForbidden, Code: "FORBIDDEN", Field: "scope", Message: "Only an admin can make a token with the scope admin."}
	case *in.Days < 1 || *in.Days > accesstoken.MaxDays:
		return web.BadRequest("expires_in_days", "expires_in_days is from 1 to %d.", accesstoken.MaxDays)
	}
	return web.CheckText("name", in.Name, maxTokenName)
}

const maxTokenName = 100

func createToken(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkPerson(r); err != nil {
		return web.Reply{}, err
	}
	var in createTokenRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	if err := in.check(r.Caller.Admin); err != nil {
		return web.Reply{}, err
	}
	token := accesstoken.Token{UserID: r.Caller.UserID, AccountID: r.Caller.AccountID, Email: r.Caller.Email, Provider: r.Caller.Provider, Scope: in.Scope, Name: in.Name}
	made, text, err := d.Tokens.Create(ctx, token, *in.Days)
	switch {
	case errors.Is(err, accesstoken.ErrTooMany):
		return web.Reply{}, &web.Error{Status: http.StatusConflict, Code: "TOO_MANY_TOKENS", Err: err,
			Message: "You have as many tokens as are allowed. Revoke one that you do not need."}
	case err != nil:
		return web.Reply{}, sessionError(err)
	}
	reply := web.OK(entryOf(made, text))
	reply.Status = http.StatusCreated
	return reply, nil
}

type revokedReply struct {
	Revoked bool `json:"revoked"`
}

func revokeToken(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkPerson(r); err != nil {
		return web.Reply{}, err
	}
	id := lastSegment(r)
	found, err := d.Tokens.Revoke(ctx, r.Caller.UserID, id)
	switch {
	case err != nil:
		return web.Reply{}, sessionError(err)
	case !found:
		return web.Reply{}, &web.Error{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "You have no such token."}
	}
	announceEnd(ctx, d, r.Caller.UserID, id)
	return web.OK(revokedReply{true}), nil
}
