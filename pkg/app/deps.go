// Package app builds the dependencies of a process once, from its configuration.
// It holds no route and no rule of the domain.
package app

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // a function's machine has no time zones of its own

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/auth/clockworktoken"
	"github.com/clockwork-timer/backend/pkg/auth/session"
	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/jiracache"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/secret/sealed"
	"github.com/clockwork-timer/backend/pkg/settings"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// Deps are what routes use. Building them does no I/O.
type Deps struct {
	Config    *config.Config
	Log       *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper
	Redis     Redis
	Limits    *ratelimit.Limiter // nil if RATE_LIMIT is off
	Timers    *timercache.Cache
	Team      *team.Team
	Clockwork *clockwork.Client
	Jira      *jira.Client
	Names     *jiracache.Cache
	Worklogs  *worklog.Service
	Settings  settings.Store
	Owners    timercontrol.OwnerStore
	Verifier  auth.Verifier
	Signer    auth.Signer // its secret is empty if nobody can log in
	People    auth.People
	Login     *auth.Login
	Sessions  *session.Store
	Tokens    *accesstoken.Store // personal access tokens
	// ClockworkTokens are the Clockwork tokens that people have saved.
	ClockworkTokens clockworktoken.Store
	Live            LiveTimers
	Deadlines       Deadlines
	Telemetry       *telemetry.Telemetry // nil if nothing is recorded

	// RequestSync requests a sync on behalf of an account ("" for nobody's), by an
	// event. A process that runs the sync itself replaces it.
	RequestSync func(ctx context.Context, accountID string) error

	Health      *health.Checker // nil if the configuration is not complete
	CORS        *web.CORS
	Idempotency *idempotency.Store
	LongPolls   atomic.Int64    // requests that wait for news
	Forgeries   ratelimit.Local // by address: unsigned calls of Inngest's route, guessed personal tokens

	once     sync.Map // of Once, by key
	syncing  memo     // of Syncer
	breakers breakers
	feed     *feed
	audience atomic.Pointer[func() int] // of realtime clients
}

// Options are the parts of Deps that a process may bring itself.
type Options struct {
	Log       *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper
	Deadlines Deadlines
	Telemetry *telemetry.Telemetry
	// Server is for a process that serves everybody, unlike one of many functions.
	Server bool
}

// New builds the dependencies of a checked configuration. The error is a
// *config.Error: what only a client can check is wrong. The Deps that come with
// it are good for saying so.
func New(c *config.Config, o Options) (*Deps, error) {
	d := &Deps{Config: c, Log: o.Log, Now: o.Now, Transport: o.Transport, Deadlines: o.Deadlines.withDefaults(), Telemetry: o.Telemetry, CORS: web.NewCORS(c.Origins())}
	if d.Log == nil {
		d.Log = NewLog(os.Stderr, c)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Transport == nil {
		d.Transport = rest.NewTransport()
	}
	d.Transport = rest.AllowOnly(d.Transport, addresses(c)...)
	d.breakers = newBreakers(d.Log, d.Now)
	redis, err := d.openRedis(o.Server)
	if err != nil {
		return d, err
	}
	if err := d.Telemetry.WatchBreakers(d.breakers.each); err != nil {
		d.Log.Error("breakers are not measured", "error", err)
	}
	d.Redis = redis
	d.Owners = timercontrol.OwnerStore{Redis: d.Redis, Keys: ownerKeys(c)}
	d.Limits, d.Idempotency = d.newLimits(), d.newKeys()
	if d.Clockwork, err = clockwork.New(clockwork.Options{BaseURL: c.Clockwork.APIBaseURL.String(), Transport: d.Transport, Log: d.Log, Breaker: d.breakers.clockwork, Now: d.Now}); err != nil {
		return d, fault("CLOCKWORK_API_BASE_URL", err)
	}
	d.Jira, err = jira.New(jira.Options{BaseURL: c.JiraAPIURL(), BrowseURL: c.BrowseURL(), Email: c.Jira.Email, APIToken: c.Jira.APIToken,
		Transport: d.Transport, Log: d.Log, Breaker: d.breakers.jira, Now: d.Now})
	if err != nil {
		return d, fault("JIRA_BASE_URL", err)
	}
	sender, err := d.newSender()
	if err != nil {
		return d, fault("INNGEST_BASE_URL", err)
	}
	d.RequestSync = sender.RequestSync
	d.Timers = timercache.New(d.Redis, d.Config.Jira.Domain, d.Now)
	d.Team = &team.Team{Cache: d.Timers, Redis: d.Redis, Rules: team.Rules{View: team.View(c.TeamView), Open: c.Auth.Mode == config.AuthOpen,
		HideComments: c.TeamHide.Comments, HideIssues: c.TeamHide.Issues}}
	d.Names = jiracache.New(d.Redis, d.Jira, d.Log)
	d.Worklogs = &worklog.Service{Clockwork: d.Clockwork, Names: d.Names, DefaultZone: c.DefaultTimezone.Location,
		NamesTimeout: d.Deadlines.Names, Now: d.Now, Log: d.Log}
	d.Settings = settings.Store{Redis: d.Redis, Goals: c.GoalPerDay}
	d.Verifier = auth.Verifier{Secrets: c.Auth.JWTSecrets(), Now: d.Now, Recent: &auth.Recent{}}
	d.Signer.Now = d.Now
	if len(d.Verifier.Secrets) > 0 {
		d.Signer.Secret = d.Verifier.Secrets[0]
	}
	d.People = auth.People{JiraTimeout: d.Deadlines.Names, Config: &c.Auth, Jira: d.Jira, Log: d.Log}
	d.Login = d.newLogin()
	if d.Sessions, err = session.New(d.Redis, d.Verifier.Secrets, d.Now); err != nil {
		return d, fault("JWT_SECRET", err)
	}
	d.Tokens = accesstoken.New(d.Redis, d.Now)
	box, err := sealed.New(c.TokenEncryptionKey.All()...)
	if err != nil {
		return d, fault("TOKEN_ENCRYPTION_KEY", err)
	}
	d.ClockworkTokens = clockworktoken.Store{Redis: d.Redis, Box: box, Now: d.Now}
	d.Live = d.newLiveTimers()
	d.Health = d.newHealth()
	return d, nil
}

// Once returns what build has made for the key at its first use: for a dependency
// of one route whose libraries the others must not link.
func (d *Deps) Once(key string, build func() any) any {
	built, _ := d.once.LoadOrStore(key, sync.OnceValue(build))
	return built.(func() any)()
}

// Close ends the subscription to Redis that is kept open between requests.
func (d *Deps) Close() {
	if d.feed != nil {
		d.feed.close()
	}
}

// fault is a configuration error that a client found.
func fault(variable string, err error) error {
	return &config.Error{Faults: []config.Fault{{Variable: variable, Problem: "cannot be used: " + err.Error()}}}
}

// FromEnvironment builds the dependencies of a process that is one function.
// With an error they are good for logging only.
func FromEnvironment() (*Deps, error) {
	LetHeapGrow()
	c, err := config.Load(config.Environ(os.Environ()))
	log := NewLog(os.Stderr, c)
	if err != nil {
		return &Deps{Config: c, Log: log, Now: time.Now, Deadlines: Deadlines{}.withDefaults(), CORS: web.NewCORS(c.Origins())}, err
	}
	return New(c, Options{Log: log})
}
