package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// jwtSecret signs the logins of a server that runs for seconds.
const jwtSecret = "bench-secret-that-signs-nothing-of-value"

// person acts or reads.
type person struct{ account, bearer, token, issueKey string }

// world is a site. Redis has all its timers; the stand-ins have only the people who
// start, stop or read.
type world struct {
	timers int
	people []person // nothing of theirs runs yet: it is Monday morning
	busy   []person // two or three timers of theirs run
	env    []string
}

func newWorld(ctx context.Context, c *process.Cleanup, timers int) (*world, error) {
	addr := redisserver.Start(c)
	box := sandbox.New(sandbox.Options{Seed: 1})
	everybody := slices.Max(crowds) + goalPeople
	box.Populate(0, everybody)
	site, credentials := box.Start(c), box.Credentials()
	inngest, err := startInngest(c)
	if err != nil {
		return nil, err
	}
	w := &world{timers: timers, env: []string{
		"REDIS_URL=redis://" + addr, "CLOCKWORK_API_BASE_URL=" + site.ClockworkURL, "CLOCKWORK_REPORT_BASE_URL=" + site.ReportURL,
		"JIRA_DOMAIN=" + box.Site().Host, "JIRA_BASE_URL=" + site.JiraURL,
		"ATLASSIAN_EMAIL=" + credentials.AtlassianEmail, "ATLASSIAN_API_TOKEN=" + credentials.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN=" + credentials.SessionToken.Reveal(), "TIMER_SOURCE=connect",
		"JWT_SECRET=" + jwtSecret, "LOG_LEVEL=warn", "INNGEST_DEV=" + inngest,
	}}
	signer, issues := auth.Signer{Secret: jwtSecret, Now: time.Now}, box.Issues()
	for n, p := range box.People()[:everybody] {
		bearer, err := signer.Sign(auth.Grant{User: users.User{Username: p.AccountID, AccountID: p.AccountID}})
		if err != nil {
			return nil, err
		}
		w.people = append(w.people, person{p.AccountID, bearer, box.ClockworkToken(p.AccountID).Reveal(), issues[n%len(issues)].Key})
	}
	w.people, w.busy = w.people[:slices.Max(crowds)], w.people[slices.Max(crowds):]
	return w, fill(ctx, addr, box.People()[slices.Max(crowds):everybody], timers)
}

func (w *world) environ(kind string) []string {
	mode := "AUTH_MODE=required"
	if kind == kindOpen {
		mode = "AUTH_MODE=open"
	}
	return append(slices.Clone(w.env), mode)
}

// fill writes the timers as a sync would, on average five for two people. They belong
// to the busy people, and to as many more as are needed.
func fill(ctx context.Context, addr string, busy []sandbox.Person, timers int) error {
	client, err := tcp.New("redis://"+addr, redis.Options{Timeout: time.Minute})
	if err != nil {
		return err
	}
	defer client.Close()
	cache := timercache.New(client, "", nil)
	base, _, err := cache.Base(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	snapshot := timercache.Snapshot{FetchedAt: now, CachedAt: now, Source: "connect", Enriched: true}
	everybody := timers * 2 / 5
	for n := range timers {
		who := timer.Person{AccountID: fmt.Sprintf("5b10ac8d82e05b22%08x", n%everybody), DisplayName: fmt.Sprintf("Person %d", n%everybody),
			EmailAddress: fmt.Sprintf("person.%d@northbridge.example", n%everybody)}
		if n%everybody < len(busy) {
			p := busy[n%everybody] // with Jira's address, because a start would write that
			who = timer.Person{AccountID: p.AccountID, DisplayName: p.DisplayName, EmailAddress: p.Email}
		}
		started := now.Add(-time.Duration(1+n%480) * time.Minute)
		snapshot.Timers = append(snapshot.Timers, timer.Timer{
			ID: int64(10_000 + n), StartedAt: started, RunningFor: who.AccountID, TillNow: int64(now.Sub(started) / time.Second), WorklogCount: n % 3,
			Issue:  timer.Issue{Key: fmt.Sprintf("FILL-%d", n+1), ID: int64(900_000 + n), Summary: fmt.Sprintf("Load plan for Hamburg, week %d", n%52), ProjectName: "Cargo Planning"},
			Author: &who, WithinWorkingHours: true, StartedWithinWorkingHours: true,
		})
	}
	if _, _, err := cache.Propose(ctx, "fill", base, snapshot); err != nil {
		return err
	}
	_, err = cache.Commit(ctx, "fill")
	return err
}

// startInngest starts a stand-in for Inngest that accepts events.
func startInngest(c *process.Cleanup) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ids":["01J00000000000000000000000"],"status":200}`)
	})}
	go func() { _ = server.Serve(listener) }() // ends when it is closed
	c.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), nil
}
