package app

import (
	"net/http"
	"slices"
	"strings"
)

// The routes as logs and telemetry name them: an id in a path is not told. A
// test holds them to package routes.
const issueRoute = "/api/issues/{key}"

var plainRoutes = []string{
	"/api/health", "/api/inngest", "/api/login", "/login", "/api/worklogs", "/api/timers", "/timers", "/api/timers/active",
	"/api/timers/start", "/api/timers/stop", "/api/timers/sync", "/api/issues/search", "/api/users/resolve", "/api/settings/validate",
}

// RouteOf is the template of the request's route, or "". A mux says it; a
// function is called at a path.
func RouteOf(r *http.Request) string {
	path := r.URL.Path
	if _, pattern, found := strings.Cut(" "+r.Pattern, " /"); found {
		path = "/" + pattern
	}
	switch issue, found := strings.CutPrefix(path, "/api/issues/"); {
	case slices.Contains(plainRoutes, path):
		return path
	case found && issue != "" && !strings.Contains(issue, "/"):
		return issueRoute
	}
	return ""
}

func orUnknown(route string) string {
	if route == "" {
		return "(none)"
	}
	return route
}
