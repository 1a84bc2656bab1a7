package api_test

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const validate = "/api/settings/validate"

// entered is what a person typed: ACCOUNT and TOKEN are person n's.
func entered(n int, body string) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		token, err := json.Marshal(w.Token(n))
		require.NoError(t, err)
		body = strings.NewReplacer("ACCOUNT", w.Person(n).AccountID, `"TOKEN"`, string(token)).Replace(body)
		*r = apptest.Request{Target: validate, Body: body}
	}
}

func TestValidate(t *testing.T) {
	const body = `{"accountId":"ACCOUNT","clockworkApiToken":"TOKEN"}`
	wrongType := map[string]bool{"account-a-number": true, "account-a-list": true, "account-an-object": true}
	rows := apptest.BadBodies(validate)
	for i := range rows { // what a form says of an input has this code
		if rows[i].Field == "accountId" && !wrongType[rows[i].Name] {
			rows[i].Code = "VALIDATION_ERROR"
		}
	}
	invalid := func(name, body, field string) apptest.Scenario {
		return apptest.Scenario{Name: name, Given: entered(5, body), Status: 400, Code: "VALIDATION_ERROR", Field: field}
	}
	outage := func(name, code string, status int, f fault.Fault) apptest.Scenario {
		return apptest.Scenario{Name: name, Given: and(entered(5, body), broken(f)), Status: status, Code: code, Field: "general"}
	}
	apptest.Run(t, api.HandleLookup, append(rows, []apptest.Scenario{
		{Name: "valid", Given: entered(5, body), Status: 200, Golden: true, Then: remembered(5, true)},
		{Name: "with-blanks-around", Given: entered(5, `{"accountId":" ACCOUNT ","clockworkApiToken":"TOKEN"}`), Status: 200, Then: remembered(5, true)},
		{Name: "again", Given: bound(5, 5, entered(5, body)), Status: 200, Then: both(remembered(5, true), boundFor(30*24*time.Hour))},
		{Name: "connected-by-somebody-else", Given: bound(5, 1, entered(5, body)), Status: 400, Code: "VALIDATION_ERROR", Field: "clockworkApiToken", Golden: true,
			HasNot: []string{"Linh"}, Then: both(remembered(5, false), boundFor(time.Hour))},
		{Name: "hidden-e-mail", Given: entered(6, body), Status: 200, Golden: true, HasNot: []string{"null", "emailAddress"}},
		{Name: "redis-is-down", Given: and(entered(5, body), broken(fault.Fault{Upstream: "redis", Kind: fault.Status})), Status: 200},
		{Name: "unknown-account", Given: entered(5, `{"accountId":"712020:nobody","clockworkApiToken":"TOKEN"}`), Status: 400, Code: "VALIDATION_ERROR", Field: "accountId", Golden: true, Then: remembered(5, false)},
		{Name: "wrong-token", Given: entered(5, `{"accountId":"ACCOUNT","clockworkApiToken":"wrong"}`), Status: 400, Code: "VALIDATION_ERROR", Field: "clockworkApiToken", Golden: true},
		invalid("both-wrong", `{"accountId":"712020:nobody","clockworkApiToken":"wrong"}`, "accountId"),
		invalid("empty", `{}`, "accountId"),
		invalid("no-account", `{"clockworkApiToken":"TOKEN"}`, "accountId"),
		invalid("account-null", `{"accountId":null,"clockworkApiToken":"TOKEN"}`, "accountId"),
		invalid("account-all", `{"accountId":"all","clockworkApiToken":"TOKEN"}`, "accountId"),
		invalid("no-token", `{"accountId":"ACCOUNT"}`, "clockworkApiToken"),
		invalid("blank-token", `{"accountId":"ACCOUNT","clockworkApiToken":" "}`, "clockworkApiToken"),
		invalid("token-with-new-line", `{"accountId":"ACCOUNT","clockworkApiToken":"a\nb"}`, "clockworkApiToken"),
		invalid("long-token", `{"accountId":"ACCOUNT","clockworkApiToken":"`+strings.Repeat("a", 4097)+`"}`, "clockworkApiToken"),
		{Name: "token-a-number", Given: entered(5, `{"accountId":"ACCOUNT","clockworkApiToken":7}`), Status: 400, Code: "BAD_REQUEST", Field: "clockworkApiToken"},
		outage("jira-is-down", "JIRA_UNAVAILABLE", 502, fault.Fault{Upstream: "jira", Kind: fault.Status}),
		outage("jira-refuses-us", "JIRA_AUTH_FAILED", 502, fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 401}),
		outage("clockwork-is-down", "CLOCKWORK_UNAVAILABLE", 502, fault.Fault{Upstream: "clockwork", Kind: fault.Status}),
		outage("clockwork-is-not-there", "CLOCKWORK_UNAVAILABLE", 502, fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 404}),
		{Name: "jira-does-not-take-the-id", Given: and(entered(5, body), broken(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 400})), Status: 400, Code: "VALIDATION_ERROR", Field: "accountId"},
	}...))
}

func remembered(n int, want bool) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, _ apptest.Answer) {
		t.Helper()
		read := w.Deps.Control().Read(timercontrol.Request{Token: secret.New(w.Token(n))})
		reply, err := w.Deps.Redis.Do(t.Context(), read.Command()...)
		known := read.Known(reply, err)
		require.NoError(t, known.Err)
		assert.Equal(t, want, known.Owner.Account == w.Person(n).AccountID, "owner %v", known.Owner)
		for _, key := range w.Redis.Miniredis().Keys() {
			assert.NotContains(t, key, w.Token(n))
		}
	}
}

// bound binds person n's token to somebody, an hour before it ends.
func bound(n, to int, next given) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		require.NoError(t, w.Deps.Owners.Claim(t.Context(), secret.New(w.Token(n)), w.Person(to).AccountID))
		for _, key := range w.Redis.Miniredis().Keys() {
			if strings.HasPrefix(key, "clockwork:owner:") {
				w.Redis.Miniredis().SetTTL(key, time.Hour)
			}
		}
		next(t, w, r)
	}
}

func boundFor(want time.Duration) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, _ apptest.Answer) {
		t.Helper()
		bindings := 0
		for _, key := range w.Redis.Miniredis().Keys() {
			if strings.HasPrefix(key, "clockwork:owner:") {
				bindings++
				assert.Equal(t, want, w.Redis.Miniredis().TTL(key))
			}
		}
		assert.Equal(t, 1, bindings)
	}
}

// Of several who bind a token at once, one succeeds.
func TestValidateAtOnce(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	token := secret.New(w.Token(5))
	var claimed atomic.Int32
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			err := w.Deps.Owners.Claim(t.Context(), token, w.Person(n%4).AccountID)
			if err == nil {
				claimed.Add(1 << (8 * (n % 4)))
			} else {
				assert.ErrorIs(t, err, timercontrol.ErrTaken)
			}
		})
	}
	all.Wait()
	assert.Contains(t, []int32{2, 2 << 8, 2 << 16, 2 << 24}, claimed.Load(), "both requests of one person")
}
