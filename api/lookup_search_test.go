package api_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/pkg/apptest"
)

const search = "/api/issues/search"

type given = apptest.Given

var broken, and, both = apptest.Broken, apptest.And, apptest.Both

// looking searches for a person; pairs are names and values of parameters.
func looking(person int, pairs ...string) given {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		query := url.Values{"accountId": {w.Person(person).AccountID}}
		for i := 0; i < len(pairs); i += 2 {
			query.Set(pairs[i], pairs[i+1])
		}
		r.Target = search + "?" + query.Encode()
	}
}

// found asserts the keys of an answer, in any order.
func found(keys ...string) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, _ *apptest.World, a apptest.Answer) {
		t.Helper()
		assert.ElementsMatch(t, keys, foundIn(t, a))
	}
}

// begins asserts the first keys of an answer, in their order.
func begins(keys ...string) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, _ *apptest.World, a apptest.Answer) {
		t.Helper()
		got := foundIn(t, a)
		assert.Equal(t, keys, got[:min(len(got), len(keys))])
	}
}

func foundIn(t *testing.T, a apptest.Answer) []string {
	t.Helper()
	var reply struct{ Issues []struct{ Key string } }
	require.NoError(t, json.Unmarshal(a.Body, &reply))
	keys := []string{}
	for _, i := range reply.Issues {
		keys = append(keys, i.Key)
	}
	return keys
}

func atMost(n int) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, _ *apptest.World, a apptest.Answer) {
		t.Helper()
		assert.Len(t, foundIn(t, a), n)
	}
}

func TestSearch(t *testing.T) {
	apptest.Run(t, api.HandleLookup, append(apptest.BadQueries(search), []apptest.Scenario{
		{Name: "in-progress", Given: looking(5), Status: 200, Golden: true, Then: found("BILL-209", "BILL-219")},
		{Name: "by-key", Given: looking(5, "q", "mob-88"), Status: 200, Then: found("MOB-88")},
		{Name: "by-beginning-of-a-key", Given: looking(5, "q", "PORTAL-30"), Status: 200, Then: begins("PORTAL-301", "PORTAL-305", "PORTAL-308")},
		{Name: "by-key-with-a-space", Given: looking(5, "q", "portal 312"), Status: 200, Then: found("PORTAL-312")},
		{Name: "by-key-without-a-hyphen", Given: looking(5, "q", "portal312"), Status: 200, Then: found("PORTAL-312")},
		{Name: "by-link", Given: looking(5, "q", "https://example.atlassian.net/browse/PORTAL-312?focusedCommentId=1"), Status: 200, Then: found("PORTAL-312")},
		{Name: "by-number", Given: looking(5, "q", "209"), Status: 200, Then: begins("BILL-209")},
		{Name: "by-beginning-of-a-number", Given: looking(5, "q", "21"), Status: 200, Then: begins("BILL-211", "BILL-214")},
		{Name: "by-number-of-no-issue", Given: looking(5, "q", "999999"), Status: 200, Has: []string{`"issues":[]`}},
		{Name: "by-word", Given: looking(5, "q", "backups"), Status: 200, Then: found("OPS-42")},
		{Name: "by-beginning-of-a-word", Given: looking(5, "q", "invo"), Status: 200, Has: []string{"BILL-190"}},
		{Name: "by-project", Given: looking(5, "q", "MOB", "maxResults", "50"), Status: 200, Then: atMost(10)},
		{Name: "half-a-key", Given: looking(5, "q", "MOB-", "maxResults", "50"), Status: 200, Then: atMost(10)},
		{Name: "key-of-no-issue", Given: looking(5, "q", "MOB-9999"), Status: 200, Has: []string{`"issues":[]`}},
		{Name: "nothing-found", Given: looking(5, "q", "zzzz"), Status: 200, Golden: true},
		{Name: "blank-text", Given: looking(5, "q", "  "), Status: 200, Then: found("BILL-209", "BILL-219")},
		{Name: "quote", Given: looking(5, "q", `" OR project = "OPS`), Status: 200, HasNot: []string{"OPS-42"}},
		{Name: "closing-quote-and-clause", Given: looking(5, "q", `x" OR key = "OPS-42`), Status: 200, HasNot: []string{"OPS-42"}},
		{Name: "backslash", Given: looking(5, "q", `\" OR key = "OPS-42`), Status: 200, HasNot: []string{"OPS-42"}},
		{Name: "operators-alone", Given: looking(5, "q", `*?"()`), Status: 200, Has: []string{`"issues":[]`}},
		{Name: "results-of-one", Given: looking(5, "q", "MOB", "maxResults", "1"), Status: 200, Then: atMost(1)},
		{Name: "too-few-results", Given: looking(5, "q", "MOB", "maxResults", "-3"), Status: 200, Then: atMost(1)},
		{Name: "too-many-results", Given: looking(5, "q", "MOB", "maxResults", "1000000"), Status: 200, Then: atMost(10)},
		{Name: "by-e-mail", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Target = search + "?userEmail=" + w.Person(5).Email
		}, Status: 200, Then: found("BILL-209", "BILL-219")},

		{Name: "results-not-a-number", Given: looking(5, "maxResults", "ten"), Status: 400, Code: "BAD_REQUEST", Field: "maxResults"},
		{Name: "nobody", Request: apptest.Request{Target: search + "?q=x"}, Status: 400, Code: "BAD_REQUEST", Field: "accountId", Golden: true},
		{Name: "unknown-account", Request: apptest.Request{Target: search + "?accountId=712020:nobody"}, Status: 400, Code: "JIRA_BAD_REQUEST", Golden: true},
		{Name: "unknown-e-mail", Request: apptest.Request{Target: search + "?userEmail=nobody@example.test"}, Status: 404, Code: "USER_NOT_FOUND"},
		{Name: "new-line-in-text", Given: looking(5, "q", "a\nb"), Status: 400, Code: "BAD_REQUEST", Field: "q"},
	}...))
}
