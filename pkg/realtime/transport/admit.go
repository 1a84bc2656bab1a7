package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/teamroom"
	"github.com/clockwork-timer/backend/pkg/web"
)

// loadTimeout bounds the load of what a client gets on connect.
const loadTimeout = 5 * time.Second

// admission is a client that may connect, with its place.
type admission struct {
	caller auth.Caller
	since  int64 // the last seq that it has seen, or -1
	place
}

// place is where a client's messages come from: its user's room, or the team's. In
// the latter case the user's room only counts it.
type place struct {
	room *fanout.Room
	team *teamroom.Place // nil for the user's own timers
}

// admit calls connect with the client, or says why it may not connect. connect
// gives the place back in the end.
func (t *Transport) admit(r *http.Request, connect func(admission)) *web.Error {
	if !t.Tasks.Enter() {
		return errShutdown
	}
	defer t.Tasks.Leave()
	who, asked, failed := t.identify(r)
	if failed != nil {
		return failed
	}
	enter := t.enter
	if asked.team {
		enter = t.enterTeam
	}
	p, failed := enter(r.Context(), who)
	if failed != nil {
		return failed
	}
	connect(admission{who, asked.since, p})
	return nil
}

// enter reserves a place in the user's room, and loads its state.
func (t *Transport) enter(ctx context.Context, who auth.Caller) (place, *web.Error) {
	p, failed := t.reserve(who)
	if failed != nil {
		return p, failed
	}
	if t.Relay.FeedDown() {
		p.room.MarkStale()
	}
	if failed := t.load(ctx, p, p.room.EnsureFresh); failed != nil {
		return p, failed
	}
	if t.Bridge != nil {
		t.Bridge.Entered(ctx, p.room)
	}
	return p, nil
}

// enterTeam reserves a place among those who see the team, if the caller may.
func (t *Transport) enterTeam(ctx context.Context, who auth.Caller) (place, *web.Error) {
	if t.Team == nil {
		return place{}, errNoTeam
	}
	viewer, failed := t.Viewer(who)
	if failed != nil {
		return place{}, failed
	}
	p, failed := t.reserve(who)
	if failed != nil {
		return p, failed
	}
	failed = t.load(ctx, p, func(ctx context.Context) (err error) {
		p.team, err = t.Team.Enter(ctx, viewer)
		return err
	})
	if failed == nil && t.Bridge != nil {
		t.Bridge.ReadFreshness(ctx)
	}
	return p, failed
}

// reserve counts a connection of the user.
func (t *Transport) reserve(who auth.Caller) (place, *web.Error) {
	room := t.Hub.Enter(realtime.UserOf(who))
	if !room.Reserve(t.Limits.Connections) {
		t.Hub.Leave(room)
		return place{}, errManyOpen
	}
	return place{room: room}, nil
}

// load loads what the client gets, or gives the place back.
func (t *Transport) load(ctx context.Context, p place, load func(context.Context) error) *web.Error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	if err := panics.Try(func() error { return load(ctx) }); err != nil {
		t.Tasks.Log.Error("realtime: state not read", "error", err)
		t.exit(p, nil)
		return errStore
	}
	return nil
}

// join has the client get what its place brings.
func (p place) join(out *fanout.Outbox, since int64) {
	if p.team == nil {
		p.room.Join(out, since)
		return
	}
	p.room.Charge(out)
	p.team.Join(out)
}

// exit gives a place back. out is nil if it has not joined.
func (t *Transport) exit(p place, out *fanout.Outbox) {
	if p.team != nil {
		p.team.Leave(out)
	}
	p.room.Quit(out)
	t.Hub.Leave(p.room)
}
