package account

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// refresh gives a browser its next access token, for the session in its cookie.
func refresh(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkSameSite(d, r); err != nil {
		return web.Reply{}, err
	}
	var in struct{}
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	token, err := readSession(d, r)
	if err != nil {
		return web.Reply{}, err
	}
	return renew(ctx, d, r, session.Cookie, token)
}

type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	RefreshToken string `json:"refresh_token"`
	Code         string `json:"code"`
	CodeVerifier string `json:"code_verifier"`
	RedirectURI  string `json:"redirect_uri"`
	ClientID     string `json:"client_id"`
}

// issueToken gives an app its first tokens, for a code, or the next ones. It reads no
// cookie.
func issueToken(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	var in tokenRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	switch in.GrantType {
	case "authorization_code":
		return redeemCode(ctx, d, r, in)
	case "refresh_token":
		return renew(ctx, d, r, session.Native, in.RefreshToken)
	}
	return web.Reply{}, web.BadRequest("grant_type", `grant_type is "authorization_code" or "refresh_token".`)
}

func renew(ctx context.Context, d *app.Deps, r *httpapi.Request, kind session.Kind, token string) (web.Reply, error) {
	id, err := genuine(d, r, kind, token)
	if err != nil {
		return web.Reply{}, err
	}
	if err := httpapi.AdmitRefresh(d, r, id); err != nil {
		return web.Reply{}, err
	}
	current, next, err := d.Sessions.Refresh(ctx, kind, token, func(s *session.Session) bool { return update(ctx, d, s) })
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	return sessionReply(d, auth.Grant{User: userOf(current), SessionID: current.ID, Provider: current.Provider}, kind, next)
}

func userOf(s session.Session) users.User {
	return users.User{Username: s.UserID, AccountID: s.AccountID, Email: s.Email, Role: s.Role}
}

// checkInterval is how often Jira is asked whether a person's account is active.
const checkInterval = 24 * time.Hour

// update takes over what has changed about a person since their last refresh, and
// says whether they may still sign in.
func update(ctx context.Context, d *app.Deps, s *session.Session) bool {
	person, ok := d.People.Current(userOf(*s), s.Provider)
	s.Role, s.Email = person.Role, person.Email
	now := d.Now().UTC().Truncate(time.Second)
	if !ok || now.Sub(s.Checked) < checkInterval {
		return ok
	}
	active, known := d.People.Active(ctx, s.AccountID, s.Provider)
	if known {
		s.Checked = now
	}
	return active
}

type endedReply struct {
	Ended int `json:"ended"`
}

// logOut ends the session of the cookie or of the access token, or all of the
// person's. It is safe to repeat.
func logOut(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	// Browsers send a cookie by themselves, but never an access token: an app, whose page has another origin, has one.
	if r.Header.Get("Authorization") == "" {
		if err := checkSameSite(d, r); err != nil {
			return web.Reply{}, err
		}
	}
	var in struct {
		Everywhere bool `json:"everywhere"`
	}
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	user, id, err := sessionOf(ctx, d, r)
	if err != nil {
		return web.Reply{}, err
	}
	var ended []string
	switch {
	case in.Everywhere && user != "":
		ended, err = d.Sessions.EndAll(ctx, user)
	case id != "":
		var found bool
		if found, err = d.Sessions.End(ctx, user, id); found {
			ended = []string{id}
		}
	}
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	announceEnd(ctx, d, user, ended...)
	reply := web.OK(endedReply{len(ended)})
	reply.Cookies = []*http.Cookie{clearedSession(d)}
	return reply, nil
}

// sessionOf is the person and the session that a logout is about: the bearer
// token's, else the cookie's. A session that has ended already is none.
func sessionOf(ctx context.Context, d *app.Deps, r *httpapi.Request) (user, id string, err error) {
	if who, err := httpapi.Identify(ctx, d, r, httpapi.Route{Auth: httpapi.Login}); err == nil {
		return who.UserID, who.SessionID, checkPerson(&httpapi.Request{Caller: who})
	}
	token, err := readSession(d, r)
	if err == errNoSession {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	current, err := d.Sessions.Check(ctx, session.Cookie, token)
	switch known := sessionError(err); {
	case known == nil:
		return current.UserID, current.ID, nil
	case known.(*web.Error).Status == http.StatusUnauthorized:
		return "", "", nil
	default:
		return "", "", known
	}
}

type sessionEntry struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current"`
	Kind       string    `json:"kind"` // browser or app
	Label      string    `json:"label"`
	Provider   string    `json:"provider"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func listSessions(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkPerson(r); err != nil {
		return web.Reply{}, err
	}
	found, err := d.Sessions.List(ctx, r.Caller.UserID)
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	list := make([]sessionEntry, 0, len(found))
	for _, s := range found {
		list = append(list, sessionEntry{s.ID, s.ID == r.Caller.SessionID, s.Kind.String(), s.Label, s.Provider, s.Created, s.Used,
			s.Used.Add(time.Duration(s.Life) * time.Second)})
	}
	return web.OK(list), nil
}

func endSession(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	if err := checkPerson(r); err != nil {
		return web.Reply{}, err
	}
	id := lastSegment(r)
	found, err := d.Sessions.End(ctx, r.Caller.UserID, id)
	switch {
	case err != nil:
		return web.Reply{}, sessionError(err)
	case !found:
		return web.Reply{}, &web.Error{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "You have no such session."}
	}
	announceEnd(ctx, d, r.Caller.UserID, id)
	return web.OK(endedReply{1}), nil
}
