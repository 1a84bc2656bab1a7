package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// longestWait is the longest long poll, in seconds.
const longestWait = 25

// Poll is a read that clients repeat. They get 304 if they know the answer, and with
// wait and If-None-Match an answer when it changes.
type Poll struct {
	List string // the name of the list in the answer
	Read func(ctx context.Context) (timercache.Page, error)
	Wait func(ctx context.Context, etag string, wait time.Duration) (timercache.Page, error)
	// Rest is what the answer has after the list. degraded names upstreams that it lacks
	// something from.
	Rest func(page timercache.Page, degraded []string) any
}

// OfTeam is p for everybody's timers, read by read.
func (p Poll) OfTeam(d *app.Deps, r *Request, read func(context.Context, team.Viewer) (timercache.Page, error)) Poll {
	viewer := Viewer(r.Caller)
	p.Read = func(ctx context.Context) (timercache.Page, error) { return read(ctx, viewer) }
	p.Wait = func(ctx context.Context, etag string, wait time.Duration) (timercache.Page, error) {
		return d.Team.Wait(ctx, viewer, p.Read, etag, wait)
	}
	return p
}

// Viewer is the caller as one who looks at the team.
func Viewer(who auth.Caller) team.Viewer {
	return team.Viewer{AccountID: who.AccountID, Admin: who.Admin}
}

// AdmitViewer is the caller as one who looks at the team, or why they may not.
func AdmitViewer(d *app.Deps, who auth.Caller) (team.Viewer, *web.Error) {
	viewer := Viewer(who)
	if err := d.Team.Rules.Allow(viewer); err != nil {
		return team.Viewer{}, errorFor(err, context.Background())
	}
	return viewer, nil
}

// Answer answers the request.
func (p Poll) Answer(ctx context.Context, d *app.Deps, r *Request) (web.Reply, error) {
	wait, err := r.Query.Int("wait", 0, 0, longestWait)
	if err != nil {
		return web.Reply{}, err
	}
	var page timercache.Page
	if known := strings.Join(web.IfNoneMatch(r.Request), ", "); wait > 0 && known != "" {
		page, err = longPoll(ctx, d, known, func(ctx context.Context) (timercache.Page, error) {
			return p.Wait(ctx, known, time.Duration(wait)*time.Second)
		})
	} else {
		page, err = p.Read(ctx)
	}
	switch {
	case err != nil:
		return web.Reply{}, err
	case web.Matches(r.Request, page.ETag):
		return web.Reply{Status: http.StatusNotModified, ETag: page.ETag}, nil
	}
	rest, err := json.Marshal(p.Rest(page, degraded(page)))
	if err != nil {
		return web.Reply{}, err
	}
	body := make(web.JSON, 0, len(page.Timers)+len(rest)+len(p.List)+len(`{"":,`))
	body = append(strconv.AppendQuote(append(body, '{'), p.List), ':')
	body = append(append(append(body, page.Timers...), ','), rest[1:]...)
	return web.Reply{Status: http.StatusOK, Body: body, ETag: page.ETag}, nil
}

func degraded(page timercache.Page) (lacks []string) {
	if page.Degraded {
		lacks = WithoutJira
	}
	if page.Unreadable {
		lacks = append(slices.Clone(lacks), WithoutUnreadable...)
	}
	return lacks
}
