package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

const restToken = "bench-token"

// world is a team and its Redis.
type world struct {
	box    *sandbox.Sandbox
	stand  *upstashrest.Server
	config *config.Config
}

func newWorld(ctx context.Context, c *process.Cleanup, way string, timers, users int) (*world, error) {
	w := &world{box: sandbox.New(sandbox.Options{Seed: 1})}
	// Without authors the sync must look up every name. Without renewal the stand-in
	// does not spend its time signing tokens.
	w.box.Switch(func(s *sandbox.Switches) { s.OmitAuthors, s.NoTokenRenewal = true, true })
	w.box.Populate(timers, users)
	site := w.box.Start(c)
	addr := ""
	if way != "miniredis/REST" {
		addr = redisserver.Start(c)
	}
	var err error
	if w.stand, err = upstashrest.New(upstashrest.Options{Addr: addr, Token: secret.New(restToken)}); err != nil {
		return nil, err
	}
	c.Cleanup(w.stand.Close)
	creds := w.box.Credentials()
	environ := map[string]string{
		"CLOCKWORK_API_BASE_URL": site.ClockworkURL, "CLOCKWORK_REPORT_BASE_URL": site.ReportURL,
		"JIRA_DOMAIN": w.box.Site().Host, "JIRA_BASE_URL": site.JiraURL,
		"ATLASSIAN_EMAIL": creds.AtlassianEmail, "ATLASSIAN_API_TOKEN": creds.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN": creds.SessionToken.Reveal(), "TOKEN_ENCRYPTION_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
		"AUTH_MODE": "open", "INNGEST_DEV": "1",
	}
	if way == "redis/TCP" {
		environ["REDIS_URL"] = "redis://" + addr
	} else {
		environ["UPSTASH_REDIS_REST_URL"], environ["UPSTASH_REDIS_REST_TOKEN"] = listen(c, w.stand), restToken
	}
	w.config, err = config.Load(environ)
	return w, err
}

func listen(c *process.Cleanup, h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.Fatalf("listen: %v", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends when it is closed
	c.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String()
}

// figures are the costs of one sync.
type figures struct {
	usage    upstashrest.Usage
	trips    int64
	requests map[string]int
	took     time.Duration
}

// sync runs one sync with new dependencies, like a new process.
func (w *world) sync(ctx context.Context) (figures, error) {
	d, err := app.New(w.config, app.Options{
		Log:       slog.New(slog.DiscardHandler),
		Deadlines: app.Deadlines{Redis: time.Minute}, // on a slow machine the table should show it
	})
	if err != nil {
		return figures{}, err
	}
	defer (&http.Client{Transport: d.Transport}).CloseIdleConnections()
	trips := &counted{Redis: d.Redis}
	d.Redis, d.Timers = trips, timercache.New(trips, w.config.Jira.Domain, d.Now)
	syncer, err := d.Syncer()
	if err != nil {
		return figures{}, err
	}
	before, err := w.stand.Usage(ctx)
	if err != nil {
		return figures{}, err
	}
	w.box.ResetRequests()
	began := time.Now()
	result, err := syncer.Run(ctx)
	took := time.Since(began)
	if err != nil {
		return figures{}, err
	}
	if result.Timers != len(w.box.RunningTimers()) {
		return figures{}, errors.New("the sync did not write every timer")
	}
	after, err := w.stand.Usage(ctx)
	return figures{usage: after.Since(before), trips: trips.n.Load(), requests: w.box.Requests(), took: took}, err
}

// change makes that many people stop, start or edit one timer each.
func (w *world) change(users int) error {
	people, running := w.box.People(), w.box.RunningTimers()
	mine := map[string]int64{}
	issue := map[string]string{}
	for _, t := range running {
		mine[t.RunningFor], issue[t.RunningFor] = t.ID, t.Issue.Key
	}
	issues := w.box.Issues()
	for n := range users {
		account := people[n].AccountID
		var err error
		switch n % 3 {
		case 0:
			_, err = w.box.EditTimer(mine[account], sandbox.TimerEdit{Comment: new("edited")})
		case 1:
			_, err = w.box.StopTimer(account, issue[account])
		case 2:
			_, err = w.box.StartTimer(account, issues[len(issues)-1-n].Key, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stop stops all timers of the first people.
func (w *world) stop(users int) error {
	stopping := map[string]bool{}
	for _, p := range w.box.People()[:users] {
		stopping[p.AccountID] = true
	}
	for _, t := range w.box.RunningTimers() {
		if !stopping[t.RunningFor] {
			continue
		}
		if _, err := w.box.StopTimer(t.RunningFor, t.Issue.Key); err != nil {
			return err
		}
	}
	return nil
}
