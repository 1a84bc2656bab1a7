package settings_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/settings"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/sandbox/fault"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

const validate = "/api/settings/validate"

type given = func(t *testing.T, w *apptest.World, r *apptest.Request)

// entered is what a person typed: ACCOUNT and TOKEN are person n's.
func entered(n int, body string) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		token, err := json.Marshal(w.Token(n))
		require.NoError(t, err)
		body = strings.NewReplacer("ACCOUNT", w.Person(n).AccountID, `"TOKEN"`, string(token)).Replace(body)
		*r = apptest.Request{Target: validate, Body: body}
	}
}

func and(first given, faults ...fault.Fault) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		first(t, w, r)
		for _, f := range faults {
			w.Faults().Add(f)
		}
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
		return apptest.Scenario{Name: name, Given: and(entered(5, body), f), Status: status, Code: code, Field: "general"}
	}
	apptest.Run(t, settings.HandleValidate, append(rows, []apptest.Scenario{
		{Name: "valid", Given: entered(5, body), Status: 200, Golden: true, Then: remembered(5, true)},
		{Name: "with-blanks-around", Given: entered(5, `{"accountId":" ACCOUNT ","clockworkApiToken":"TOKEN"}`), Status: 200, Then: remembered(5, true)},
		{Name: "hidden-e-mail", Given: entered(6, body), Status: 200, Golden: true, HasNot: []string{"null", "emailAddress"}},
		{Name: "redis-is-down", Given: and(entered(5, body), fault.Fault{Upstream: "redis", Kind: fault.Status}), Status: 200},
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
		{Name: "jira-does-not-take-the-id", Given: and(entered(5, body), fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 400}), Status: 400, Code: "VALIDATION_ERROR", Field: "accountId"},
	}...))
}

func remembered(n int, want bool) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, _ apptest.Answer) {
		t.Helper()
		control, ask := w.Deps.Control(nil), timercontrol.Request{Token: secret.New(w.Token(n))}
		reply, err := w.Deps.Redis.Do(t.Context(), control.Reads(ask)...)
		known := control.Known(ask, reply, err)
		require.NoError(t, known.Err)
		assert.Equal(t, want, known.Owner == w.Person(n).AccountID, "owner %q", known.Owner)
		for _, key := range w.Redis.Miniredis().Keys() {
			assert.NotContains(t, key, w.Token(n))
		}
	}
}
