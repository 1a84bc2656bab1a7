package account

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/logincode"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

var errInvalidGrant = &web.Error{Status: http.StatusBadRequest, Code: "INVALID_GRANT", Message: "This sign-in has expired or was used before. Begin again in the app."}

// redeemCode begins an app's session, with the code that its browser has brought it.
// If the browser's session has ended meanwhile, the code is worth nothing.
func redeemCode(ctx context.Context, d *app.Deps, r *httpapi.Request, in tokenRequest) (web.Reply, error) {
	if err := httpapi.AdmitSignIn(d, r, "code"); err != nil {
		return web.Reply{}, err
	}
	granted, err := logincode.Store{Redis: d.Redis}.Redeem(ctx, in.Code, in.CodeVerifier, in.ClientID, in.RedirectURI)
	if errors.Is(err, logincode.ErrInvalid) {
		return web.Reply{}, errInvalidGrant
	}
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	allowed, err := d.Sessions.Find(ctx, granted.UserID, granted.SessionID)
	if errors.Is(err, session.ErrEnded) {
		return web.Reply{}, errInvalidGrant
	}
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	next := newSession(r, userOf(allowed), allowed.Provider, "token")
	next.Label, next.Checked = appName(in.ClientID, r.UserAgent()), allowed.Checked
	began, token, err := d.Sessions.Begin(ctx, next)
	if err != nil {
		return web.Reply{}, sessionError(err)
	}
	return sessionReply(d, auth.Grant{User: userOf(began), SessionID: began.ID, Provider: began.Provider}, session.Native, token)
}

// appName is the app in the list of sessions: "Desktop app on Windows".
func appName(clientID, userAgent string) string {
	client := nativeClients[clientID]
	name := strings.ToUpper(client[:1]) + client[1:]
	if _, system, found := strings.Cut(deviceName(userAgent), " on "); found {
		name += " on " + system
	}
	return name
}
