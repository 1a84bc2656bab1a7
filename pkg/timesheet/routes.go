// Package timesheet answers the routes of worklogs. Only the worklogs function links
// it, because of the library that writes calendars.
package timesheet

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/httpapi"
)

// Routes are the routes of worklogs.
var Routes = []httpapi.Route{
	{Method: http.MethodGet, Path: "/api/worklogs", Cost: httpapi.Upstream, Handle: list},
	{Method: http.MethodGet, Path: "/api/today", Cost: httpapi.Upstream, Handle: today},
	{Method: http.MethodGet, Path: "/api/worklogs/summary", Cost: httpapi.Upstream, Handle: summary},
	{Method: http.MethodGet, Path: "/api/worklogs/export", Cost: httpapi.Upstream, Handle: export},
	{Method: http.MethodGet, Path: "/api/calendar/{token}", Auth: httpapi.NoLogin, Cost: httpapi.Upstream, Handle: calendar},
}
