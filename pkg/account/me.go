package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/clockworktoken"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

type meReply struct {
	UserID      string         `json:"user_id"`
	AccountID   string         `json:"account_id,omitempty"`
	Email       string         `json:"email,omitempty"`
	DisplayName string         `json:"display_name,omitempty"`
	AvatarURL   string         `json:"avatar_url,omitempty"`
	Role        string         `json:"role"`
	Scope       string         `json:"scope"`
	Clockwork   savedClockwork `json:"clockwork"`
	TeamView    bool           `json:"teamView"` // whether this person may see the team
}

// savedClockwork says what is known of the person's stored Clockwork token.
type savedClockwork struct {
	Saved   bool       `json:"saved"`
	Owner   *string    `json:"owner"` // claimed; seen or another after a sync; null if there is none
	SavedAt *time.Time `json:"saved_at,omitempty"`
}

// me says who is signed in, and what is connected.
func me(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	who := r.Caller
	out := meReply{UserID: who.UserID, AccountID: who.AccountID, Email: who.Email, Role: "user", Scope: "write",
		TeamView: d.Team.Rules.Allow(httpapi.Viewer(who)) == nil}
	if who.Admin {
		out.Role, out.Scope = auth.RoleAdmin, "admin"
	}
	if who.PersonalToken != "" {
		out.Scope = string(who.Scope)
	}
	if who.AccountID == "" {
		return web.OK(out), nil
	}
	if user, err := d.Names.User(ctx, who.AccountID); err == nil { // a name is worth no error
		out.DisplayName, out.AvatarURL = user.DisplayName, user.AvatarURL
	}
	stored, err := d.ClockworkTokens.Load(ctx, who.AccountID)
	switch {
	case errors.Is(err, clockworktoken.ErrNone):
	case err != nil:
		return web.Reply{}, sessionError(err)
	default:
		out.Clockwork = savedClockwork{true, ownerOf(ctx, d, who.AccountID, stored.Value), &stored.Saved}
	}
	return web.OK(out), nil
}

// ownerOf says how sure it is that the account's saved token is theirs. One that a
// sync has seen to be another's is deleted at its next use.
func ownerOf(ctx context.Context, d *app.Deps, account string, saved secret.Text) *string {
	owner := "claimed"
	switch held, err := d.Owners.Find(ctx, saved); {
	case err != nil || held.Account != account:
	case held.Seen:
		owner = "seen"
	case held.Disproved:
		owner = "another"
	}
	return &owner
}

type savedReply struct {
	Saved bool `json:"saved"`
}

// saveClockworkToken stores the person's Clockwork token, encrypted. It is checked
// with Clockwork first, and never comes back.
func saveClockworkToken(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkAccount(r); err != nil {
		return web.Reply{}, err
	}
	var in struct {
		Token secret.Text `json:"token"`
	}
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	if _, err := httpapi.ValidateSettings(ctx, d, r, r.Caller.AccountID, in.Token); err != nil {
		if refused, ok := errors.AsType[*web.Error](err); ok && errors.Is(err, timercontrol.ErrTaken) {
			return web.Reply{}, &web.Error{Status: http.StatusConflict, Code: "CLOCKWORK_TOKEN_OF_ANOTHER", Field: "token", Message: refused.Message, Err: err}
		}
		return web.Reply{}, err
	}
	switch err := d.ClockworkTokens.Save(ctx, r.Caller.AccountID, in.Token); {
	case errors.Is(err, sealed.ErrNoKey):
		return web.Reply{}, &web.Error{Status: http.StatusServiceUnavailable, Code: "VAULT_NOT_CONFIGURED", Err: err,
			Message: "This server cannot save tokens: its operator has to set TOKEN_ENCRYPTION_KEY."}
	case err != nil:
		return web.Reply{}, sessionError(err)
	}
	return web.OK(savedReply{true}), nil
}

func deleteClockworkToken(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkAccount(r); err != nil {
		return web.Reply{}, err
	}
	if _, err := d.ClockworkTokens.Delete(ctx, r.Caller.AccountID); err != nil {
		return web.Reply{}, sessionError(err)
	}
	return web.OK(savedReply{false}), nil
}

// checkAccount refuses personal tokens, and people without an Atlassian account.
func checkAccount(r *httpapi.Request) error {
	if err := checkPerson(r); err != nil {
		return err
	}
	if r.Caller.AccountID == "" {
		return &web.Error{Status: http.StatusForbidden, Code: "FORBIDDEN", Message: "Your login has no Atlassian account, so it has no Clockwork token."}
	}
	return nil
}
