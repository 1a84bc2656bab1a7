// Package timers has the functions that serve the routes under /api/timers, one
// file each.
package timers

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleActive answers GET /api/timers/active: the running timers of one user
// or of everybody, from the cache. With wait and If-None-Match it answers when
// they change.
func HandleActive(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, httpapi.Route{Method: http.MethodGet, Path: "/api/timers/active", ReadsTimers: true, Handle: active})
}

// activeRest is the answer without the timers.
type activeRest struct {
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
	poll := httpapi.Poll{List: "timers", Rest: func(page timercache.Page, degraded []string) any {
		return activeRest{page.CachedAt, page.SyncedAt, page.AccountID, page.Stale, degraded}
	}}
	if who.All() {
		return poll.OfTeam(d, r, d.Team.Timers).Answer(ctx, d, r)
	}
	subject := timercache.Subject(who)
	poll.Read = func(ctx context.Context) (timercache.Page, error) { return d.Timers.Page(ctx, subject) }
	poll.Wait = func(ctx context.Context, etag string, wait time.Duration) (timercache.Page, error) {
		return d.Timers.Wait(ctx, subject, etag, wait)
	}
	return poll.Answer(ctx, d, r)
}
