package timers_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

const stop = "/api/timers/stop"

func emptyWrites(_ *testing.T, w *apptest.World, _ *apptest.Request) {
	w.Sandbox.Switch(func(s *sandbox.Switches) { s.EmptyWriteBody = true })
}

func stoppedElsewhere(t *testing.T, w *apptest.World, _ *apptest.Request) {
	_, err := w.Sandbox.StopTimer(w.Person(1).AccountID, "PORTAL-312")
	require.NoError(t, err)
}

// named puts the id of a person's timer on an issue for ID in the body.
func named(n int, issue string) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		for _, timer := range w.Sandbox.RunningTimers() {
			if timer.RunningFor == w.Person(n).AccountID && timer.Issue.Key == issue {
				r.Body = strings.ReplaceAll(r.Body, "ID", strconv.FormatInt(timer.ID, 10))
				return
			}
		}
		require.Fail(t, "no such timer")
	}
}

// listed has Clockwork list a timer of person 1 on an issue with such a key, and
// stop it when asked.
func listed(key string) given {
	return func(t *testing.T, w *apptest.World, r *apptest.Request) {
		page := `{"timers":[{"id":7,"started_at":"2026-05-04T13:00:00Z","running_for":"` + w.Person(1).AccountID + `","issue":{"key":"` + key + `","id":99},"till_now":60}],"page":1,"pages":1,"isLast":true}`
		w.Faults().Add(fault.Fault{Operation: "report.timers", Kind: fault.Status, Status: 200, Body: page})
		w.Faults().Add(fault.Fault{Operation: "clockwork.stop_timer", Kind: fault.Status, Status: 200})
		w.Clock.Advance(time.Second)
		w.Sync(t)
		shows(1, key, true)(t, w, apptest.Answer{})
	}
}

