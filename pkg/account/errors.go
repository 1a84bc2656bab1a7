package account

import (
	"errors"
	"net/http"
	"path"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

var (
	errNoSession = &web.Error{Status: http.StatusUnauthorized, Code: "NO_SESSION", Message: "You are not signed in here. Log in first."}
	errAmbiguous = &web.Error{Status: http.StatusBadRequest, Code: "SESSION_AMBIGUOUS",
		Message: "The browser sent two session cookies, one of which another site has set. Delete this site's cookies and log in again."}
	errCrossSite = &web.Error{Status: http.StatusForbidden, Code: "CROSS_SITE", Message: "Another site's page sent this. Open this site and try again there."}
	errPersonal  = &web.Error{Status: http.StatusForbidden, Code: "SCOPE_TOO_SMALL", Challenge: `Bearer error="insufficient_scope"`, Message: "A personal access token cannot do this. Log in for it."}
)

// sessionError is what a caller is told of a session that cannot be used. A
// client gives a session up on 401 alone, so silence of Redis must not be one.
func sessionError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, session.ErrNone):
		return errNoSession
	case errors.Is(err, session.ErrEnded):
		return &web.Error{Status: http.StatusUnauthorized, Code: "SESSION_ENDED", Message: "Your session has ended. Log in again.", Err: err}
	}
	return &web.Error{Status: http.StatusServiceUnavailable, Code: "SESSION_UNAVAILABLE", Message: "Your session cannot be checked at the moment. Try again shortly.", Err: err}
}

// checkSameSite refuses a request that a page of another site has made a browser
// send. Programs, which send neither Origin nor Sec-Fetch-Site, pass.
func checkSameSite(d *app.Deps, r *httpapi.Request) error {
	protection := http.NewCrossOriginProtection()
	// Under "vercel dev" the host that a function sees is an inner one.
	if origin := d.Config.PublicURL.String(); origin != "" {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return err
		}
	}
	if protection.Check(r.Request) != nil {
		return errCrossSite
	}
	return nil
}

// checkPerson refuses personal access tokens: what they could do here would
// outlive their revocation.
func checkPerson(r *httpapi.Request) error {
	if r.Caller.PersonalToken != "" {
		return errPersonal
	}
	return nil
}

// lastSegment is the id at the end of a path.
func lastSegment(r *httpapi.Request) string { return path.Base(r.URL.Path) }
