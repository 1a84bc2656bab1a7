// Command server serves every route from one process, against the real
// upstreams.
//
//	server            serve on PORT
//	server sync       do one whole sync now and print its result as JSON
//	server doctor     check each variable and each service, and say what to do
//	server setup [FILE]
//	                  ask for what a server needs, check it, and write FILE (clockwork.env)
//	server hash-password
//	                  read a password from stdin and print its hash, for AUTH_USERS
//	server backup FILE
//	                  copy the realtime database, in use or not, to a new file
//	server signout USER
//	                  end somebody's sessions and personal access tokens, by username or account id
//	server tokens USER
//	                  end their personal access tokens only
//	server --version  print the version
//	server healthcheck
//	                  exit with 0 if the server on PORT is healthy, for a container's HEALTHCHECK
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/cmd/listen"
	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/observe"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/doctor"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/syncloop"
	"github.com/clockwork-timer/backend/pkg/version"
	"github.com/clockwork-timer/backend/public"
)

func main() {
	ctx, stop := listen.UntilSignal()
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// authMode replaces an AUTH_MODE that is unset or empty. The image's build sets it to
// "required", so that an empty AUTH_MODE in an env file does not open the server to
// everybody.
var authMode string

func withDefaultAuthMode(environ []string) []string {
	if strings.TrimSpace(config.Environ(environ)["AUTH_MODE"]) == "" && authMode != "" {
		return append(slices.Clone(environ), "AUTH_MODE="+authMode)
	}
	return environ
}

func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) error {
	environ = withDefaultAuthMode(environ)
	switch { // these commands work without a configuration, or with a wrong one
	case len(args) == 1 && args[0] == "--version":
		_, err := fmt.Fprintln(stdout, "server", version.Number)
		return err
	case len(args) == 1 && args[0] == "hash-password":
		return hashPassword(stdin, stdout, stderr)
	case len(args) > 0 && len(args) < 3 && args[0] == "setup":
		return setUp(ctx, append(args, defaultEnvFile)[1], environ, stdin, stdout, doctor.Options{})
	case len(args) == 1 && args[0] == "doctor":
		return runDoctor(ctx, environ, stdout, doctor.Options{})
	}
	c, err := config.Load(config.Environ(environ))
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	c.ServerDefaults()
	if len(args) == 1 && args[0] == "healthcheck" {
		return healthCheck(ctx, int(c.Port))
	}
	if len(args) == 2 && args[0] == "backup" {
		return backUp(ctx, c.DatabaseURL, args[1])
	}
	log := app.NewLog(stderr, c)
	app.LetHeapGrow()
	switch {
	case len(args) == 0:
		return withTelemetry(ctx, c, log, serve)
	case len(args) == 1 && args[0] == "sync":
		c.Telemetry.MetricsAddress = "" // a running server has that port, and sync would end before Prometheus asks
		return withTelemetry(ctx, c, log, func(ctx context.Context, d *app.Deps) error { return syncNow(ctx, d, stdout) })
	}
	if len(args) == 2 && (args[0] == "signout" || args[0] == "tokens") {
		d, err := app.New(c, app.Options{Log: log})
		if err != nil {
			return err
		}
		return signOut(ctx, d, args[1], args[0] == "tokens", stdout)
	}
	return errors.New("usage: server [sync | doctor | setup [FILE] | hash-password | backup FILE | signout USER | tokens USER | healthcheck | --version]")
}

// withTelemetry calls run with dependencies that send traces and metrics if they
// are configured.
func withTelemetry(ctx context.Context, c *config.Config, log *slog.Logger, run func(context.Context, *app.Deps) error) error {
	observer, err := observe.New(ctx, c, log)
	if err != nil {
		return err
	}
	return observer.Run(ctx, func(ctx context.Context) error {
		d, err := app.New(c, app.Options{Log: log, Telemetry: observer.Telemetry, Server: true})
		if err != nil {
			return err
		}
		return run(ctx, d)
	})
}

func serve(ctx context.Context, d *app.Deps) error {
	pages, err := routes.Pages(d, public.Files)
	if err != nil {
		return err
	}
	host := ""
	if d.Config.Auth.OpenByDefault {
		host = "127.0.0.1" // until the operator decides who may call, only this machine can
	}
	listener, err := listen.On(host, int(d.Config.Port))
	if err != nil {
		return err
	}
	defer listener.Close()
	loop, err := syncLoop(d)
	if err != nil {
		return err
	}
	return live.Run(ctx, d, func(ctx context.Context, mounted []routes.Route) error {
		d.Log.Info("listening", "address", listener.Addr().String(), "auth_mode", string(d.Config.Auth.Mode))
		if d.Config.Auth.OpenByDefault {
			d.Log.Warn("AUTH_MODE is not set: everybody on this machine can read all timers, and other machines get no answer. Set AUTH_MODE=required, JWT_SECRET and AUTH_USERS; or AUTH_MODE=open to answer everybody")
		}
		if d.Config.InngestDev() {
			d.Log.Warn("INNGEST_DEV is set: /api/inngest accepts unsigned requests. Unset it if others can reach this server")
		}
		ctx, stop := context.WithCancel(ctx)
		syncing := panics.Group{Log: d.Log, Task: "sync"}
		defer syncing.Wait()
		defer stop()
		if loop != nil {
			syncing.Go(func() { loop.Run(ctx) })
		}
		return listen.Serve(ctx, listener, routes.Guard(d, listener.Addr(), routes.Handler(d, append(mounted, pages)...)))
	})
}

// syncLoop returns the loop that syncs at an interval and on request, or nil if
// Inngest does that.
func syncLoop(d *app.Deps) (*syncloop.Loop, error) {
	every := d.Config.SyncInterval.Duration
	if every == 0 {
		return nil, nil
	}
	syncer, err := d.Syncer()
	if err != nil {
		return nil, err
	}
	loop := syncloop.New(syncloop.Options{Sync: syncer.Run, Redis: d.Redis, Every: every, Now: d.Now, Log: d.Log})
	d.RequestSync = func(ctx context.Context, accountID string) error {
		if err := loop.Request(ctx, accountID); err != nil {
			return fmt.Errorf("%w: %w", inngestapi.ErrNotSent, err)
		}
		return nil
	}
	return loop, nil
}

func syncNow(ctx context.Context, d *app.Deps, stdout io.Writer) error {
	syncer, err := d.Syncer()
	if err != nil {
		return err
	}
	result, err := syncer.Run(ctx)
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return json.NewEncoder(stdout).Encode(result)
}
