package timers_test

import (
	"net/http"
	"slices"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/timers"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// running starts timers of a person beforehand.
func running(n int, issues ...string) given {
	return func(t *testing.T, w *apptest.World, _ *apptest.Request) {
		for _, issue := range issues {
			var r apptest.Request
			asPerson(n, start, `{"issueKey":"`+issue+`","accountId":"%s"}`)(t, w, &r)
			a := w.Do(t.Context(), timers.HandleStart, r)
			require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
		}
	}
}

// only asserts which timers of a person run, in Clockwork and on screens.
func only(n int, issues ...string) func(*testing.T, *apptest.World, apptest.Answer) {
	return func(t *testing.T, w *apptest.World, a apptest.Answer) {
		t.Helper()
		var there []string
		for _, timer := range w.Sandbox.RunningTimers() {
			if timer.RunningFor == w.Person(n).AccountID {
				there = append(there, timer.Issue.Key)
			}
		}
		assert.ElementsMatch(t, issues, there)
		for _, issue := range []string{"BILL-209", "BILL-219", "OPS-42"} {
			shows(n, issue, slices.Contains(issues, issue))(t, w, a)
		}
	}
}

func TestSwitch(t *testing.T) {
	const body = `{"issueKey":"BILL-209","accountId":"%s","stopOthers":true}`
	to := asPerson(5, start, body)
	fails := func(operation string, status int) given {
		return broken(fault.Fault{Upstream: "clockwork", Operation: operation, Kind: fault.Status, Status: status})
	}
	apptest.Run(t, timers.HandleStart, []apptest.Scenario{
		{Name: "one-other", Options: apptest.Options{Inngest: true}, Given: and(running(5, "BILL-219"), to), Status: 201, Has: []string{`"stopped":["BILL-219"]`, `"key":"BILL-209"`, `"syncRequested":true`}, Then: only(5, "BILL-209")},
		{Name: "two-others", Given: and(running(5, "BILL-219", "OPS-42"), to), Status: 201, Has: []string{`"OPS-42"`, `"BILL-219"`}, Then: only(5, "BILL-209")},
		{Name: "none", Given: to, Status: 201, HasNot: []string{"stopped"}, Then: only(5, "BILL-209")},
		{Name: "others-of-somebody-else", Given: to, Status: 201, Then: both(only(5, "BILL-209"), runs(1, "PORTAL-312", true))},
		{Name: "runs-already", Given: and(running(5, "BILL-209", "BILL-219"), to), Status: 201, Has: []string{`"stopped":["BILL-219"]`, `"key":"BILL-209"`}, Then: only(5, "BILL-209")},
		{Name: "alone-and-runs-already", Given: and(running(5, "BILL-209"), to), Status: 201, HasNot: []string{"stopped"}, Then: only(5, "BILL-209")},
		{Name: "stopped-elsewhere", Given: and(seen(5), running(5, "BILL-219"), func(t *testing.T, w *apptest.World, _ *apptest.Request) {
			_, err := w.Sandbox.StopTimer(w.Person(5).AccountID, "BILL-219")
			require.NoError(t, err)
		}, to), Status: 201, HasNot: []string{"stopped"}, Then: only(5, "BILL-209")},
		{Name: "not-asked-for", Given: and(running(5, "BILL-219"), asPerson(5, start, `{"issueKey":"BILL-209","accountId":"%s","stopOthers":false}`)), Status: 201, Then: only(5, "BILL-209", "BILL-219")},

		{Name: "start-refused", Given: and(running(5, "BILL-219"), asPerson(5, start, `{"issueKey":"BILL-9999","accountId":"%s","stopOthers":true}`)),
			Status: 404, Code: "CLOCKWORK_NOT_FOUND", Golden: true, Then: only(5)},
		{Name: "start-unanswered", Given: and(running(5, "BILL-219"), fails("clockwork.start_timer", 502), to), Status: 502, Code: "CLOCKWORK_UNAVAILABLE",
			Has: []string{`"stopped":["BILL-219"]`, `"BILL-219 stopped. Clockwork`}, HasNot: []string{"did not start"}, Then: only(5)},
		{Name: "stop-fails", Given: and(running(5, "BILL-219"), fails("clockwork.stop_timer", 403), to), Status: 403, Code: "CLOCKWORK_FORBIDDEN",
			Has: []string{"BILL-219 did not stop, so BILL-209 was not started."}, HasNot: []string{`"stopped"`}, Then: only(5, "BILL-219")},
		{Name: "too-many", Given: and(running(5, "BILL-190", "BILL-197", "BILL-203", "BILL-206", "BILL-211", "BILL-214", "BILL-216", "BILL-217", "BILL-219", "OPS-42", "MOB-88"), to),
			Status: 409, Code: "TOO_MANY_TIMERS", Then: both(runs(5, "BILL-219", true), runs(5, "BILL-209", false))},
		{Name: "nobody-named", Given: asPerson(5, start, `{"issueKey":"BILL-209","stopOthers":true}`), Status: 409, Code: "TIMER_STATE_UNKNOWN", Then: untouched},
		{Name: "never-synced", Options: apptest.Options{Unsynced: true}, Given: to, Status: 409, Code: "TIMER_STATE_UNKNOWN", Then: untouched},
		{Name: "anothers-token", Given: and(binds(5, 1), to), Status: 403, Code: "CLOCKWORK_TOKEN_OF_ANOTHER", Then: untouched},
		{Name: "not-a-boolean", Given: asPerson(5, start, `{"issueKey":"BILL-209","stopOthers":"yes"}`), Status: 400, Code: "BAD_REQUEST", Field: "stopOthers"},
	})
}

// Who listens learns of a switch as of a stop and a start.
func TestEventsOfASwitch(t *testing.T) {
	w := apptest.New(t, apptest.Options{})
	running(5, "BILL-219")(t, w, nil)
	client := goredis.NewClient(&goredis.Options{Addr: w.Redis.Miniredis().Addr()})
	defer client.Close()
	events := client.Subscribe(t.Context(), timercache.EventsChannel(w.Person(5).AccountID))
	_, err := events.Receive(t.Context())
	require.NoError(t, err)
	var r apptest.Request
	asPerson(5, start, `{"issueKey":"BILL-209","accountId":"%s","stopOthers":true}`)(t, w, &r)
	require.Equal(t, 201, w.Do(t.Context(), timers.HandleStart, r).Status)
	for _, want := range []string{`"issue_key":"BILL-219"`, `"issue_key":"BILL-209"`} {
		m, err := events.ReceiveMessage(t.Context())
		require.NoError(t, err)
		assert.Contains(t, m.Payload, want)
	}
}

// One key is for the stops and the start: the same request again does what is left,
// and then answers as before.
func TestSwitchAgain(t *testing.T) {
	for _, tt := range []struct {
		name, fails string
		after       bool // Clockwork does it: only its answer is lost
		status      int  // of the first answer
		second      int
	}{
		{"after-success", "", false, 201, 201},
		{"start-refused", "clockwork.start_timer", false, 403, 201},
		{"start-unanswered", "clockwork.start_timer", true, 502, 409},
		{"stop-refused", "clockwork.stop_timer", false, 403, 201},
		{"stop-unanswered", "clockwork.stop_timer", true, 502, 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apptest.New(t, apptest.Options{})
			var r apptest.Request
			and(seen(5), running(5, "BILL-219"), asPerson(5, start, `{"issueKey":"BILL-209","accountId":"%s","stopOthers":true}`))(t, w, &r)
			r.Header["Idempotency-Key"] = "switch-1"
			if tt.fails != "" {
				w.Faults().Add(fault.Fault{Upstream: "clockwork", Operation: tt.fails, Kind: fault.Status, After: tt.after, Status: tt.status, Count: 1})
			}
			a := w.Do(t.Context(), timers.HandleStart, r)
			assert.Equal(t, tt.status, a.Status, "%s", a.Body)
			b := w.Do(t.Context(), timers.HandleStart, r)
			assert.Equal(t, tt.second, b.Status, "%s", b.Body)
			if tt.second == 201 {
				only(5, "BILL-209")(t, w, b)
			}
			if tt.status == 201 {
				assert.Equal(t, "true", b.Header.Get("Idempotency-Replayed"))
				assert.JSONEq(t, string(a.Body), string(b.Body))
			}
		})
	}
}
