package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"

	"github.com/clockwork-timer/backend/bench/child"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
)

// serveCommand is how the bench starts itself as a server.
const serveCommand = "serve"

// serve runs one server for the process that started this one.
func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(serveCommand, flag.ContinueOnError)
	kind := flags.String("kind", "", "echo, sqlite or redis")
	data := flags.String("data", "", "the database's file, or the Redis' URL")
	key := flags.String("key", "", "the key that tokens are signed with")
	profile := flags.String("profile", "", "file for a CPU profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	handler, closeAll, err := handlerOf(ctx, *kind, *data, *key)
	if err != nil {
		return err
	}
	return child.Serve(handler, *profile, closeAll)
}

func handlerOf(ctx context.Context, kind, data, key string) (http.Handler, func() error, error) {
	mux := http.NewServeMux()
	if kind == kindEcho {
		mux.HandleFunc("/ws", echo)
		return mux, func() error { return nil }, nil
	}
	store, closeStore, err := openStore(ctx, kind, data)
	if err != nil {
		return nil, nil, err
	}
	live, err := server.New(server.Options{
		Store: store, Verify: auth.Verifier{Secrets: []string{key}, Now: time.Now}.Verify,
		Limits: server.Limits{PerSecond: 1e6, Connections: 1 << 20},
		Log:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, nil, err
	}
	live.Register(func(path string, handler http.HandlerFunc) { mux.Handle(path, handler) })
	return mux, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return errors.Join(live.Close(ctx), closeStore())
	}, nil
}

func openStore(ctx context.Context, kind, data string) (realtime.Store, func() error, error) {
	switch kind {
	case kindSQLite:
		store, err := sqlitestore.Open(ctx, "sqlite://"+data, slog.Default())
		if err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	case kindRedis:
		client, err := tcp.New(data, redis.Options{})
		if err != nil {
			return nil, nil, err
		}
		return redisstore.New(client), client.Close, nil
	}
	return nil, nil, fmt.Errorf("there is no server %q", kind)
}

// echo is the measure of all figures: the WebSocket library and nothing else.
func echo(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	for {
		kind, text, err := ws.Read(context.Background())
		if err != nil {
			return
		}
		if err := ws.Write(context.Background(), kind, text); err != nil {
			return
		}
	}
}
