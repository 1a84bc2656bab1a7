package timers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const start = "/api/timers/start"

type given = apptest.Given

var and, both, broken = apptest.And, apptest.Both, apptest.Broken

// asPerson sends a body in a person's name; %s in it is their account id.
func asPerson(n int, path, body string) given {
	return func(_ *testing.T, w *apptest.World, r *apptest.Request) {
		if strings.Contains(body, "%s") {
			body = fmt.Sprintf(body, w.Person(n).AccountID)
		}
		*r = apptest.Request{Method: "POST", Target: path, Body: body, Header: map[string]string{"X-Clockwork-Token": w.Token(n)}}
	}
}

// owns binds a person's token to them, as settings/validate does.
func owns(n int) given { return binds(n, n) }

// binds binds a person's token to somebody.
func binds(n, to int) given {
	return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
		require.NoError(t, w.Deps.Owners.Claim(t.Context(), secret.New(w.Token(n)), w.Person(to).AccountID))
	}
}

// seen is owns after a sync has seen that a start with the token was theirs.
func seen(n int) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		owns(n)(t, w, r)
		for _, key := range w.Redis.Miniredis().Keys() {
			if strings.HasPrefix(key, "clockwork:owner:") {
				require.NoError(t, w.Redis.Miniredis().Set(key, timercache.Binding{Account: w.Person(n).AccountID, Seen: true}.Record()))
			}
		}
	}
}

// shows asserts that a reader sees a person's timer on an issue at once, or not.
func shows(n int, issue string, want bool) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, _ apptest.Answer) {
		t.Helper()
		for _, query := range []string{"accountId=" + w.Person(n).AccountID, "userEmail=" + w.Person(n).Email, ""} {
			a := w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: active + "?" + query})
			assert.Equal(t, want, strings.Contains(string(a.Body), `"key":"`+issue+`"`), "%s: %s", query, a.Body)
		}
	}
}

func runs(n int, issue string, want bool) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, _ apptest.Answer) {
		t.Helper()
		found := false
		for _, timer := range w.Sandbox.RunningTimers() {
			found = found || timer.RunningFor == w.Person(n).AccountID && timer.Issue.Key == issue
		}
		assert.Equal(t, want, found, "%s runs in Clockwork", issue)
	}
}

