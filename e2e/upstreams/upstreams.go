// Package upstreams runs the stand-ins of pkg/sandbox for a product that runs as
// another process: it gives the environment variables that point there. cmd/dev
// does the same for a person.
package upstreams

import (
	"encoding/json"
	"net/http/httptest"
	"time"

	"github.com/clockwork-timer/backend/e2e/requests"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
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

// Credentials that open nothing but what this package starts.
const (
	redisToken   = "e2e-redis-token"
	jwtSecret    = "e2e-secret-that-signs-nothing-of-value"
	username     = "emily"
	userPassword = "clockwork"
)

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
	rest := httptest.NewServer(s.Faults().Wrap("upstash", "upstash", redis))
	t.Cleanup(rest.Close)

	own := s.Credentials()
	user := emily(s)
	logins, err := json.Marshal([]map[string]string{{
		"username": username, "password_hash": password.New(userPassword).PHC(), "account_id": user.AccountID, "email": user.Email,
	}})
	if err != nil {
		t.Fatalf("encode the users: %v", err)
	}
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
		"AUTH_USERS=" + string(logins),
		"JWT_SECRET=" + jwtSecret,
	}}
}

// emily is somebody whose address is visible and who has no timer running.
func emily(s *sandbox.Sandbox) sandbox.Person { return s.People()[5] }

// World tells the requests of package requests what they can ask about.
func (u *Upstreams) World() (requests.World, error) {
	user := emily(u.Sandbox)
	bearer, err := auth.Signer{Secret: jwtSecret, Now: time.Now}.Sign(users.User{Username: username, AccountID: user.AccountID})
	return requests.World{
		AccountID:      user.AccountID,
		Email:          user.Email,
		ClockworkToken: u.Sandbox.ClockworkToken(user.AccountID).Reveal(),
		IssueKey:       "BILL-209",
		Username:       username,
		Password:       userPassword,
		Bearer:         bearer,
	}, err
}
