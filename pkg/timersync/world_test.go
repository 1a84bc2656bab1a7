package timersync_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// start is when the worlds of these tests begin.
var start = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// tokenKey encrypts stored tokens.
var tokenKey = bytes.Repeat([]byte{7}, 32)

// redisClient is what both clients are.
type redisClient interface {
	timercache.Redis
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
}

// database is a Redis, a way to it, and its bill if it is over REST.
type database struct {
	client redisClient
	addr   string
	stand  *upstashrest.Server // nil over TCP
	// expires tells that keys end by the world's clock.
	expires bool
}

// databases are the ways to a Redis. Only the first follows the tests' clock.
var databases = map[string]func(t testing.TB, c *clock) database{
	"rest-miniredis": func(t testing.TB, c *clock) database { return overREST(t, "", c.Now) },
	"rest-redis":     func(t testing.TB, c *clock) database { return overREST(t, redisserver.Start(t), nil) },
	"tcp-redis": func(t testing.TB, c *clock) database {
		addr := redisserver.Start(t)
		client := redisclient.OverTCP(t, addr)
		return database{client: client, addr: addr}
	},
}

func overREST(t testing.TB, addr string, now func() time.Time) database {
	t.Helper()
	stand, client := redisclient.OverREST(t, upstashrest.Options{Addr: addr, Clock: now})
	return database{client: client(), addr: stand.Addr(), stand: stand, expires: now != nil}
}

// clock is the one clock of a world: stand-ins, cache and tokens follow it.
type clock struct {
	*manualclock.Clock
	tick time.Duration // by how much each look moves it
}

func (c *clock) Now() time.Time { return c.Advance(c.tick) }

// world is a Jira site with Clockwork, a Redis, and processes that sync.
type world struct {
	t     testing.TB
	clock *clock
	box   *sandbox.Sandbox
	site  *sandbox.Servers
	redis *hookedRedis
	db    database
	rdb   *goredis.Client // behind everybody's back
	cache *timercache.Cache
	http  *http.Transport
	log   *apptest.Log
	quiet bool  // keeps no log
	slack int64 // by how many seconds the cache may be off
	// What the processes are configured with.
	key         []byte
	sources     []string
	forge       timersource.ForgeIDs
	sessionEnds time.Time
	pause       func(ctx context.Context, d time.Duration) error
}

func newWorld(t testing.TB, open func(t testing.TB, c *clock) database, o sandbox.Options) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{Clock: manualclock.New(start)}, http: &http.Transport{MaxIdleConnsPerHost: 16}, log: &apptest.Log{},
		key: tokenKey, sources: []string{"forge", "connect"}, slack: 2}
	o.Clock, o.Seed = w.clock.Now, 7
	w.box = sandbox.New(o)
	w.site = w.box.Start(t)
	t.Cleanup(w.http.CloseIdleConnections)
	w.db = open(t, w.clock)
	w.redis = &hookedRedis{redisClient: w.db.client}
	w.cache = timercache.New(w.redis, w.box.Site().Host, w.clock.Now)
	w.rdb = goredis.NewClient(&goredis.Options{Addr: w.db.addr, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { _ = w.rdb.Close() })
	w.sessionEnds, _ = timersource.SessionExpiry(w.box.Credentials().SessionToken)
	w.pause = func(_ context.Context, d time.Duration) error { w.clock.Advance(d); return nil }
	return w
}

// onMini is a world over the Redis that follows the clock.
func onMini(t testing.TB) *world {
	return newWorld(t, databases["rest-miniredis"], sandbox.Options{})
}

// onEach runs a test over every way to a Redis.
func onEach(t *testing.T, o sandbox.Options, test func(t *testing.T, w *world)) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, open, o))
		})
	}
}

// process is a syncer that remembers nothing of those before it.
func (w *world) process() *timersync.Syncer { return w.processOver(w.redis) }

func (w *world) processOver(redis timercache.Redis) *timersync.Syncer {
	w.t.Helper()
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if w.quiet {
		log = slog.New(slog.DiscardHandler)
	}
	cache := w.cache
	if redis != timercache.Redis(w.redis) {
		cache = timercache.New(redis, w.box.Site().Host, w.clock.Now)
	}
	creds := w.box.Credentials()
	options := timersource.Options{
		SiteURL: w.site.JiraURL, SiteHost: w.box.Site().Host, Session: creds.SessionToken, ReportBaseURL: w.site.ReportURL,
		Forge: w.forge, Transport: w.http, Log: log, Now: w.clock.Now, Sleep: noSleep,
	}
	var sources []timersync.Source
	for _, name := range w.sources {
		var s timersync.Source
		var err error
		if name == "forge" {
			s, err = timersource.NewForge(options)
		} else {
			s, err = timersource.NewConnect(options)
		}
		require.NoError(w.t, err)
		sources = append(sources, s)
	}
	tokens, err := timersync.NewTokens(timersync.TokensOptions{
		Redis: redis, Key: w.key, Site: w.box.Site().Host, SessionEnds: w.sessionEnds, Now: w.clock.Now, Pause: w.pause, Log: log,
	}, sources...)
	require.NoError(w.t, err)
	people, err := jira.New(jira.Options{
		BaseURL: w.site.JiraURL, Email: creds.AtlassianEmail, APIToken: creds.AtlassianAPIToken, Transport: w.http, Log: log, Sleep: noSleep,
	})
	require.NoError(w.t, err)
	return &timersync.Syncer{Tokens: tokens, Cache: cache, Jira: people, Now: w.clock.Now, Log: log}
}

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// sync is one whole sync by a process of its own, a second after the last.
func (w *world) sync() timercache.Result {
	w.t.Helper()
	w.clock.Advance(time.Second)
	result, err := w.process().Run(context.Background())
	require.NoError(w.t, err)
	return result
}

// hookedRedis sees each command before it is sent, may refuse it, and sees its answer.
type hookedRedis struct {
	redisClient
	mu     sync.Mutex
	before func(cmd []any) error
	after  func(cmd []any) error
}

func (r *hookedRedis) on(before, after func(cmd []any) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.after = before, after
}

func (r *hookedRedis) Do(ctx context.Context, cmd ...any) (any, error) {
	r.mu.Lock()
	before, after := r.before, r.after
	r.mu.Unlock()
	if before != nil {
		if err := before(cmd); err != nil {
			return nil, err
		}
	}
	reply, err := r.redisClient.Do(ctx, cmd...)
	if err == nil && after != nil {
		if lost := after(cmd); lost != nil {
			return nil, lost
		}
	}
	return reply, err
}

func (r *hookedRedis) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	r.mu.Lock()
	before, after := r.before, r.after
	r.mu.Unlock()
	if before != nil {
		if err := before(cmds[0]); err != nil {
			return nil, err
		}
	}
	replies, err := r.redisClient.Pipeline(ctx, cmds...)
	if err == nil && after != nil {
		if lost := after(cmds[0]); lost != nil {
			return nil, lost
		}
	}
	return replies, err
}