func TestStart(t *testing.T) {
	const body = `{"issueKey":"BILL-209","accountId":"%s","comment":"Statement layout"}`
	inngest := apptest.Options{Inngest: true}
	apptest.Run(t, timers.HandleStart, append(apptest.BadBodies(start), []apptest.Scenario{
		{Name: "with-account", Options: inngest, Given: asPerson(5, start, body), Status: 201, Golden: true, Then: both(shows(5, "BILL-209", true), runs(5, "BILL-209", true), sent(5))},
		{Name: "owner-known", Options: inngest, Given: and(owns(5), asPerson(5, start, `{"issueKey":"BILL-209"}`)), Status: 201, Has: []string{`"runningFor"`}, Then: shows(5, "BILL-209", true)},
		{Name: "owner-seen", Options: inngest, Given: and(seen(5), asPerson(5, start, `{"issueKey":"BILL-209"}`)), Status: 201, Has: []string{`"runningFor"`}, Then: shows(5, "BILL-209", true)},
		{Name: "owner-unknown", Options: inngest, Given: asPerson(5, start, `{"issueKey":"BILL-209"}`), Status: 201, Golden: true, Then: both(runs(5, "BILL-209", true), shows(5, "BILL-209", false))},
		{Name: "key-in-another-spelling", Given: asPerson(5, start, `{"issueKey":" bill-209 ","accountId":"%s"}`), Status: 201, Has: []string{`"key":"BILL-209"`}},
		{Name: "key-as-pasted", Given: asPerson(5, start, `{"issueKey":"\u200bＢＩＬＬ\u2011209","accountId":"%s"}`), Status: 201, Has: []string{`"key":"BILL-209"`}},
		{Name: "link-of-the-issue", Given: asPerson(5, start, `{"issueKey":"https://example.atlassian.net/browse/BILL-209?atlOrigin=x","accountId":"%s"}`), Status: 201, Has: []string{`"key":"BILL-209"`}},
		{Name: "link-of-another-site", Given: asPerson(5, start, `{"issueKey":"https://evil.example.test/browse/BILL-209"}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey", Has: []string{"another site"}, Then: runs(5, "BILL-209", false)},
		{Name: "without-inngest", Given: asPerson(5, start, body), Status: 201, Has: []string{`"syncRequested":false`}, Then: shows(5, "BILL-209", true)},
		{Name: "inngest-refuses-connections", Options: inngest, Given: and(asPerson(5, start, body), refused("inngest")), Status: 201, Has: []string{`"syncRequested":false`}, Then: shows(5, "BILL-209", true)},
		{Name: "inngest-refuses-the-key", Options: apptest.Options{Inngest: true, Env: map[string]string{"INNGEST_EVENT_KEY": "event-key-that-is-secret"}},
			Given:  and(asPerson(5, start, body), broken(fault.Fault{Upstream: "inngest", Kind: fault.Status, Status: 401, Body: `{"error":"bad key event-key-that-is-secret"}`})),
			Status: 201, Has: []string{`"syncRequested":false`}},
		{Name: "clockwork-answers-nothing", Given: and(asPerson(5, start, body), emptyWrites), Status: 201, Then: shows(5, "BILL-209", true)},
		{Name: "jira-is-down", Given: and(asPerson(5, start, body), broken(fault.Fault{Upstream: "jira", Kind: fault.Status})), Status: 201, Golden: true, Then: runs(5, "BILL-209", true)},
		{Name: "never-synced", Options: apptest.Options{Unsynced: true}, Given: asPerson(5, start, body), Status: 201, Then: func(t *testing.T, w *apptest.World, _ apptest.Answer) {
			a := w.Do(t.Context(), timers.HandleActive, apptest.Request{Target: active + "?accountId=" + w.Person(5).AccountID})
			assert.Contains(t, string(a.Body), "BILL-209")
		}},

		{Name: "no-token", Request: apptest.Request{Target: start, Body: `{"issueKey":"BILL-209"}`}, Status: 401, Code: "CLOCKWORK_TOKEN_REQUIRED", Golden: true, Then: untouched},
		{Name: "blank-token", Request: apptest.Request{Target: start, Body: `{"issueKey":"BILL-209"}`, Header: map[string]string{"X-Clockwork-Token": " "}}, Status: 401, Code: "CLOCKWORK_TOKEN_REQUIRED", Then: untouched},
		{Name: "no-token-but-the-owner-of-the-servers", Given: func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			*r = apptest.Request{Target: start, Body: `{"issueKey":"BILL-209","accountId":"` + w.Person(0).AccountID + `"}`}
		}, Status: 401, Code: "CLOCKWORK_TOKEN_REQUIRED", Then: untouched},
		{Name: "over-long-token", Request: apptest.Request{Target: start, Body: `{"issueKey":"BILL-209"}`, Header: map[string]string{"X-Clockwork-Token": strings.Repeat("a", 5000)}}, Status: 400, Code: "BAD_REQUEST", Field: "X-Clockwork-Token", Then: untouched},
		{Name: "wrong-token", Given: and(asPerson(5, start, body), func(_ *testing.T, _ *apptest.World, r *apptest.Request) { r.Header["X-Clockwork-Token"] = "wrong" }), Status: 401, Code: "CLOCKWORK_UNAUTHORIZED", Golden: true},
		{Name: "anothers-token", Given: and(owns(1), asPerson(1, start, body), func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Body = `{"issueKey":"BILL-209","accountId":"` + w.Person(5).AccountID + `"}`
		}), Status: 403, Code: "CLOCKWORK_TOKEN_OF_ANOTHER", Golden: true, Then: both(runs(1, "BILL-209", false), shows(5, "BILL-209", false))},
		{Name: "another-server-answers", Given: and(asPerson(5, start, body), broken(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Status: 404, ContentType: "text/html", Body: "<html>"})),
			Status: 502, Code: "CLOCKWORK_UNAVAILABLE", Has: []string{"CLOCKWORK_API_BASE_URL"}},
		{Name: "account-all", Given: asPerson(5, start, `{"issueKey":"BILL-209","accountId":"all"}`), Status: 400, Code: "BAD_REQUEST", Field: "accountId"},

		{Name: "no-key", Given: asPerson(5, start, `{}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey", Golden: true},
		{Name: "null-key", Given: asPerson(5, start, `{"issueKey":null}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey"},
		{Name: "number-for-key", Given: asPerson(5, start, `{"issueKey":7}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey", Golden: true},
		{Name: "not-a-key", Given: asPerson(5, start, `{"issueKey":"BILL"}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey"},
		{Name: "path-for-key", Given: asPerson(5, start, `{"issueKey":"BILL-1/../../x"}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey"},
		{Name: "key-with-new-line", Given: asPerson(5, start, `{"issueKey":"BILL-1\nX"}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey"},
		{Name: "long-comment", Given: asPerson(5, start, `{"issueKey":"BILL-209","comment":"`+strings.Repeat("ä", 2001)+`"}`), Status: 400, Code: "BAD_REQUEST", Field: "comment"},
		{Name: "longest-comment", Given: asPerson(5, start, `{"issueKey":"BILL-209","comment":"`+strings.Repeat("ä", 2000)+`"}`), Status: 201},
		{Name: "comment-of-two-lines", Given: asPerson(5, start, `{"issueKey":"BILL-209","accountId":"%s","comment":"one\ntwo"}`), Status: 201, Has: []string{`one\ntwo`}},
		{Name: "control-character-in-comment", Given: asPerson(5, start, `{"issueKey":"BILL-209","comment":"a\u0007"}`), Status: 400, Code: "BAD_REQUEST", Field: "comment"},
		{Name: "number-for-comment", Given: asPerson(5, start, `{"issueKey":"BILL-209","comment":7}`), Status: 400, Code: "BAD_REQUEST", Field: "comment"},

		{Name: "unknown-issue", Given: asPerson(5, start, `{"issueKey":"BILL-9999","accountId":"%s"}`), Status: 404, Code: "CLOCKWORK_NOT_FOUND", Golden: true, Then: shows(5, "BILL-9999", false)},
		{Name: "runs-already", Given: asPerson(1, start, `{"issueKey":"PORTAL-312","accountId":"%s"}`), Status: 422, Code: "CLOCKWORK_INVALID_STATE", Golden: true},
	}...))
}

func refused(upstream string) given {
	return func(_ *testing.T, w *apptest.World, _ *apptest.Request) { w.Refuse(upstream) }
}

// untouched asserts that Clockwork was not asked to do anything.
func untouched(t *testing.T, w *apptest.World, _ apptest.Answer) {
	t.Helper()
	requests := w.Sandbox.Requests()
	assert.Zero(t, requests["clockwork.start_timer"]+requests["clockwork.stop_timer"], "writes that reached Clockwork")
}

// An Inngest that never answers delays a start by no more than the deadline of an event.
func TestStartWhileInngestHangs(t *testing.T) {
	w := apptest.New(t, apptest.Options{Inngest: true, Deadlines: app.Deadlines{SendEvent: 300 * time.Millisecond}})
	w.Faults().Add(fault.Fault{Upstream: "inngest", Kind: fault.Hang})
	var r apptest.Request
	asPerson(5, start, `{"issueKey":"BILL-209","accountId":"%s"}`)(t, w, &r)
	began := time.Now()
	a := w.Do(t.Context(), timers.HandleStart, r)
	assert.Less(t, time.Since(began), 10*time.Second, "the request's own deadline is a minute")
	assert.Equal(t, 201, a.Status)
	assert.Contains(t, string(a.Body), `"syncRequested":false`)
	assert.Contains(t, a.Header.Get("Server-Timing"), "inngest;dur=")
	w.AssertNoSecrets(t, string(a.Body))
}