func TestStop(t *testing.T) {
	body := and(asPerson(1, stop, `{"issueKey":"PORTAL-312","accountId":"%s","timerId":ID}`), named(1, "PORTAL-312"))
	const none = `{"accountId":"%s"}`
	inngest := apptest.Options{Inngest: true}
	gone := both(shows(1, "PORTAL-312", false), runs(1, "PORTAL-312", false))
	apptest.Run(t, timers.HandleStop, append(apptest.BadBodies(stop), []apptest.Scenario{
		{Name: "by-issue", Options: inngest, Given: body, Status: 200, Golden: true, Then: both(gone, sent(1))},
		{Name: "one-of-two", Given: asPerson(3, stop, `{"issueKey":"OPS-61","accountId":"%s"}`), Status: 200, Has: []string{`"stopped":true`}, Then: both(shows(3, "OPS-61", false), shows(3, "PORTAL-318", true))},
		{Name: "the-only-one", Given: asPerson(1, stop, none), Status: 200, Has: []string{`"stopped":true`}, Then: gone},
		{Name: "the-only-one-of-a-known-owner", Given: and(owns(1), asPerson(1, stop, `{}`)), Status: 200, Has: []string{`"stopped":true`}, Then: gone},
		{Name: "by-id", Given: and(asPerson(3, stop, `{"accountId":"%s","timerId":ID}`), named(3, "PORTAL-318")), Status: 200, Has: []string{`"stopped":true`}, Then: both(shows(3, "PORTAL-318", false), shows(3, "OPS-61", true))},
		{Name: "by-id-as-text", Given: and(asPerson(3, stop, `{"accountId":"%s","timerId":"ID"}`), named(3, "OPS-61")), Status: 200, Has: []string{`"stopped":true`}, Then: shows(3, "OPS-61", false)},
		{Name: "owner-unknown", Given: asPerson(1, stop, `{"issueKey":"PORTAL-312"}`), Status: 200, Has: []string{`"stopped":true`}, Then: runs(1, "PORTAL-312", false)},
		{Name: "clockwork-answers-nothing", Given: and(body, emptyWrites), Status: 200, Has: []string{`"stopped":true`}, Then: gone},

		{Name: "by-link", Given: asPerson(1, stop, `{"issueKey":"example.atlassian.net/browse/portal-312","accountId":"%s"}`), Status: 200, Has: []string{`"stopped":true`}, Then: gone},
		{Name: "by-a-key-of-no-usual-form", Given: and(asPerson(1, stop, `{"issueKey":"P-7","accountId":"%s"}`), listed("P-7")), Status: 200, Has: []string{`"stopped":true`}, Then: shows(1, "P-7", false)},
		{Name: "nothing-ran", Given: asPerson(5, stop, none), Status: 200, Golden: true, Then: untouched},
		{Name: "nothing-ran-on-the-issue", Given: asPerson(5, stop, `{"issueKey":"BILL-209","accountId":"%s"}`), Status: 200, Has: []string{`"stopped":false`}},
		{Name: "stopped-elsewhere", Given: and(seen(1), body, stoppedElsewhere), Status: 200, Has: []string{`"stopped":false`}, Then: shows(1, "PORTAL-312", false)},
		// What Clockwork says of a token says nothing of somebody it may not be of.
		{Name: "stopped-elsewhere-by-an-unknown-owner", Options: inngest, Given: and(body, stoppedElsewhere), Status: 200, Has: []string{`"stopped":false`, `"syncRequested":true`}, Then: both(shows(1, "PORTAL-312", true), sent(1))},
		{Name: "stopped-elsewhere-by-a-claimed-owner", Options: inngest, Given: and(owns(1), body, stoppedElsewhere), Status: 200, Has: []string{`"stopped":false`, `"syncRequested":true`}, Then: both(shows(1, "PORTAL-312", true), sent(1))},
		{Name: "somebody-elses-by-a-bound-token", Given: and(binds(5, 1), asPerson(5, stop, `{"issueKey":"PORTAL-312"}`)), Status: 200, Has: []string{`"stopped":false`}, Then: both(shows(1, "PORTAL-312", true), runs(1, "PORTAL-312", true))},
		{Name: "somebody-elses-by-claim", Options: inngest, Given: and(asPerson(5, stop, `{}`), func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Body = `{"issueKey":"PORTAL-312","accountId":"` + w.Person(1).AccountID + `"}`
		}), Status: 200, Has: []string{`"stopped":false`}, Then: both(shows(1, "PORTAL-312", true), runs(1, "PORTAL-312", true))},
		{Name: "another-id-on-the-issue", Given: asPerson(1, stop, `{"issueKey":"PORTAL-312","accountId":"%s","timerId":1}`), Status: 200, Has: []string{`"stopped":false`}, Then: both(shows(1, "PORTAL-312", true), runs(1, "PORTAL-312", true))},
		{Name: "the-id-of-another-issue", Given: and(asPerson(3, stop, `{"issueKey":"OPS-61","accountId":"%s","timerId":ID}`), named(3, "PORTAL-318")), Status: 200, Has: []string{`"stopped":false`}, Then: both(runs(3, "OPS-61", true), runs(3, "PORTAL-318", true))},
		{Name: "never-synced-issue-and-id", Options: apptest.Options{Unsynced: true}, Given: body, Status: 200, Has: []string{`"stopped":true`}, Then: runs(1, "PORTAL-312", false)},
		{Name: "no-such-id", Given: asPerson(1, stop, `{"accountId":"%s","timerId":1}`), Status: 200, Has: []string{`"stopped":false`}, Then: shows(1, "PORTAL-312", true)},

		{Name: "several-run", Given: asPerson(3, stop, none), Status: 409, Code: "AMBIGUOUS_TIMER", Golden: true, Then: untouched},
		{Name: "never-synced", Options: apptest.Options{Unsynced: true}, Given: asPerson(1, stop, none), Status: 409, Code: "TIMER_STATE_UNKNOWN", Golden: true, Then: untouched},
		{Name: "nobody-named", Given: asPerson(1, stop, `{}`), Status: 409, Code: "TIMER_STATE_UNKNOWN", Then: untouched},
		{Name: "stale-and-nothing-known", Given: and(asPerson(5, stop, none), func(_ *testing.T, w *apptest.World, _ *apptest.Request) { w.Clock.Advance(11 * time.Minute) }), Status: 409, Code: "TIMER_STATE_UNKNOWN"},
		{Name: "redis-is-down-and-no-issue", Given: and(asPerson(1, stop, none), broken(fault.Fault{Upstream: "redis", Kind: fault.Status})), Status: 503, Code: "CACHE_UNAVAILABLE", Then: untouched},
		{Name: "redis-is-down", Given: and(body, broken(fault.Fault{Upstream: "redis", Kind: fault.Status})), Status: 200, Has: []string{`"stopped":true`}, Then: runs(1, "PORTAL-312", false)},

		{Name: "no-token", Request: apptest.Request{Target: stop, Body: `{"issueKey":"BILL-209"}`}, Status: 401, Code: "CLOCKWORK_TOKEN_REQUIRED", Then: untouched},
		{Name: "anothers-token", Given: and(owns(3), asPerson(3, stop, `{}`), func(_ *testing.T, w *apptest.World, r *apptest.Request) {
			r.Body = `{"issueKey":"PORTAL-312","accountId":"` + w.Person(1).AccountID + `"}`
		}), Status: 403, Code: "CLOCKWORK_TOKEN_OF_ANOTHER", Then: both(untouched, shows(1, "PORTAL-312", true))},
		{Name: "not-a-key", Given: asPerson(1, stop, `{"issueKey":"../1"}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey"},
		{Name: "blank-key", Given: asPerson(1, stop, `{"issueKey":" "}`), Status: 400, Code: "BAD_REQUEST", Field: "issueKey"},
		{Name: "id-a-fraction", Given: asPerson(1, stop, `{"timerId":1.5}`), Status: 400, Code: "BAD_REQUEST", Field: "timerId"},
		{Name: "id-a-word", Given: asPerson(1, stop, `{"timerId":"one"}`), Status: 400, Code: "BAD_REQUEST", Field: "timerId"},
		{Name: "id-an-object", Given: asPerson(1, stop, `{"timerId":{}}`), Status: 400, Code: "BAD_REQUEST", Field: "timerId"},
		{Name: "clockwork-fails", Given: and(body, broken(fault.Fault{Upstream: "clockwork", Kind: fault.Status, Body: `{"message":"at line 7 of secret.rb"}`})), Status: 502, Code: "CLOCKWORK_UNAVAILABLE",
			Golden: true, HasNot: []string{"secret.rb"}, Then: shows(1, "PORTAL-312", true)},
	}...))
}

func TestStopMayBeRepeated(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	var r apptest.Request
	asPerson(1, stop, `{"issueKey":"PORTAL-312","accountId":"%s"}`)(t, w, &r)
	for i, want := range []string{`"stopped":true`, `"stopped":false`, `"stopped":false`} {
		a := w.Do(t.Context(), timers.HandleStop, r)
		assert.Equal(t, 200, a.Status)
		assert.Contains(t, string(a.Body), want, "time %d", i+1)
	}
}

// A client that has the id from before the first snapshot still stops its timer.
func TestStopByProvisionalID(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	var r apptest.Request
	asPerson(5, start, `{"issueKey":"BILL-209","accountId":"%s"}`)(t, w, &r)
	require.Equal(t, 201, w.Do(t.Context(), timers.HandleStart, r).Status)
	asPerson(5, stop, `{"accountId":"%s","timerId":ID}`)(t, w, &r)
	r.Body = strings.ReplaceAll(r.Body, "ID", strconv.FormatInt(-w.Clock.Now().UnixMilli(), 10))
	w.Clock.Advance(3 * time.Second)
	w.Sync(t)
	a := w.Do(t.Context(), timers.HandleStop, r)
	assert.Contains(t, string(a.Body), `"stopped":true`)
	runs(5, "BILL-209", false)(t, w, a)
}
