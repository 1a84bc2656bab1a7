// Package worklogs has a folder of its own because a function links all that is in
// its folder, and the library that writes calendars is large.
package worklogs

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timesheet"
)

// HandleWorklogs answers what is read from worklogs.
func HandleWorklogs(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, timesheet.Routes...)
}
