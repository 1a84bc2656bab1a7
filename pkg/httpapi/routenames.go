package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/web"
)

// The routes as logs and telemetry name them: an id in a path is not told. A
// test holds them to package routes.
const issueRoute = "/api/issues/{key}"

var plainRoutes = []string{
	"/api/health", "/api/inngest", "/api/login", "/login", "/api/worklogs", "/api/timers", "/timers", "/api/timers/active",
	"/api/timers/start", "/api/timers/stop", "/api/timers/sync", "/api/issues/search", "/api/users/resolve", "/api/settings/validate",
}

// RouteOf is the template of the request's route, or "" if the path is no
// route's.
func RouteOf(r *http.Request) string {
	if slices.Contains(plainRoutes, r.URL.Path) {
		return r.URL.Path
	}
	// A slash that is escaped belongs to the key.
	issue, found := strings.CutPrefix(r.URL.EscapedPath(), "/api/issues/")
	if found && issue != "" && !strings.Contains(issue, "/") {
		return issueRoute
	}
	return ""
}

// ServeNotFound answers a path that is no route's.
func ServeNotFound(w http.ResponseWriter, r *http.Request) {
	ServePublic(w, r, r.Method, func(context.Context, *app.Deps, *Request) (web.Reply, error) {
		return web.Reply{}, &web.Error{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "There is nothing at this address."}
	})
}

func orUnknown(route string) string {
	if route == "" {
		return "(none)"
	}
	return route
}
