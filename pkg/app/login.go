package app

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/web"
)

// newLogin signs with the current secret; without one nobody can log in.
func (d *Deps) newLogin() *auth.Login {
	signer := auth.Signer{Now: d.Now}
	if len(d.Verifier.Secrets) > 0 {
		signer.Secret = d.Verifier.Secrets[0]
	}
	return auth.NewLogin(d.Config.Auth.Users, signer, auth.NewAttempts(d.Redis, []byte(signer.Secret), d.Now, d.Log))
}

// ServeStranger answers a caller who has no token yet, once the configuration
// is complete.
func ServeStranger(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{identify: func(*Deps) (auth.Caller, error) { return auth.Caller{}, nil }, load: light})
}

// ServeToken answers a caller with a bearer token, in open mode too: what it
// shows is one user's, and only the token says whose.
func ServeToken(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{load: light, identify: func(d *Deps) (auth.Caller, error) {
		if len(d.Verifier.Secrets) == 0 {
			return auth.Caller{}, auth.ErrNoLogin
		}
		return auth.Identify(r, config.AuthRequired, d.Verifier.Verify)
	}})
}

func tooManyAttempts(limited *auth.TooManyAttempts, cause error) *web.Error {
	return &web.Error{Status: http.StatusTooManyRequests, Code: "TOO_MANY_ATTEMPTS", RetryAfter: limited.RetryAfter, Err: cause,
		Message: "Too many failed attempts to log in from here. Try again " + inWords(limited.RetryAfter) + "."}
}
