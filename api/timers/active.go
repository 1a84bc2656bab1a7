// Package timers has the routes under /api/timers, one file each.
package timers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// longestWait is the longest long poll, in seconds.
const longestWait = 25

// HandleActive answers GET /api/timers/active: the running timers of one user
// or of everybody, from the cache. With wait and If-None-Match it answers when
// they change.
func HandleActive(w http.ResponseWriter, r *http.Request) {
	app.Serve(w, r, http.MethodGet, active)
}

type activeReply struct {
	Timers    []timer.Timer `json:"timers"`
	CachedAt  *time.Time    `json:"cachedAt"` // when tillNow was true: the moment of this answer
	SyncedAt  *time.Time    `json:"syncedAt"` // when the snapshot was fetched
	AccountID string        `json:"accountId"`
	Stale     bool          `json:"stale,omitempty"`
	Degraded  []string      `json:"degraded,omitempty"`
}

func active(ctx context.Context, d *app.Deps, r *app.Request) (web.Reply, error) {
	who, err := r.Subject()
	if err != nil {
		return web.Reply{}, err
	}
	wait, err := r.Query.Int("wait", 0, 0, longestWait)
	if err != nil {
		return web.Reply{}, err
	}
	subject := timercache.Subject(who)
	known := web.IfNoneMatch(r.Request)
	var view timercache.View
	if wait > 0 && len(known) > 0 {
		view, err = d.WaitTimers(ctx, subject, strings.Join(known, ", "), time.Duration(wait)*time.Second)
	} else {
		view, err = d.Timers.Read(ctx, subject)
	}
	switch {
	case err != nil:
		return web.Reply{}, err
	case web.Matches(r.Request, view.ETag):
		return web.Reply{Status: http.StatusNotModified, ETag: view.ETag}, nil
	}
	body := activeReply{view.Timers, view.CachedAt, view.SyncedAt, view.AccountID, view.Stale, nil}
	if view.Degraded {
		body.Degraded = app.WithoutJira
	}
	return web.Reply{Status: http.StatusOK, Body: body, ETag: view.ETag}, nil
}
