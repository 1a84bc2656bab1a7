package account

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// granted is the answer to whoever has signed in.
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds; never a time, because clocks differ
	UserID      string `json:"user_id"`
	SessionID   string `json:"session_id,omitempty"`
	// RefreshToken is for apps; browsers have it in a cookie.
	RefreshToken string `json:"refresh_token,omitempty"`
}

func grant(d *app.Deps, g auth.Grant) (granted, error) {
	token, err := d.Signer.Sign(g)
	return granted{AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(g.Life().Seconds()), UserID: g.User.ID(), SessionID: g.SessionID}, err
}

type loginRequest struct {
	Username string `json:"username"`
	Password string `json:"password"` // as it is: white space may be part of it
	// Session asks to stay signed in: "cookie" for a browser, "token" for an app.
	Session string `json:"session"`
}

func (in loginRequest) check() error {
	switch {
	case in.Username == "":
		return web.BadRequest("username", "username is missing.")
	case in.Password == "":
		return web.BadRequest("password", "password is missing.")
	case len(in.Password) > password.MaxLength:
		return web.BadRequest("password", "The value is longer than %d bytes.", password.MaxLength)
	case in.Session != "" && in.Session != "cookie" && in.Session != "token":
		return web.BadRequest("session", `session is "cookie" or "token".`)
	}
	return web.CheckText("username", in.Username, users.MaxUsername)
}

// logIn gives an access token for a username and password, and a session if one
// is asked for.
func logIn(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	var in loginRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	if err := in.check(); err != nil {
		return web.Reply{}, err
	}
	if in.Session == "cookie" {
		if err := checkSameSite(d, r); err != nil {
			return web.Reply{}, err
		}
	}
	who, device, err := httpapi.LogIn(ctx, d, r, in.Username, in.Password)
	if err != nil {
		return web.Reply{}, err
	}
	who, _ = d.People.Current(who, auth.ProviderPassword)
	reply, err := begin(ctx, d, r, who, auth.ProviderPassword, in.Session)
	reply.Cookies = append(reply.Cookies, device)
	return reply, err
}

// begin signs a person in. A cookie session needs PUBLIC_URL; without it the login
// has no session, as before there were any.
func begin(ctx context.Context, d *app.Deps, r *httpapi.Request, who users.User, provider, kind string) (web.Reply, error) {
	g := auth.Grant{User: who, Provider: provider}
	if kind == "" || kind == "cookie" && !d.Config.HasSessions() {
		out, err := grant(d, g)
		return web.OK(out), err
	}
	began, token, err := d.Sessions.Begin(ctx, newSession(r, who, provider, kind))
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	g.SessionID = began.ID
	return sessionReply(d, g, began.Kind, token)
}

func newSession(r *httpapi.Request, who users.User, provider, kind string) session.Session {
	s := session.Session{UserID: who.ID(), AccountID: who.AccountID, Email: who.Email, Role: who.Role,
		Kind: session.Cookie, Label: deviceName(r.UserAgent()), Provider: provider}
	if kind == "token" {
		s.Kind = session.Native
	}
	return s
}

// sessionReply is the answer with a session's tokens: an access token in the body,
// the refresh token in the place of its kind.
func sessionReply(d *app.Deps, g auth.Grant, kind session.Kind, token string) (web.Reply, error) {
	out, err := grant(d, g)
	if err != nil {
		return web.Reply{}, err
	}
	if kind == session.Native {
		out.RefreshToken = token
		return web.OK(out), nil
	}
	reply := web.OK(out)
	reply.Cookies = []*http.Cookie{sessionCookie(d, token)}
	return reply, nil
}

type optionsReply struct {
	Providers []providerOption `json:"providers"`
	Password  bool             `json:"password"` // people can log in with one
	Sessions  bool             `json:"sessions"` // browsers can stay signed in
}

type providerOption struct {
	ID   string `json:"id"` // in /api/auth/login/{id}
	Name string `json:"name"`
}

// options says what the login page can offer.
func options(_ context.Context, d *app.Deps, _ *httpapi.Request) (web.Reply, error) {
	return web.OK(optionsReply{providerOptions(d), d.Config.Auth.Users.Len() > 0 && d.Signer.Secret != "", d.Config.HasSessions()}), nil
}
