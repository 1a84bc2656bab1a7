// Package routes has the list of all routes, for processes that serve all of them. On
// Vercel each file under api/ is a function of its own, and vercel.json has the
// rewrites; a test compares the two.
package routes

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/api/auth"
	"github.com/clockwork-timer/backend/api/inngest"
	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/pkg/account"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timesheet"
)

// Route is one path and its handler. Handlers check the method themselves.
type Route struct {
	Path    string
	Handler http.HandlerFunc
}

// All lists every route of the API.
func All() []Route {
	all := []Route{
		{"/api/health", api.HandleHealth},
		{"/api/inngest", inngest.HandleInngest},
		{"/api/timers", timers.HandleIndex},
		{"/timers", timers.HandleIndex},
		{"/api/timers/active", timers.HandleActive},
		{"/api/timers/start", timers.HandleStart},
		{"/api/timers/stop", timers.HandleStop},
		{"/api/timers/sync", timers.HandleIndex},
		{"/api/team", timers.HandleIndex},
		{"/api/issues/search", api.HandleLookup},
		{"/api/issues/{key}", api.HandleLookup},
		{"/api/users/resolve", api.HandleLookup},
		{"/api/settings", api.HandleLookup},
		{"/api/settings/validate", api.HandleLookup},
		{"/api/settings/visibility", api.HandleLookup},
	}
	for _, route := range timesheet.Routes {
		all = append(all, Route{route.Path, worklogs.HandleWorklogs})
	}
	for _, route := range account.Routes {
		if !slices.ContainsFunc(all, func(r Route) bool { return r.Path == route.Path }) {
			all = append(all, Route{route.Path, auth.HandleAuth})
		}
	}
	return all
}

// Handler serves every route, and the mounted ones beside them, with the same
// dependencies. Unknown paths get a 404, unless a route is mounted at "/": see Pages.
func Handler(d *app.Deps, mounted ...Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range All() {
		mux.Handle(route.Path, httpapi.WithDeps(d, route.Handler))
	}
	apiNotFound := httpapi.NotFound(d)
	rest := true // has no handler yet
	for _, route := range mounted {
		mux.Handle(route.Path, route.Handler)
		rest = rest && route.Path != "/"
	}
	if rest {
		mux.Handle("/", apiNotFound)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !clean(r.URL.EscapedPath()) {
			apiNotFound.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// clean reports whether the mux serves the path as it is. The mux would redirect any
// other path.
func clean(escaped string) bool {
	return strings.HasPrefix(escaped, "/") && !strings.Contains(escaped, "//") && path.Clean(escaped) == "/"+strings.Trim(escaped, "/")
}
