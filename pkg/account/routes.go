// Package account answers the routes of a person's own account: signing in,
// sessions, personal access tokens, and their Clockwork token. Only the auth
// function links it, because sign-in providers' libraries are large.
package account

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// Routes are the routes of the account.
var Routes = []httpapi.Route{
	{Method: http.MethodPost, Path: "/login", Auth: httpapi.NoLogin, Handle: logIn},
	{Method: http.MethodPost, Path: "/api/login", Auth: httpapi.NoLogin, Handle: logIn},
	{Method: http.MethodGet, Path: "/api/auth", Auth: httpapi.NoLogin, Handle: options},
	{Method: http.MethodPost, Path: "/api/auth/refresh", Auth: httpapi.NoLogin, Handle: refresh},
	{Method: http.MethodPost, Path: "/api/auth/logout", Auth: httpapi.NoLogin, Handle: logOut},
	{Method: http.MethodPost, Path: "/api/auth/token", Auth: httpapi.NoLogin, Handle: issueToken},
	{Method: http.MethodGet, Path: "/api/auth/sessions", Auth: httpapi.Login, Handle: listSessions},
	{Method: http.MethodDelete, Path: "/api/auth/sessions/{id}", Auth: httpapi.Login, Handle: endSession},
	{Method: http.MethodGet, Path: "/api/auth/login/{provider}", Auth: httpapi.NoLogin, LongQuery: true, Handle: beginSignIn},
	{Method: http.MethodGet, Path: "/api/auth/callback", Auth: httpapi.NoLogin, LongQuery: true, Handle: finishSignIn},
	{Method: http.MethodGet, Path: "/api/auth/authorize", Auth: httpapi.NoLogin, Handle: askToAuthorize},
	{Method: http.MethodPost, Path: "/api/auth/authorize", Auth: httpapi.NoLogin, Handle: authorize},
	{Method: http.MethodGet, Path: "/api/me", Auth: httpapi.Login, Handle: me},
	{Method: http.MethodPut, Path: "/api/me/clockwork-token", Auth: httpapi.Login, Cost: httpapi.Upstream, Handle: saveClockworkToken},
	{Method: http.MethodDelete, Path: "/api/me/clockwork-token", Auth: httpapi.Login, Handle: deleteClockworkToken},
	{Method: http.MethodGet, Path: "/api/tokens", Auth: httpapi.Login, Handle: listTokens},
	{Method: http.MethodPost, Path: "/api/tokens", Auth: httpapi.Login, Cost: httpapi.Upstream, Handle: createToken},
	{Method: http.MethodDelete, Path: "/api/tokens/{id}", Auth: httpapi.Login, Handle: revokeToken},
}
