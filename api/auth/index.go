// Package auth has a folder of its own because a function links all that is in its
// folder, and the libraries of sign-in providers are large.
package auth

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/account"
	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// HandleAuth answers the routes of a person's own account: logging in, sessions,
// personal access tokens and their Clockwork token.
func HandleAuth(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, account.Routes...)
}
