package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// The kinds of servers.
const (
	kindBare   = "bare"       // net/http, and nothing of ours but the Redis client
	kindServer = "server"     // every route, in a process that runs the sync itself
	kindOpen   = "open"       // the same, without logins
	kindEvents = "to Inngest" // every route; each start and stop sends an event
)

// usagePath returns the CPU time that the process has used, in nanoseconds.
const usagePath = "/usage"

// serve runs one server until stdin ends, and prints its address first.
func serve(ctx context.Context, kind, profile string, stdin io.Reader, stdout io.Writer) error {
	handler, err := handlerOf(kind)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.HandleFunc(usagePath, usage)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintln(stdout, listener.Addr())
	_, _ = io.Copy(io.Discard, stdin)
	err = server.Close()
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
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

func usage(w http.ResponseWriter, _ *http.Request) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, r.Utime.Nano()+r.Stime.Nano())
}
