package timers

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// HandleIndex answers GET /timers, GET /api/team and POST /api/timers/sync.
func HandleIndex(w http.ResponseWriter, r *http.Request) {
	httpapi.Serve(w, r, indexRoutes...)
}

var indexRoutes = []httpapi.Route{
	{Method: http.MethodGet, Path: "/timers", Auth: httpapi.Login, ReadsTimers: true, Handle: listTimers},
	{Method: http.MethodGet, Path: "/api/timers", Auth: httpapi.Login, ReadsTimers: true, Handle: listTimers},
	{Method: http.MethodGet, Path: "/api/team", Handle: showTeam},
	{Method: http.MethodPost, Path: "/api/timers/sync", Cost: httpapi.Upstream, Handle: requestSync},
}

// listTimers gives the timers of the token's user, as realtime clients see them.
func listTimers(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	listing, err := d.Live.Timers(ctx, realtime.UserOf(r.Caller))
	if err != nil {
		return web.Reply{}, err
	}
	return web.OK(listing), nil
}

// teamRest is the answer to who works on what, without the members.
type teamRest struct {
	AsOf     *time.Time `json:"asOf"`     // when tillNow was true: the moment of this answer
	SyncedAt *time.Time `json:"syncedAt"` // when the snapshot was fetched
	Stale    bool       `json:"stale,omitempty"`
	Degraded []string   `json:"degraded,omitempty"`
}

// showTeam says who works on what now.
func showTeam(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	project, err := r.Project()
	if err != nil {
		return web.Reply{}, err
	}
	poll := httpapi.Poll{List: "members", Rest: func(page timercache.Page, degraded []string) any {
		return teamRest{page.CachedAt, page.SyncedAt, page.Stale, degraded}
	}}
	known := func(etag string) bool { return web.Matches(r.Request, etag) }
	return poll.OfTeam(d, r, func(ctx context.Context, v team.Viewer) (timercache.Page, error) {
		return d.Team.Page(ctx, v, project, known)
	}).Answer(ctx, d, r)
}

type syncRequest struct {
	AccountID string `json:"accountId"`
}

type syncReply struct {
	SyncRequested bool `json:"syncRequested"`
}

// requestSync requests a snapshot now.
func requestSync(ctx context.Context, d *app.Deps, r *httpapi.Request) (web.Reply, error) {
	var in syncRequest
	if err := web.DecodeJSON(r.Request, &in); err != nil {
		return web.Reply{}, err
	}
	account, err := r.Account(in.AccountID)
	if err != nil {
		return web.Reply{}, err
	}
	if err := d.RequestSyncOnce(ctx, account); err != nil {
		return web.Reply{}, err
	}
	return web.Reply{Status: http.StatusAccepted, Body: syncReply{true}}, nil
}
