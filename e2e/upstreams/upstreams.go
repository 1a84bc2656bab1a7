// Package upstreams runs the stand-ins of pkg/sandbox for a product that runs as
// another process: it gives the environment variables that point there. cmd/dev
// does the same for a person.
package upstreams

import (
	"net/http"
	"net/http/httptest"

	"github.com/clockwork-timer/backend/e2e/requests"
	"github.com/clockwork-timer/backend/pkg/sandbox"
	"github.com/clockwork-timer/backend/pkg/sandbox/upstashrest"
	"github.com/clockwork-timer/backend/pkg/secret"
)

// Upstreams are running stand-ins.
type Upstreams struct {
	Sandbox *sandbox.Sandbox
	Redis   *upstashrest.Server
	// Env is a whole configuration (NAME=value) without Inngest.
	Env []string
}

// redisToken opens the played Upstash and nothing else.
const redisToken = "e2e-redis-token"

// Start starts them until t's cleanup.
func Start(t sandbox.TB) *Upstreams {
	t.Helper()
	s := sandbox.New(sandbox.Options{})
	servers := s.Start(t)
	redis, err := upstashrest.New(upstashrest.Options{Token: secret.New(redisToken)})
	if err != nil {
		t.Fatalf("start the played Upstash: %v", err)
	}
	t.Cleanup(redis.Close)
	rest := httptest.NewServer(http.Handler(redis))
	t.Cleanup(rest.Close)

	own := s.Credentials()
	return &Upstreams{Sandbox: s, Redis: redis, Env: []string{
		"UPSTASH_REDIS_REST_URL=" + rest.URL,
		"UPSTASH_REDIS_REST_TOKEN=" + redisToken,
		"CLOCKWORK_API_BASE_URL=" + servers.ClockworkURL,
		"CLOCKWORK_REPORT_BASE_URL=" + servers.ReportURL,
		"CLOCKWORK_API_TOKEN=" + own.ServerClockworkToken.Reveal(),
		"CLOCKWORK_ACCOUNT_ID=" + own.AccountID,
		"JIRA_DOMAIN=example.atlassian.net",
		"JIRA_BASE_URL=" + servers.JiraURL,
		"ATLASSIAN_EMAIL=" + own.AtlassianEmail,
		"ATLASSIAN_API_TOKEN=" + own.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN=" + own.SessionToken.Reveal(),
		"TIMER_SOURCE=connect",
		"AUTH_MODE=open",
	}}
}

// World tells the requests of package requests what they can ask about: Emily,
// whose address is visible and who has no timer running.
func (u *Upstreams) World() requests.World {
	emily := u.Sandbox.People()[5]
	return requests.World{
		AccountID:      emily.AccountID,
		Email:          emily.Email,
		ClockworkToken: u.Sandbox.ClockworkToken(emily.AccountID).Reveal(),
		IssueKey:       "BILL-209",
	}
}
