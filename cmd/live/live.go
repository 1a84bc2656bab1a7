// Package live runs the realtime server inside a program: it opens the store that
// DATABASE_URL names, connects it with Clockwork's timers, and adds its routes to the
// API's own.
package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/credential"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/web"
)

// shutdownWait is how long clients may take to disconnect at the end.
const shutdownWait = 8 * time.Second

// Run starts a realtime server for d, calls serve with its routes, and closes it when
// ctx ends, so that its streams end before serve waits for them. If ctx ends before
// the store is open, it returns nil without calling serve.
func Run(ctx context.Context, d *app.Deps, serve func(ctx context.Context, mounted []routes.Route) error) error {
	store, closeStore, err := open(ctx, d)
	if err != nil {
		if ctx.Err() != nil { // stopped while it started: nothing has failed
			return nil
		}
		return err
	}
	live, err := server.New(options(d, store))
	if err != nil {
		return errors.Join(err, closeStore())
	}
	d.Live = live
	d.Listen(live.Connections)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.Background(), shutdownWait)
		defer cancel()
		closed <- panics.Try(func() error {
			err := live.Close(closing)
			d.Close() // before serve ends: in cmd/dev, serve also serves the Redis that d subscribes to
			return err
		})
	}()
	if err := d.Telemetry.Watch(func() telemetry.Realtime { return telemetry.Realtime(live.Traffic()) }); err != nil {
		d.Log.Error("realtime: metrics could not be registered", "error", err)
	}
	var mounted []routes.Route
	live.Register(func(path string, handler http.HandlerFunc) {
		mounted = append(mounted, routes.Route{Path: path, Handler: httpapi.CountAddress(d, d.Telemetry.Handler(path, handler))})
	})
	err = serve(ctx, mounted)
	stop()
	return errors.Join(err, <-closed, closeStore())
}

func open(ctx context.Context, d *app.Deps) (realtime.Store, func() error, error) {
	if d.Config.DatabaseURL == "redis" {
		return redisstore.New(d.Redis), func() error { return nil }, nil
	}
	store, err := sqlitestore.Open(ctx, d.Config.DatabaseURL, d.Log)
	if err != nil {
		return nil, nil, fmt.Errorf("realtime store: %w", err)
	}
	return store, store.Close, nil
}

func options(d *app.Deps, store realtime.Store) server.Options {
	return server.Options{
		Store: store, Verify: d.Verifier.Verify, Revoked: d.Tokens.Revoked, Origins: d.Config.Origins(), Site: d.Config.Jira.Domain, Log: d.Log, Now: d.Now, Committed: d.Telemetry.Committed,
		VerifyPersonal: func(r *http.Request, token string) (auth.Caller, error) { return httpapi.PersonalCaller(d, r, token) },
		Ended: func(ctx context.Context, ready func(), end func(ids []string)) error {
			return d.Redis.Subscribe(ctx, ready, func(_, notice string) { end(credential.ParseEnded(notice).IDs) }, credential.EndedChannel)
		},
		Team: d.Team, Viewer: func(who auth.Caller) (team.Viewer, *web.Error) { return httpapi.AdmitViewer(d, who) },
		Clockwork: &bridge.Options{
			Events: d.Redis, Cache: d.Timers, Control: traced{d.Control(), d.Telemetry},
			Token:   func(ctx context.Context, who auth.Caller) (bridge.Token, error) { return clockworkToken(ctx, d, who) },
			Admit:   func(ctx context.Context, who auth.Caller) error { return httpapi.AdmitCommand(ctx, d, who) },
			Explain: httpapi.ExplainCommand,
		},
	}
}

func clockworkToken(ctx context.Context, d *app.Deps, who auth.Caller) (bridge.Token, error) {
	token, err := httpapi.WriteToken(d, who)
	if err == nil {
		err = token.Load(ctx)
	}
	if err != nil {
		return bridge.Token{}, err
	}
	return bridge.Token{Value: token.Value, Saved: token.Saved(), Failed: token.Failed}, nil
}
