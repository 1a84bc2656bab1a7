package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/cmd/listen"
	"github.com/clockwork-timer/backend/cmd/live"
	"github.com/clockwork-timer/backend/cmd/routes"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/syncloop"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/public"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// Where the stand-ins are mounted, beside the API's own routes.
const (
	sandboxPath = "/_sandbox"
	envPath     = sandboxPath + "/env"
	peoplePath  = sandboxPath + "/people"
	controlPath = sandboxPath + "/control"
)

// firstSyncWait is how long the start screen waits for timers to show.
const firstSyncWait = 15 * time.Second

// world is everything that dev runs: the backend, and the stand-ins for Clockwork,
// Jira and Upstash.
type world struct {
	base      string // http://127.0.0.1:3000
	upstreams *sandbox.Sandbox
	upstash   *upstashrest.Server
	issuer    string            // of the OpenID Connect stand-in
	variables map[string]string // those that --env prints
	deps      *app.Deps
	loop      *syncloop.Loop
	synced    chan struct{} // closed after the first sync
	pages     routes.Route
	log       *slog.Logger
}

// Variables that a developer may set for dev. Those that may hold a secret are not
// printed by --env.
var (
	passedOn   = []string{"INNGEST_DEV", "LOG_LEVEL", "DEFAULT_TIMEZONE", "GOAL_PER_DAY", "TEAM_VIEW", "TEAM_HIDE", "TIMER_SOURCE", "AUTH_MODE", "RATE_LIMIT", "SYNC_CRON", "SYNC_INTERVAL"}
	notPrinted = []string{"JWT_SECRET", "CORS_ALLOWED_ORIGINS", "DATABASE_URL", "PUBLIC_URL"}
)

func newWorld(base, redisAddress string, given map[string]string, stderr io.Writer) (_ *world, err error) {
	w := &world{base: base, upstreams: sandbox.New(sandbox.Options{Seed: 1})}
	restToken := secret.New(rand.Text())
	if w.upstash, err = upstashrest.New(upstashrest.Options{Addr: redisAddress, Token: restToken}); err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	w.variables = w.environment(restToken, given)
	variables := maps.Clone(w.variables)
	variables["PUBLIC_URL"] = w.base // not printed: "vercel dev" has another address
	for _, name := range notPrinted {
		if value, ok := given[name]; ok {
			variables[name] = value
			delete(w.variables, name)
		}
	}
	w.addProviders(variables)
	variables["LOG_LEVEL"] = cmp.Or(variables["LOG_LEVEL"], "warn")
	c, err := config.Load(variables)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	c.ServerDefaults()
	w.log = app.NewLog(stderr, c)
	if w.deps, err = app.New(c, app.Options{Log: w.log, Server: true}); err != nil {
		return nil, err
	}
	if err := w.newSyncLoop(); err != nil {
		return nil, err
	}
	if w.pages, err = routes.Pages(w.deps, public.Files); err != nil {
		return nil, err
	}
	w.deps.RequestSync = w.requestSync(w.deps.RequestSync)
	return w, nil
}

// addProviders lets people sign in with the sandbox's providers. They are on
// "localhost", and dev is on 127.0.0.1, so that a browser treats them as another
// site, as it does real providers.
func (w *world) addProviders(variables map[string]string) {
	if variables["PUBLIC_URL"] == "" || variables["JWT_SECRET"] == "" {
		return
	}
	app := w.upstreams.RegisterApp(variables["PUBLIC_URL"] + "/api/auth/callback")
	providers := strings.Replace(w.base, host, "localhost", 1) + sandboxPath
	w.issuer = providers + "/openid"
	for name, value := range map[string]string{
		"ATLASSIAN_OAUTH_CLIENT_ID": app.ClientID, "ATLASSIAN_OAUTH_CLIENT_SECRET": app.ClientSecret,
		"ATLASSIAN_AUTH_URL": providers + "/atlassian", "ATLASSIAN_API_URL": providers + "/atlassian",
		"OIDC_ISSUER": w.issuer, "OIDC_CLIENT_ID": app.ClientID, "OIDC_CLIENT_SECRET": app.ClientSecret, "OIDC_NAME": "company account (sandbox)",
	} {
		variables[name] = value
	}
}

// newSyncLoop builds the sync in this process. With Inngest it is the fallback.
func (w *world) newSyncLoop() error {
	syncer, err := w.deps.Syncer()
	if err != nil {
		return err
	}
	w.synced = make(chan struct{})
	first := sync.OnceFunc(func() { close(w.synced) })
	w.loop = syncloop.New(syncloop.Options{Redis: w.deps.Redis, Every: cmp.Or(w.deps.Config.SyncInterval.Duration, time.Minute), Now: w.deps.Now, Log: w.log,
		Sync: func(ctx context.Context) (timercache.Result, error) {
			result, err := syncer.Run(ctx)
			if err == nil {
				first()
			}
			return result, err
		}})
	return nil
}

func (w *world) close() { w.upstash.Close() }

