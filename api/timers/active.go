// Package timers has the functions that serve the routes under /api/timers, one
// file each.
package timers

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// longestWait is the longest long poll, in seconds.
const longestWait = 25

// HandleActive answers GET /api/timers/active: the running timers of one user
// or of everybody, from the cache. With wait and If-None-Match it answers when
// they change.
func HandleActive(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, httpapi.Route{Method: http.MethodGet, Path: "/api/timers/active", ReadsTimers: true, Handle: active})
}

// activeReply is the answer without the timers, which come first and are already
// encoded.
type activeReply struct {
	CachedAt  *time.Time `json:"cachedAt"` // when tillNow was true: the moment of this answer
	SyncedAt  *time.Time `json:"syncedAt"` // when the snapshot was fetched
	AccountID string     `json:"accountId"`
	Stale     bool       `json:"stale,omitempty"`
	Degraded  []string   `json:"degraded,omitempty"`
}

func active(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
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
	var page timercache.Page
	if wait > 0 && len(known) > 0 {
		page, err = httpapi.WaitTimers(ctx, d, subject, strings.Join(known, ", "), time.Duration(wait)*time.Second)
	} else {
		page, err = d.Timers.Page(ctx, subject)
	}
	switch {
	case err != nil:
		return web.Reply{}, err
	case web.Matches(r.Request, page.ETag):
		return web.Reply{Status: http.StatusNotModified, ETag: page.ETag}, nil
	}
	reply := activeReply{page.CachedAt, page.SyncedAt, page.AccountID, page.Stale, nil}
	if page.Degraded {
		reply.Degraded = httpapi.WithoutJira
	}
	if page.Unreadable {
		reply.Degraded = append(slices.Clone(reply.Degraded), httpapi.WithoutUnreadable...)
	}
	rest, err := json.Marshal(reply)
	if err != nil {
		return web.Reply{}, err
	}
	body := make(web.JSON, 0, len(page.Timers)+len(rest)+len(`{"timers":,`))
	body = append(append(append(body, `{"timers":`...), page.Timers...), ',')
	body = append(body, rest[1:]...)
	return web.Reply{Status: http.StatusOK, Body: body, ETag: page.ETag}, nil
}
