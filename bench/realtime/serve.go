package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"

	"github.com/clockwork-timer/backend/bench/child"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/redisstore"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/sqlitestore"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// serveCommand is the argument with which the bench starts itself as a server.
const serveCommand = "serve"

// serve runs one server for the process that started this one.
func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(serveCommand, flag.ContinueOnError)
	kind := flags.String("kind", "", "echo, sqlite, redis or team")
	data := flags.String("data", "", "the database's file, or the Redis's URL")
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
	o, closeStore, err := optionsOf(ctx, kind, data)
	if err != nil {
		return nil, nil, err
	}
	o.Verify = auth.Verifier{Secrets: []string{key}, Now: time.Now}.Verify
	o.Limits = server.Limits{PerSecond: 1e6, Connections: 1 << 20}
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	live, err := server.New(o)
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

func optionsOf(ctx context.Context, kind, data string) (o server.Options, closeStore func() error, err error) {
	if kind == kindSQLite {
		store, err := sqlitestore.Open(ctx, "sqlite://"+data, slog.Default())
		if err != nil {
			return o, nil, err
		}
		o.Store = store
		return o, store.Close, nil
	}
	client, err := tcp.New(data, redis.Options{})
	if err != nil {
		return o, nil, err
	}
	o.Store = redisstore.New(client)
	if kind == kindTeam {
		cache := timercache.New(client, "", nil)
		o.Clockwork = &bridge.Options{Events: client, Cache: cache} // nobody starts or stops anything here
		o.Team = &team.Team{Cache: cache, Redis: client, Rules: team.Rules{View: team.All}}
		o.Viewer = func(auth.Caller) (team.Viewer, *web.Error) { return team.Viewer{}, nil }
	}
	return o, client.Close, nil
}

// echo is the server to compare with: the WebSocket library and nothing else.
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
