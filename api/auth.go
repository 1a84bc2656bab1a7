package api

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleAuth answers POST /login.
func HandleAuth(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, authRoutes...)
}

var authRoutes = []httpapi.Route{
	{Method: http.MethodPost, Path: "/login", Auth: httpapi.NoLogin, Handle: login},
	{Method: http.MethodPost, Path: "/api/login", Auth: httpapi.NoLogin, Handle: login},
}

type loginRequest struct {
	Username string `json:"username"`
	Password string `json:"password"` // as it is: white space may be part of it
}

type loginReply struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	UserID      string `json:"user_id"`
}

// login gives a bearer token for a username and password.
func login(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	var in loginRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	switch {
	case in.Username == "":
		return web.Reply{}, web.BadRequest("username", "username is missing.")
	case in.Password == "":
		return web.Reply{}, web.BadRequest("password", "password is missing.")
	case len(in.Password) > password.MaxLength:
		return web.Reply{}, web.BadRequest("password", "The value is longer than %d bytes.", password.MaxLength)
	}
	if err := web.CheckText("username", in.Username, users.MaxUsername); err != nil {
		return web.Reply{}, err
	}
	token, device, err := httpapi.LogIn(ctx, d, r, in.Username, in.Password)
	if err != nil {
		return web.Reply{}, err
	}
	reply := web.OK(loginReply{token.AccessToken, "Bearer", int64(token.ExpiresIn.Seconds()), token.UserID})
	reply.Cookie = device
	return reply, nil
}
