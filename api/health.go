// Package api has functions that serve the routes under /api, one file each.
package api

import (
	"context"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleHealth answers GET /api/health: whether the service runs, and with
// ?deep=1 whether each thing that it depends on does. vercel.json sends it the
// paths below /api that no other function serves.
func HandleHealth(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, httpapi.Route{Method: http.MethodGet, Path: "/api/health", Auth: httpapi.Public, Handle: health})
}

func health(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	deep := r.Query.Get("deep") == "1"
	if deep {
		if err := httpapi.AdmitDeepHealth(ctx, d, r); err != nil {
			return web.Reply{}, err
		}
	}
	return httpapi.Health(ctx, d, deep)
}
