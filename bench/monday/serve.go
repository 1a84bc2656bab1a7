package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/clockwork-timer/backend/bench/child"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// The kinds of servers.
const (
	kindBare   = "bare"       // net/http and the Redis client
	kindServer = "server"     // every route, in a process that runs the sync itself
	kindOpen   = "open"       // the same, without logins
	kindEvents = "to Inngest" // every route; each start and stop sends an event
)

// serve runs one server for the process that started this one.
func serve(kind, profile string) error {
	handler, err := handlerOf(kind)
	if err != nil {
		return err
	}
	return child.Serve(handler, profile, func() error { return nil })
}

func handlerOf(kind string) (http.Handler, error) {
	environ := config.Environ(os.Environ())
	if kind == kindBare {
		return newBare(environ)
	}
	c, err := config.Load(environ)
	if err != nil {
		return nil, err
	}
	for _, policy := range []*ratelimit.Policy{&ratelimit.Reads, &ratelimit.Writes, &ratelimit.CostlyPerAddress, &ratelimit.PerAddress} {
		*policy = ratelimit.NewPolicy(policy.Name, 10_000_000, policy.Window)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	app.LetHeapGrow() // as cmd/server does; the bare handler has Go's default
	d, err := app.New(c, app.Options{Log: log, Server: true})
	if err != nil {
		return nil, err
	}
	if kind != kindEvents {
		d.RequestSync = func(context.Context, string) error { return nil }
	}
	return routes.Handler(d), nil
}