// environment returns the variables that lead to the stand-ins.
func (w *world) environment(restToken secret.Text, given map[string]string) map[string]string {
	credentials := w.upstreams.Credentials()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	variables := map[string]string{
		"UPSTASH_REDIS_REST_URL":    w.base + sandboxPath + "/upstash",
		"UPSTASH_REDIS_REST_TOKEN":  restToken.Reveal(),
		"CLOCKWORK_API_BASE_URL":    w.base + sandboxPath + "/clockwork/v1",
		"CLOCKWORK_API_TOKEN":       credentials.ServerClockworkToken.Reveal(),
		"CLOCKWORK_ACCOUNT_ID":      credentials.AccountID,
		"CLOCKWORK_REPORT_BASE_URL": w.base + sandboxPath + "/report",
		"JIRA_DOMAIN":               "example.atlassian.net",
		"JIRA_BASE_URL":             w.base + sandboxPath + "/jira",
		"ATLASSIAN_EMAIL":           credentials.AtlassianEmail,
		"ATLASSIAN_API_TOKEN":       credentials.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN": credentials.SessionToken.Reveal(),
		"TOKEN_ENCRYPTION_KEY":      base64.StdEncoding.EncodeToString(key),
		"AUTH_MODE":                 "open",
		"AUTH_USERS":                authUsers(w.upstreams.People()),
		"JWT_SECRET":                rand.Text() + rand.Text(),
		"DATABASE_URL":              "sqlite://:memory:",
	}
	for _, name := range passedOn {
		if value, ok := given[name]; ok {
			variables[name] = value
		}
	}
	return variables
}

// run serves until ctx ends. It shows the start screen after the first sync, so that
// the commands on it work at once.
func (w *world) run(ctx context.Context, listener net.Listener, stdout io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		defer stop() // without a server nothing else is needed
		served <- panics.Try(func() error {
			return live.Run(ctx, w.deps, func(ctx context.Context, realtime []routes.Route) error {
				return listen.Serve(ctx, listener, w.handler(realtime...))
			})
		})
	}()

	var syncing sync.WaitGroup
	syncing.Go(func() { w.loop.Run(ctx) })
	select {
	case <-w.synced:
		w.showIdle(ctx)
	case <-time.After(firstSyncWait):
	case <-ctx.Done():
	}
	w.saveClockworkTokens(ctx)
	w.startScreen(stdout)
	syncing.Wait()
	return <-served
}

// showIdle adds the people who run nothing to the team page, as if each had just
// stopped the issue that they logged time on last. A server that has run for a week
// would show them too.
func (w *world) showIdle(ctx context.Context) {
	last := map[string]timer.Worklog{}
	for _, l := range w.upstreams.Worklogs() {
		if l.Started.After(last[l.Author.AccountID].Started) {
			last[l.Author.AccountID] = l
		}
	}
	for _, t := range w.upstreams.RunningTimers() {
		delete(last, t.RunningFor)
	}
	for account, l := range last {
		t := timer.Timer{ID: -1, StartedAt: w.deps.Now(), RunningFor: account, Author: &l.Author, Issue: timer.Issue{Key: l.IssueKey, ID: l.IssueID, Summary: l.IssueName},
			WithinWorkingHours: true, StartedWithinWorkingHours: true}
		err := w.deps.Timers.Started(ctx, l.Author, t, "", nil)
		if err == nil {
			err = w.deps.Timers.Stopped(ctx, l.Author, t.Issue, t.StartedAt, nil)
		}
		if err != nil {
			w.log.WarnContext(ctx, "idle people are not shown", "error", err)
			return
		}
	}
}

// handler answers this machine only. The sandbox's controls and the variables have no
// login, so it refuses pages of other origins there. The stand-ins check credentials,
// as the real upstreams do.
func (w *world) handler(realtime ...routes.Route) http.Handler {
	mounted := append([]routes.Route{w.pages, {Path: "GET " + envPath, Handler: w.serveVariables}, {Path: "GET " + peoplePath, Handler: w.servePeople}}, realtime...)
	mount := func(path string, handler http.Handler) {
		below := http.StripPrefix(path, handler).ServeHTTP
		mounted = append(mounted, routes.Route{Path: path + "/", Handler: below}, routes.Route{Path: path, Handler: below})
	}
	mount(sandboxPath+"/upstash", w.upstash)
	mount(sandboxPath+"/clockwork", w.upstreams.Clockwork())
	mount(sandboxPath+"/report", w.upstreams.Report())
	mount(sandboxPath+"/jira", w.upstreams.Jira())
	mount(sandboxPath+"/atlassian", w.upstreams.Atlassian())
	mount(sandboxPath+"/openid", w.upstreams.OpenID(w.issuer))
	mount(controlPath, w.upstreams.Control())
	all := routes.Handler(w.deps, mounted...)
	product, controls := routes.NoForeignWrites(w.deps, all), routes.OwnPagesOnly(w.deps, all)
	return routes.LocalOnly(w.deps, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path + "/"; {
		case !strings.HasPrefix(path, sandboxPath+"/"):
			product.ServeHTTP(out, r)
		case strings.HasPrefix(path, envPath+"/"), strings.HasPrefix(path, controlPath+"/"), strings.HasPrefix(path, peoplePath+"/"):
			controls.ServeHTTP(out, r)
		default:
			all.ServeHTTP(out, r)
		}
	}))
}

// serveVariables prints the variables for a shell and for a .env file.
func (w *world) serveVariables(out http.ResponseWriter, _ *http.Request) {
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	names := make([]string, 0, len(w.variables))
	for name := range w.variables {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, "%s='%s'\n", name, strings.ReplaceAll(w.variables[name], "'", ""))
	}
}

// requestSync sends the request to the Inngest dev server. If there is none, or it
// does not answer, the loop in this process syncs.
func (w *world) requestSync(send func(context.Context, string) error) func(context.Context, string) error {
	return func(ctx context.Context, accountID string) error {
		if w.deps.Config.InngestDev() {
			began := time.Now()
			err := send(ctx, accountID)
			if err == nil {
				w.log.Info("sync event sent to the Inngest dev server", "duration", time.Since(began))
				return nil
			}
			w.log.Warn("the Inngest dev server does not answer, syncing in this process", "error", err)
		}
		return w.loop.Request(ctx, accountID)
	}
}
