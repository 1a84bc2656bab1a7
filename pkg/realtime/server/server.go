// Package server assembles the realtime server: rooms, writes, Clockwork and the
// transports over one store. It persists a change first and broadcasts it then.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
	"github.com/clockwork-timer/backend/pkg/realtime/teamroom"
	"github.com/clockwork-timer/backend/pkg/realtime/transport"
	"github.com/clockwork-timer/backend/pkg/realtime/writes"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Limits bound what one connection or user may use.
type Limits = transport.Limits

// Options configure a Server. Store and Verify are required.
type Options struct {
	// Store keeps the timers. One that is a realtime.Feed is shared with other
	// instances. The caller closes it after the server.
	Store realtime.Store
	// Verify checks a bearer token.
	Verify func(token string) (auth.Caller, error)
	// VerifyPersonal checks a personal access token. Nil: there are none.
	VerifyPersonal func(r *http.Request, token string) (auth.Caller, error)
	// Ended reports the ids of sessions and personal tokens as they end, until ctx
	// ends. Nil: they end nowhere else.
	Ended func(ctx context.Context, ready func(), ended func(ids []string)) error
	// Revoked says which of the personal tokens do not exist any more: an
	// announcement may have been lost. Required with Ended.
	Revoked func(ctx context.Context, ids []string) ([]string, error)
	// Origins may connect besides the desktop clients and the server's own pages, as
	// CORS_ALLOWED_ORIGINS has them.
	Origins []string
	// Site is the host of the Jira site, whose links are accepted as issue keys.
	Site string
	// Team is shown to those whom Viewer admits. Nil is shown to nobody. It needs
	// Clockwork, which says what has changed.
	Team *team.Team
	// Viewer says whether a caller may see the team, and as whom. Required with Team.
	Viewer func(who auth.Caller) (team.Viewer, *web.Error)
	// Clockwork connects Clockwork's own timers, unless nil.
	Clockwork *bridge.Options
	Limits    Limits
	// Committed gets the duration of each commit, unless nil. It must not block.
	Committed func(took time.Duration, err error)
	Log       *slog.Logger
	Now       func() time.Time
	// Sleep waits, or returns early with ctx's error.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Server serves the realtime routes. Close it when done.
type Server struct {
	store     realtime.Store
	tasks     *tasks.Group
	hub       *fanout.Hub
	writes    *writes.Committer
	team      *teamroom.Room
	bridge    *bridge.Bridge // nil without Clockwork
	transport *transport.Transport
}

// New starts a server.
func New(o Options) (*Server, error) {
	if o.Store == nil || o.Verify == nil {
		return nil, errors.New("realtime: Store and Verify are required")
	}
	s := &Server{store: o.Store, tasks: tasks.New(o.Log, o.Now, o.Sleep)}
	s.hub = fanout.NewHub(o.Store, s.tasks)
	relay := fanout.NewRelay(s.hub)
	s.writes = writes.Start(o.Store, s.hub, relay.Shared(), o.Committed, s.tasks)
	if o.Team != nil {
		s.team = teamroom.New(o.Team, s.hub, s.tasks)
	}
	if o.Clockwork != nil {
		s.bridge = bridge.Start(*o.Clockwork, s.hub, relay, s.writes, s.team, s.tasks)
	}
	s.transport = transport.New(&transport.Transport{Verify: o.Verify, VerifyPersonal: o.VerifyPersonal, CORS: web.NewCORS(o.Origins), Site: o.Site, Limits: o.Limits,
		Hub: s.hub, Relay: relay, Writes: s.writes, Team: s.team, Viewer: o.Viewer, Bridge: s.bridge, Tasks: s.tasks})
	if o.Ended != nil {
		s.tasks.Go("ended sessions", func() { s.listenEnded(o) })
	}
	s.tasks.Go("sweeps", s.sweeps)
	return s, nil
}

// Register mounts the routes, which only a long-lived process can serve.
func (s *Server) Register(mount func(path string, handler http.HandlerFunc)) {
	s.transport.Register(mount)
}

// Traffic counts connections and messages.
func (s *Server) Traffic() transport.Traffic { return s.transport.Traffic() }

// Connections counts the open connections, including streams.
func (s *Server) Connections() int {
	t := s.transport.Traffic()
	return t.WebSockets + t.Streams
}

// Timers lists a user's timers. It first compares with Clockwork's cache, if the
// store may lack something.
func (s *Server) Timers(ctx context.Context, user string) (realtime.Listing, error) {
	room := s.hub.Enter(user)
	defer s.hub.Leave(room)
	if err := room.EnsureFresh(ctx); err != nil {
		return realtime.Listing{}, fmt.Errorf("%w: %w", realtime.ErrUnavailable, err)
	}
	if s.bridge != nil {
		s.bridge.Update(ctx, room)
	}
	state, err := s.store.Load(ctx, user)
	if err != nil {
		return realtime.Listing{}, fmt.Errorf("%w: %w", realtime.ErrUnavailable, err)
	}
	return realtime.NewListing(state.Timers, s.hub.Freshness(), s.tasks.Now()), nil
}

// listenEnded closes the connections of sessions and tokens that end. Those of
// sessions whose announcement is lost close when their access token expires. Personal
// tokens live long, so they are looked up when the subscription is back.
func (s *Server) listenEnded(o Options) {
	ctx := s.tasks.Context()
	s.tasks.Subscribe("ended sessions", func(ready func()) error {
		return o.Ended(ctx, func() {
			ready()
			s.tasks.Go("look for revoked tokens", func() { s.endRevoked(ctx, o) })
		}, func(ids []string) { s.transport.End(ids...) })
	})
}

func (s *Server) endRevoked(ctx context.Context, o Options) {
	for backoff := tasks.MinBackoff; ctx.Err() == nil; backoff = min(2*backoff, tasks.MaxBackoff) {
		open := s.transport.Personal()
		if len(open) == 0 {
			return
		}
		revoked, err := o.Revoked(ctx, open)
		if err == nil {
			s.transport.End(revoked...)
			return
		}
		s.tasks.Log.Warn("realtime: personal tokens not looked up", "error", err, "again_in", backoff)
		_ = s.tasks.Sleep(ctx, backoff)
	}
}

const sweepEvery = time.Second

func (s *Server) sweeps() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.tasks.Context().Done():
			return
		case <-tick.C:
			s.tasks.Contain("sweep", func() { s.sweep(s.tasks.Now()) })
		}
	}
}

func (s *Server) sweep(now time.Time) {
	s.transport.Sweep(now)
	s.hub.Sweep(now)
	s.team.Sweep(now)
	if s.bridge != nil {
		s.bridge.Sweep(now)
	}
}

// Close shuts the server down: it admits nobody, finishes the writes that it
// accepted, tells every client to reconnect (1012), and waits. When ctx ends, it cuts
// the connections of clients that have not answered.
func (s *Server) Close(ctx context.Context) error {
	if !s.tasks.Stop() {
		return nil // it was closed before
	}
	cut := context.AfterFunc(ctx, s.transport.Cut)
	defer cut()
	s.writes.Close()
	s.transport.Close()
	s.tasks.Wait()
	return ctx.Err()
}
