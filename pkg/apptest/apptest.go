// Package apptest builds a small world around the API, for tests only: stand-ins for
// Clockwork, Jira, Inngest and Upstash (with miniredis), dependencies built from
// variables as in a process, a clock that the test moves, and a log that it can read.
// A test can make every upstream fail.
package apptest

import (
	"cmp"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// Start is the time at which every world begins: a Monday, in summer time.
var Start = time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)

// LongDeadlines are long enough for a busy machine.
var LongDeadlines = app.Deadlines{Request: time.Minute, Redis: 20 * time.Second, SendEvent: 20 * time.Second, Names: 20 * time.Second, Check: 20 * time.Second}

// Options change a world. The zero value is a world in open mode, on Start,
// synced, whose Redis is reached over REST, without Inngest.
type Options struct {
	// Env replaces variables; "" removes one.
	Env map[string]string
	// OverTCP connects to Redis with REDIS_URL.
	OverTCP bool
	// Inngest adds a stand-in that accepts events.
	Inngest bool
	// Unsynced does not run the first sync, so Redis has no timers.
	Unsynced bool
	// Deadlines default to LongDeadlines.
	Deadlines app.Deadlines
	Now       time.Time
}

// World is the world that New builds.
type World struct {
	Sandbox *sandbox.Sandbox
	Redis   *upstashrest.Server
	Deps    *app.Deps
	Clock   *manualclock.Clock
	Log     *Log
	// Env has the variables that Deps were built from.
	Env map[string]string
	// Events has the events that Inngest accepted.
	Events *Events

	t       testing.TB
	servers map[string]*httptest.Server
}

const redisToken = "apptest-redis-rest-token"

// New builds a world that ends with the test.
func New(t testing.TB, o Options) *World {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = Start
	}
	w := &World{t: t, Clock: manualclock.New(o.Now), Log: &Log{}, Events: &Events{}, servers: map[string]*httptest.Server{}}
	w.Sandbox = sandbox.New(sandbox.Options{Seed: 1, Clock: w.Clock.Now})
	var err error
	w.Redis, err = upstashrest.New(upstashrest.Options{Token: secret.New(redisToken), Clock: w.Clock.Now})
	require.NoError(t, err)
	t.Cleanup(w.Redis.Close)
	w.serve(t, "clockwork", w.Sandbox.Clockwork())
	w.serve(t, "report", w.Sandbox.Report())
	w.serve(t, "jira", w.Sandbox.Jira())
	w.serve(t, "redis", w.Faults().Wrap("redis", "", w.Redis))
	w.serve(t, "inngest", w.Faults().Wrap("inngest", "", w.Events))
	t.Cleanup(w.Faults().Clear) // runs before the servers close, because they wait for requests that hang

	w.Env = w.variables(o)
	if !o.Unsynced {
		w.Restart(t, LongDeadlines)
		w.Sync(t)
	}
	w.Restart(t, o.Deadlines)
	t.Cleanup(func() { w.Deps.Close() })
	return w
}

// Restart builds the dependencies again from Env, as another process would. Deadlines
// that are zero become those of LongDeadlines.
func (w *World) Restart(t testing.TB, d app.Deadlines) {
	t.Helper()
	c, err := config.Load(w.Env)
	require.NoError(t, err)
	w.Deps, err = app.New(c, app.Options{Log: app.NewLog(w.Log, c), Now: w.Clock.Now, Deadlines: app.Deadlines{
		Request: cmp.Or(d.Request, LongDeadlines.Request), Redis: cmp.Or(d.Redis, LongDeadlines.Redis),
		SendEvent: cmp.Or(d.SendEvent, LongDeadlines.SendEvent), Names: cmp.Or(d.Names, LongDeadlines.Names),
		Check: cmp.Or(d.Check, LongDeadlines.Check),
	}})
	require.NoError(t, err)
}

// Another is a second process with the same Redis and upstreams, whose clock is off.
func (w *World) Another(t testing.TB, off time.Duration) *World {
	t.Helper()
	second := *w
	var err error
	now := func() time.Time { return w.Clock.Now().Add(off) }
	second.Deps, err = app.New(w.Deps.Config, app.Options{Log: w.Deps.Log, Now: now, Deadlines: w.Deps.Deadlines})
	require.NoError(t, err)
	return &second
}

func (w *World) serve(t testing.TB, name string, handler http.Handler) {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w.servers[name] = server
}

func (w *World) variables(o Options) map[string]string {
	own := w.Sandbox.Credentials()
	env := map[string]string{
		"UPSTASH_REDIS_REST_URL":    w.servers["redis"].URL,
		"UPSTASH_REDIS_REST_TOKEN":  redisToken,
		"CLOCKWORK_API_BASE_URL":    w.servers["clockwork"].URL + "/v1",
		"CLOCKWORK_REPORT_BASE_URL": w.servers["report"].URL,
		"CLOCKWORK_API_TOKEN":       own.ServerClockworkToken.Reveal(),
		"CLOCKWORK_ACCOUNT_ID":      own.AccountID,
		"JIRA_DOMAIN":               "example.atlassian.net",
		"JIRA_BASE_URL":             w.servers["jira"].URL,
		"ATLASSIAN_EMAIL":           own.AtlassianEmail,
		"ATLASSIAN_API_TOKEN":       own.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN": own.SessionToken.Reveal(),
		"TIMER_SOURCE":              "connect",
		"AUTH_MODE":                 "open",
	}
	if o.OverTCP {
		delete(env, "UPSTASH_REDIS_REST_URL")
		delete(env, "UPSTASH_REDIS_REST_TOKEN")
		env["REDIS_URL"] = "redis://" + w.Redis.Addr()
	}
	if o.Inngest {
		env["INNGEST_DEV"] = w.servers["inngest"].URL
	}
	maps.Copy(env, o.Env)
	maps.DeleteFunc(env, func(_, value string) bool { return value == "" })
	return env
}

// Sync runs a whole sync, as the background function would.
func (w *World) Sync(t testing.TB) {
	t.Helper()
	syncer, err := w.Deps.Syncer()
	require.NoError(t, err)
	_, err = syncer.Run(t.Context())
	require.NoError(t, err)
}

// Faults returns the injector that makes the upstreams clockwork, report, jira,
// connect, redis and inngest fail.
func (w *World) Faults() *fault.Injector { return w.Sandbox.Faults() }

// Refuse makes an upstream's address refuse connections from now on.
func (w *World) Refuse(upstream string) {
	server := w.servers[upstream]
	server.Close()
	keepClosed(w.t, server.Listener.Addr())
}

// Person returns person n of the sandbox's team. 0 owns the server's credentials, 1
// has one running timer, 3 has two, 5 has none, and the address of 6 is hidden.
func (w *World) Person(n int) sandbox.Person { return w.Sandbox.People()[n] }

// Login returns the Authorization header of a user who has logged in.
func (w *World) Login(u users.User) string {
	w.t.Helper()
	token, err := auth.Signer{Secret: w.Env["JWT_SECRET"], Now: w.Clock.Now}.Sign(auth.Grant{User: u})
	require.NoError(w.t, err)
	return "Bearer " + token
}

// Spent returns what act costs in Redis, as Upstash bills it.
func (w *World) Spent(t testing.TB, act func()) upstashrest.Usage {
	t.Helper()
	return redisclient.Spent(t, w.Redis, act)
}

// Token returns person n's Clockwork token.
func (w *World) Token(n int) string { return w.Sandbox.ClockworkToken(w.Person(n).AccountID).Reveal() }
