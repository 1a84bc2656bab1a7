// Package inngest has a folder of its own because a function links all that is
// in its folder, and Inngest's SDK is large.
package inngest

import (
	"net/http"

	"github.com/clockwork-timer/backend/inngest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// HandleInngest serves /api/inngest: Inngest's protocol for the background
// function, which checks Inngest's signature itself.
func HandleInngest(w http.ResponseWriter, r *http.Request) {
	httpapi.ServeProtocol(w, r, "/api/inngest", []string{http.MethodGet, http.MethodPost, http.MethodPut}, inngest.Handler)
}
