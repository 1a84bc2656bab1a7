package timesheet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// calendarDays is how far back a calendar goes.
const calendarDays = 90

// errNoCalendar is not 401, at which calendar programs ask for a password.
var errNoCalendar = &web.Error{Status: http.StatusNotFound, Code: "NOT_FOUND",
	Message: "There is no such calendar. Its token may have been revoked or have expired: make a new one."}

// calendar answers a person's worklogs as a calendar to subscribe to. Calendar programs
// send no headers, so a token for nothing else is in the address.
func calendar(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	text, found := strings.CutSuffix(path.Base(r.URL.Path), ".ics")
	if !found {
		text = "" // which is no token
	}
	who, err := httpapi.CalendarCaller(ctx, d, r, text)
	switch {
	case errors.Is(err, auth.ErrBadToken):
		return web.Reply{}, errNoCalendar
	case err != nil:
		return web.Reply{}, err
	}
	token, err := httpapi.ReadToken(ctx, d, who)
	if err != nil {
		return web.Reply{}, err
	}
	account, err := httpapi.Account(ctx, d, who.Own())
	if err != nil {
		return web.Reply{}, err
	}
	today := d.Now().UTC()
	logged, err := d.Worklogs.Range(ctx, worklog.RangeQuery{Token: token.Value, Accounts: []string{account},
		From: today.AddDate(0, 0, -calendarDays), To: today.AddDate(0, 0, 1), Zone: time.UTC}) // tomorrow has begun east of here
	if err != nil {
		return web.Reply{}, token.Failed(ctx, err)
	}
	file, err := icsFile(logged.Worklogs, d.Config.Jira.Domain)
	if err != nil {
		return web.Reply{}, err
	}
	sum := sha256.Sum256(file)
	reply := web.Reply{Status: http.StatusOK, Raw: file, ETag: `"` + hex.EncodeToString(sum[:8]) + `"`,
		Header: http.Header{"Content-Type": {"text/calendar; charset=utf-8"}, "Cache-Control": {"private, max-age=900"}}}
	if web.Matches(r.Request, reply.ETag) {
		reply.Status = http.StatusNotModified
		reply.Header.Del("Content-Type")
	}
	return reply, nil
}
