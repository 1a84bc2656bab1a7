package account

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// cookiePath is where the session's cookie is sent: to nothing but the routes
// that need it.
const cookiePath = "/api/auth"

// cookieName is the name under which a cookie is set. Safari drops Secure cookies
// on http, even on loopback.
func cookieName(d *app.Deps, name string) string {
	if secure(d) {
		return "__Secure-" + name
	}
	return name
}

func secure(d *app.Deps) bool {
	return d.Config.PublicURL.URL != nil && d.Config.PublicURL.Scheme == "https"
}

func sessionCookie(d *app.Deps, token string) *http.Cookie {
	return &http.Cookie{Name: cookieName(d, "cw_session"), Value: token, Path: cookiePath, MaxAge: int(session.IdleLife.Seconds()),
		Secure: secure(d), HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// clearedSession is the cookie that removes the session's.
func clearedSession(d *app.Deps) *http.Cookie {
	c := sessionCookie(d, "")
	c.MaxAge = -1
	return c
}

// genuine returns the id of a token's session. Guesses at one are counted.
func genuine(d *app.Deps, r *httpapi.Request, kind session.Kind, token string) (string, error) {
	id, ok := d.Sessions.ID(kind, token)
	if ok {
		return id, nil
	}
	if err := httpapi.AdmitSignIn(d, r, "session"); err != nil {
		return "", err
	}
	return "", errNoSession
}

// readSession returns the session's cookie. Two of the name mean that a page of a
// sibling domain has planted one.
func readSession(d *app.Deps, r *httpapi.Request) (string, error) {
	switch found := r.CookiesNamed(cookieName(d, "cw_session")); len(found) {
	case 0:
		return "", errNoSession
	case 1:
		_, err := genuine(d, r, session.Cookie, found[0].Value)
		return found[0].Value, err
	}
	return "", errAmbiguous
}
