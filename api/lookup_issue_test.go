package api_test

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func keyed(key string) apptest.Request {
	return apptest.Request{Target: "/api/issues/" + url.PathEscape(key)}
}

func TestIssue(t *testing.T) {
	bad := func(name, key string) apptest.Scenario {
		return apptest.Scenario{Name: name, Request: keyed(key), Status: 400, Code: "BAD_REQUEST", Field: "key", Then: func(t *testing.T, w *apptest.World, _ apptest.Answer) {
			assert.Zero(t, w.Sandbox.Requests()["jira.issue"], "questions that reached Jira")
		}}
	}
	stored := func(value string) given {
		return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
			require.NoError(t, w.Redis.Miniredis().Set("jira:issue:BILL-209", value))
		}
	}
	apptest.Run(t, api.HandleLookup, append(apptest.BadQueries("/api/issues/BILL-209"), []apptest.Scenario{
		{Name: "by-key", Request: keyed("BILL-209"), Status: 200, Golden: true},
		{Name: "in-lower-case", Request: keyed("bill-209"), Status: 200, Has: []string{`"key":"BILL-209"`}},
		{Name: "without-assignee-and-priority", Request: keyed("PORTAL-320"), Status: 200, Golden: true},
		{Name: "by-id", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			*r = keyed(strconv.FormatInt(w.Sandbox.Issues()[0].ID, 10))
		}, Status: 200, Has: []string{`"key":"PORTAL-287"`}},
		{Name: "over-tcp", Options: apptest.Options{OverTCP: true}, Request: keyed("BILL-209"), Status: 200},
		{Name: "unknown", Request: keyed("BILL-9999"), Status: 404, Code: "ISSUE_NOT_FOUND", Golden: true},
		{Name: "no-key", Request: keyed(""), Status: 404, Code: "NOT_FOUND"},
		{Name: "below-a-key", Request: apptest.Request{Target: "/api/issues/BILL-209/comment"}, Status: 404, Code: "NOT_FOUND"},
		{Name: "another-key-in-the-query", Request: apptest.Request{Target: "/api/issues/BILL-209?key=OPS-42"}, Status: 200, Has: []string{`"key":"BILL-209"`}},
		{Name: "unknown-id", Request: keyed("1"), Status: 404, Code: "ISSUE_NOT_FOUND"},
		bad("not-a-key", "nonsense"), bad("project-alone", "BILL-"), bad("zero", "BILL-0"), bad("negative", "-1"),
		bad("encoded-slash", "BILL-209%2Fcomment"), bad("query", "BILL-209?fields=*all"),
		bad("another-alphabet", "ВILL-209"), bad("quote", `BILL-209"`), bad("dots", ".."), bad("two-keys", "BILL-209,BILL-211"),

		{Name: "not-to-be-seen", Given: broken(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 403}), Request: keyed("BILL-209"), Status: 404, Code: "ISSUE_NOT_FOUND"},
		{Name: "another-server-answers", Given: broken(fault.Fault{Upstream: "jira", Kind: fault.Status, Status: 404, ContentType: "text/html", Body: "<html>"}),
			Request: keyed("BILL-209"), Status: 502, Code: "JIRA_UNAVAILABLE", Has: []string{"JIRA_DOMAIN and JIRA_BASE_URL"}},
		{Name: "stored-value-does-not-parse", Given: stored(`{"key":`), Request: keyed("BILL-209"), Status: 200, Has: []string{"Monthly statement"}},
		{Name: "stored-value-names-nothing", Given: stored(`{}`), Request: keyed("BILL-209"), Status: 200, Has: []string{"Monthly statement"}},
		{Name: "stored-value-of-another-type", Given: stored(`[7]`), Request: keyed("BILL-209"), Status: 200, Has: []string{"Monthly statement"}},
		{Name: "redis-is-down", Given: broken(fault.Fault{Upstream: "redis", Kind: fault.Status}), Request: keyed("BILL-209"), Status: 200, Has: []string{"Monthly statement"}},
	}...))
}

// An issue is asked for once an hour, one that is not there once a minute.
func TestIssueIsRemembered(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	asked := func(key string) int {
		before := w.Sandbox.Requests()["jira.issue"]
		w.Do(t.Context(), api.HandleLookup, keyed(key))
		return w.Sandbox.Requests()["jira.issue"] - before
	}
	id := ""
	for _, i := range w.Sandbox.Issues() {
		if i.Key == "BILL-209" {
			id = strconv.FormatInt(i.ID, 10)
		}
	}
	assert.Equal(t, []int{1, 0, 0, 0}, []int{asked("BILL-209"), asked("BILL-209"), asked("bill-209"), asked(id)})
	assert.Equal(t, []int{1, 0}, []int{asked("BILL-9999"), asked("BILL-9999")})
	w.Clock.Advance(61 * time.Second)
	assert.Equal(t, []int{0, 1}, []int{asked("BILL-209"), asked("BILL-9999")})
	w.Clock.Advance(time.Hour)
	assert.Equal(t, 1, asked("BILL-209"))
}
