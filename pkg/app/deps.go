// Package app is where everything meets: it builds the dependencies once, from
// configuration, and turns a route's function into an http handler. It holds no
// route and no rule of the domain.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/jiracache"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// Deps are what routes use. Building them does no I/O.
type Deps struct {
	Config    *config.Config
	Log       *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper
	Redis     Redis
	Timers    *timercache.Cache
	Clockwork *clockwork.Client
	Jira      *jira.Client
	Names     *jiracache.Cache
	Worklogs  *worklog.Service
	Owners    timercontrol.OwnerStore
	Verifier  auth.Verifier

	// RequestSync, where set, replaces the event: a process that runs the sync
	// itself needs no Inngest.
	RequestSync func(ctx context.Context, accountID string) error

	sync memo // of Syncer
}

// Options are the parts of Deps that a process may bring itself.
type Options struct {
	Log       *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper
}

// New builds the dependencies of a checked configuration.
func New(c *config.Config, o Options) (*Deps, error) {
	d := &Deps{Config: c, Log: o.Log, Now: o.Now, Transport: o.Transport}
	if d.Log == nil {
		d.Log = NewLog(os.Stderr, c)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Transport == nil {
		d.Transport = rest.NewTransport()
	}
	var err error
	if d.Redis, err = newRedis(c, d.Transport); err != nil {
		return nil, err
	}
	d.Timers = timercache.New(d.Redis, d.Now)
	if d.Clockwork, err = clockwork.New(clockwork.Options{BaseURL: c.Clockwork.APIBaseURL.String(), Transport: d.Transport, Log: d.Log}); err != nil {
		return nil, fmt.Errorf("clockwork client: %w", err)
	}
	d.Jira, err = jira.New(jira.Options{BaseURL: c.JiraAPIURL(), BrowseURL: c.BrowseURL(), Email: c.Jira.Email, APIToken: c.Jira.APIToken, Transport: d.Transport, Log: d.Log})
	if err != nil {
		return nil, fmt.Errorf("jira client: %w", err)
	}
	d.Names = jiracache.New(d.Redis, d.Jira, d.Log)
	d.Worklogs = &worklog.Service{Clockwork: d.Clockwork, Names: d.Names, DefaultZone: c.DefaultTimezone.Location, Now: d.Now, Log: d.Log}
	d.Owners = timercontrol.OwnerStore{Redis: d.Redis, Key: ownerKey(c)}
	d.Verifier = auth.Verifier{Secrets: c.Auth.JWTSecrets(), Now: d.Now}
	return d, nil
}
