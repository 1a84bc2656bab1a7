// Package health checks whether each thing that the service depends on works:
// for the health route and for doctor. It gives states and errors, no words of an
// upstream's. Its one key in Redis is clockwork:outages.
package health

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/inngestapi"
	"github.com/clockwork-timer/backend/pkg/internal/flight"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Check is one dependency's state, fit for the public: no address, no text of
// an upstream's.
type Check struct {
	Status     string     `json:"status"` // up, down, ending, stale, at_risk, unknown, not_configured
	DurationMS int64      `json:"durationMs"`
	DownSince  *time.Time `json:"downSince,omitempty"` // the first failure that is known
	Message    string     `json:"message,omitempty"`
	// Err is why it is down, if Message does not say.
	Err error `json:"-"`
}

// Redis runs commands.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// Checker checks the dependencies of one process. All fields are required.
type Checker struct {
	Config *config.Config
	Redis  Redis
	Jira   interface {
		Myself(ctx context.Context) (jira.User, error)
	}
	Clockwork interface {
		VerifyToken(ctx context.Context, token secret.Text, accountID string) error
	}
	Timers interface {
		Freshness(ctx context.Context) (timercache.Freshness, error)
	}
	Sources      func() ([]timersync.Source, error)
	Inngest      func() (*inngestapi.Client, error)
	Messages     func() (c Check, known bool)      // of the subscription to Redis
	FailingSince func(dependency string) time.Time // as its circuit breaker knows; or zero
	Timeout      time.Duration                     // of one check
	Now          func() time.Time
	Log          *slog.Logger

	running flight.Group[Report]
	since   map[string]time.Time // of each outage; one report at a time uses it

	mu   sync.Mutex
	last Report
}

// Report is the state of every dependency at a moment.
type Report struct {
	Checks map[string]Check
	At     time.Time
}

// reportLife is how long a report is good enough for the next caller: anyone may
// ask, and must not load the upstreams by asking often.
const reportLife = 5 * time.Second

// Report checks everything, once for all who ask at the same time. An error means
// that the caller did not wait.
func (c *Checker) Report(ctx context.Context) (Report, error) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if now := c.Now(); !last.At.IsZero() && now.Sub(last.At) < reportLife {
		return last, nil
	}
	return c.running.Do(ctx, "all", func(ctx context.Context) (Report, error) {
		at := c.Now().UTC().Truncate(time.Millisecond)
		report := Report{c.checkAll(ctx), at}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last = report
		return report, nil
	})
}

// checkAll makes every check at the same time. A check that knows nothing is left
// out.
func (c *Checker) checkAll(ctx context.Context) map[string]Check {
	checks := map[string]Check{}
	var mu sync.Mutex
	all := panics.Group{Log: c.Log, Task: "health check"}
	for name, run := range map[string]func(context.Context) (Check, bool){
		"redis":       c.probe("redis", func(ctx context.Context) error { return Ping(ctx, c.Redis) }),
		"jira":        c.probe("jira", func(ctx context.Context) error { _, err := c.Jira.Myself(ctx); return err }),
		"clockwork":   c.checkClockwork,
		"inngest":     c.checkInngest,
		"jiraSession": c.checkSession,
		"sync":        c.checkSync,
		"eviction":    c.checkEviction,
	} {
		all.Go(func() {
			began := time.Now()
			ctx, cancel := context.WithTimeout(ctx, c.Timeout)
			defer cancel()
			check, known := run(ctx)
			if !known {
				return
			}
			check.DurationMS = time.Since(began).Milliseconds()
			mu.Lock()
			defer mu.Unlock()
			checks[name] = check
		})
	}
	all.Wait()
	if check, known := c.Messages(); known {
		checks["messages"] = check
	}
	c.dateOutages(ctx, checks)
	return checks
}

// probe is the check of a dependency that is down if a call fails.
func (c *Checker) probe(name string, call func(context.Context) error) func(context.Context) (Check, bool) {
	return func(ctx context.Context) (Check, bool) {
		err := panics.Try(func() error { return call(ctx) })
		if err == nil {
			return Check{Status: "up"}, true
		}
		c.Log.WarnContext(ctx, "dependency down", "dependency", name, "error", err)
		if name == "redis" {
			err = nil // its status says it all
		}
		return Check{Status: "down", Err: err}, true
	}
}

func (c *Checker) checkClockwork(ctx context.Context) (Check, bool) {
	token := c.Config.Clockwork.APIToken
	if token.IsZero() {
		return Check{Status: "not_configured", Message: "Worklogs need CLOCKWORK_API_TOKEN, or a token with each request."}, true
	}
	return c.probe("clockwork", func(ctx context.Context) error {
		return upstream.OurCredential(c.Clockwork.VerifyToken(ctx, token, c.Config.Clockwork.AccountID))
	})(ctx)
}

// Ping asks whether Redis answers.
func Ping(ctx context.Context, redis Redis) error {
	reply, err := redis.Do(ctx, "PING")
	if err == nil && reply != "PONG" {
		return errors.New("the server at this address is not Redis")
	}
	return err
}
