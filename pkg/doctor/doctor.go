// Package doctor finds out what is wrong with a configuration: it checks each
// variable, and each service with the credentials that are set. Each finding is a
// line that says what to do. It changes nothing and prints no secret.
//
// It writes one key, clockwork:doctor:{random}, for a minute at most, and
// deletes it; it publishes on a channel of that name.
package doctor

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Level says how bad a finding is.
type Level string

// The levels. Only with a failure something does not work.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "fail"
	Skip Level = "skip" // there was nothing to check
)

// Finding is the result of one check: a line.
type Finding struct {
	Level Level
	Check string // "redis"
	Text  string
}

// Options change how the checks are made. The zero value is for a terminal.
type Options struct {
	Transport http.RoundTripper // default: one of its own
	Now       func() time.Time  // default time.Now
	Timeout   time.Duration     // of one check, default 10 s; reading timers gets three times as long
	Only      []string          // names of checks; default all
}

const defaultTimeout = 10 * time.Second

// check is one independent check.
type check struct {
	name string
	long bool // makes several calls
	run  func(ctx context.Context, t *target) []Finding
}

// checks are in the order of the report, causes before effects.
var checks = []check{
	{name: "configuration", run: checkConfiguration},
	{name: "redis", run: checkRedis},
	{name: "jira", run: checkJira},
	{name: "clockwork", run: checkClockwork},
	{name: "timers", long: true, run: checkTimers},
	{name: "sync", run: checkSync},
	{name: "inngest", run: checkInngest},
	{name: "auth", run: checkAuth},
	{name: "sign-in", run: checkSignIn},
	{name: "encryption", run: checkEncryption},
	{name: "database", run: checkDatabase},
	{name: "cors", run: checkCORS},
	{name: "limits", run: checkLimits},
	{name: "telemetry", run: checkTelemetry},
}

// Run makes every check at the same time, and reports in a fixed order, each
// finding as soon as those before it are known. What cannot be checked because
// variables are missing is skipped. It returns the number of failures.
func Run(ctx context.Context, environ map[string]string, o Options, report func(Finding)) (failures int) {
	t := newTarget(environ, o)
	defer t.close()
	mask := maskFor(t)
	chosen := slices.DeleteFunc(slices.Clone(checks), func(c check) bool { return len(o.Only) > 0 && !slices.Contains(o.Only, c.name) })
	results := make([]chan []Finding, len(chosen))
	for i, c := range chosen {
		results[i] = make(chan []Finding, 1)
		go func() {
			var findings []Finding
			if panics.Try(func() error { findings = t.run(ctx, c, o.Timeout); return nil }) != nil {
				findings = []Finding{{Check: c.name, Level: Fail, Text: "the check itself failed: that is a fault of this program"}}
			}
			results[i] <- findings
		}()
	}
	send := func(findings []Finding) {
		for _, f := range findings {
			if f.Level == Fail {
				failures++
			}
			f.Text = mask(f.Text)
			report(f)
		}
	}
	for _, result := range results {
		send(<-result)
	}
	if len(o.Only) == 0 {
		send(t.clock.findings()) // from the answers to all the others
	}
	return failures
}

// patient is what is checked: a configuration, complete or not.
type target struct {
	config    *config.Config
	faults    []config.Fault
	environ   map[string]string
	transport http.RoundTripper
	clock     *clockWatch
	now       func() time.Time
	redis     func() (timercache.Redis, error)
	closers   []func() error
}

func newTarget(environ map[string]string, o Options) *target {
	if o.Transport == nil {
		o.Transport = rest.NewTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c, err := config.Load(environ)
	c.ServerDefaults()
	t := &target{config: c, faults: faultsOf(err), environ: environ, now: o.Now, clock: &clockWatch{next: o.Transport, now: o.Now}}
	t.transport = t.clock
	t.openRedis()
	return t
}

func (t *target) close() {
	for _, closeOne := range t.closers {
		_ = closeOne()
	}
}

// examine makes one check within its time.
func (t *target) run(ctx context.Context, c check, timeout time.Duration) []Finding {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	if c.long {
		timeout *= 3
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	findings := c.run(ctx, t)
	for i := range findings {
		if findings[i].Check == "" {
			findings[i].Check = c.name
		}
	}
	return findings
}

// wrong reports whether one of the variables is missing or wrong. The check of the
// configuration names it.
func (t *target) wrong(variables ...string) bool {
	for _, f := range t.faults {
		for _, v := range variables {
			if f.Variable == v {
				return true
			}
		}
	}
	return false
}
