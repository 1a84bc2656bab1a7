// Package upstreams runs the sandbox's stand-ins for a product that runs as another
// process, and returns the environment variables that lead there. cmd/dev does the
// same for a person.
package upstreams

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/apptest/requests"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// Upstreams are running stand-ins.
type Upstreams struct {
	Sandbox *sandbox.Sandbox
	Redis   *upstashrest.Server
	// Env is a whole configuration (NAME=value) without Inngest.
	Env []string
}

// Credentials that are good only for what this package starts.
const (
	redisToken = "e2e-redis-token"
	jwtSecret  = "e2e-secret-that-signs-nothing-of-value"

	encryptionKey = "ZTJlLWtleS10aGF0LWVuY3J5cHRzLW5vdGhpbmctISE="
	// Password is everybody's password; see Username.
	Password = "clockwork"
)

// Start starts them until t's cleanup.
func Start(t sandbox.TB) *Upstreams {
	t.Helper()
	s := sandbox.New(sandbox.Options{})
	servers := s.Start(t)
	redis, err := upstashrest.New(upstashrest.Options{Token: secret.New(redisToken)})
	if err != nil {
		t.Fatalf("start the stand-in for Upstash: %v", err)
	}
	t.Cleanup(redis.Close)
	rest := httptest.NewServer(s.Faults().Wrap("upstash", "upstash", redis))
	t.Cleanup(rest.Close)

	own := s.Credentials()
	logins, err := json.Marshal(logins(s.People()))
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
		"SYNC_INTERVAL=off", // the tests start each sync themselves
		"JIRA_BASE_URL=" + servers.JiraURL,
		"ATLASSIAN_EMAIL=" + own.AtlassianEmail,
		"ATLASSIAN_API_TOKEN=" + own.AtlassianAPIToken.Reveal(),
		"JIRA_TENANT_SESSION_TOKEN=" + own.SessionToken.Reveal(),
		"TIMER_SOURCE=connect",
		"AUTH_MODE=open",
		"AUTH_USERS=" + string(logins),
		"JWT_SECRET=" + jwtSecret,
		"TOKEN_ENCRYPTION_KEY=" + encryptionKey,
	}}
}

// logins returns AUTH_USERS for everybody, the first as an admin. They share one
// hash, because hashing is slow.
func logins(people []sandbox.Person) []map[string]string {
	hash := password.New(Password).PHC()
	var all []map[string]string
	for _, p := range people {
		all = append(all, map[string]string{"username": Username(p), "password_hash": hash, "account_id": p.AccountID, "email": p.Email})
	}
	all[0]["role"] = auth.RoleAdmin
	return all
}

// Username returns a person's username: Emily Carter logs in as emily.
func Username(p sandbox.Person) string {
	first, _, _ := strings.Cut(p.DisplayName, " ")
	return strings.ToLower(first)
}

// emily returns a person whose address is visible and who has no running timer.
func emily(s *sandbox.Sandbox) sandbox.Person { return s.People()[5] }

// World returns the data for the requests of package requests.
func (u *Upstreams) World() (requests.World, error) {
	user := emily(u.Sandbox)
	bearer, err := u.Bearer(user.AccountID)
	return requests.World{
		AccountID:      user.AccountID,
		Email:          user.Email,
		ClockworkToken: u.Sandbox.ClockworkToken(user.AccountID).Reveal(),
		IssueKey:       "BILL-209",
		Username:       Username(user),
		Password:       Password,
		Bearer:         bearer,
	}, err
}

// Bearer returns an access token of a person.
func (u *Upstreams) Bearer(accountID string) (string, error) {
	return auth.Signer{Secret: jwtSecret, Now: time.Now}.Sign(auth.Grant{User: users.User{Username: accountID, AccountID: accountID}})
}
