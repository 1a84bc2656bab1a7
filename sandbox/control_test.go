package sandbox_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

func TestControl(t *testing.T) {
	f := start(t, sandbox.Options{})
	control := func(method, path string, body any) answer { return do(t, method, f.ControlURL+path, encode(t, body)) }
	duc := f.person(t, "Duc Pham").AccountID
	type m = map[string]any

	started := control("POST", "/timers/start", m{"accountId": duc, "issueKey": "MOB-83", "comment": "From the board"})
	require.Equal(t, http.StatusOK, started.status, started.text)
	assert.Equal(t, 1, f.runningOf(duc))
	id := fmt.Sprint(int64(started.at("id").(float64)))
	assert.Equal(t, false, control("PATCH", "/timers/"+id, m{"onHold": true}).at("withinWorkingHours"))
	assert.Equal(t, 409, control("POST", "/timers/start", m{"accountId": duc, "issueKey": "MOB-83"}).status)
	assert.Equal(t, 404, control("POST", "/timers/start", m{"accountId": "nobody", "issueKey": "MOB-83"}).status)
	assert.Equal(t, 404, control("POST", "/timers/stop", m{"accountId": duc, "issueKey": "MOB-9999"}).status)
	assert.Equal(t, 8, control("GET", "/timers", nil).len("timers"))
	assert.Equal(t, 200, control("POST", "/timers/stop", m{"accountId": duc, "issueKey": "MOB-83"}).status)
	assert.Equal(t, 409, control("POST", "/timers/stop", m{"accountId": duc, "issueKey": "MOB-83"}).status)
	assert.Equal(t, 409, control("PATCH", "/timers/"+id, m{"onHold": true}).status)

	added := control("POST", "/people", m{"displayName": "Ola Berg"})
	assert.Equal(t, 200, control("POST", "/issues", m{"key": "BILL-300", "summary": "New terms", "assigneeId": added.at("accountId")}).status)
	assert.Equal(t, 400, control("POST", "/issues", m{"key": "bill", "summary": "x"}).status)
	assert.Equal(t, 404, control("POST", "/issues", m{"key": "BILL-301", "summary": "x", "assigneeId": "nobody"}).status)
	assert.Equal(t, 13, control("GET", "/people", nil).len("people"))
	assert.Equal(t, 41, control("GET", "/issues", nil).len("issues"))

	assert.Equal(t, 200, control("PATCH", "/switches", m{"connectGone": true}).status)
	assert.True(t, f.Switches().ConnectGone && f.Switches().MultipleTimers, "the other switches stay")
	assert.Equal(t, 400, control("PATCH", "/switches", m{"idShape": "roman"}).status)
	assert.Equal(t, 400, control("PATCH", "/switches", m{"conectGone": true}).status)
	assert.Equal(t, 404, f.servlet(t, "clockwork-timers", f.cookie()...).status)

	f.jira(t, "GET", "/myself", "")
	assert.InDelta(t, 1, control("GET", "/requests", nil).at("jira.myself"), 0)
	control("DELETE", "/requests", nil)
	assert.Empty(t, f.Requests())

	assert.Equal(t, 201, control("POST", "/faults", m{"kind": "status", "upstream": "jira", "status": 503, "count": 1}).status)
	assert.Equal(t, []int{503, 200}, []int{f.jira(t, "GET", "/myself", "").status, f.jira(t, "GET", "/myself", "").status})

	assert.Equal(t, 200, control("POST", "/populate", m{"timers": 60, "users": 30}).status)
	assert.InDelta(t, 30, control("GET", "/state", nil).at("people"), 0)
	assert.Equal(t, 60, control("GET", "/state", nil).len("timers"))
	credentials := control("GET", "/credentials", nil)
	assert.Equal(t, f.ClockworkToken(duc).Reveal(), credentials.at("clockworkTokens", duc))
	assert.NotContains(t, control("GET", "/state", nil).text, f.creds.SessionToken.Reveal())
	assert.Equal(t, 200, control("POST", "/tokens/revoke", nil).status)
}

func TestFaultsMatchOperations(t *testing.T) {
	f := start(t, sandbox.Options{})
	plan := f.Faults().Add(fault.Fault{Kind: fault.Status, Operation: "forge.invoke", Status: 502})

	assert.Equal(t, http.StatusOK, f.graphQL(t, "Apps", appsQuery, map[string]any{"ctx": f.siteARI()}).status)
	assert.Equal(t, http.StatusBadGateway, f.invoke(t, nil).status)
	assert.Equal(t, 1, plan.Hits())
	assert.Equal(t, map[string]int{"forge.apps": 1, "forge.invoke": 1}, f.Requests())
}

func TestLostAnswerOfAStart(t *testing.T) {
	f := start(t, sandbox.Options{})
	f.Faults().Add(fault.Fault{Kind: fault.Status, Operation: "clockwork.start_timer", Status: 504, After: true})

	got := do(t, http.MethodPost, f.ClockworkURL+"/start_timer?issue_key=OPS-58", "", f.tokenHeader(f.creds.AccountID)...)

	assert.Equal(t, http.StatusGatewayTimeout, got.status)
	assert.Equal(t, 1, f.runningOf(f.creds.AccountID), "the timer started, although the answer was lost")
}

func TestOnRequestCanChangeTheListBetweenPages(t *testing.T) {
	f := start(t, sandbox.Options{PageSize: 4})
	token := f.contextJWT(t)
	var once sync.Once
	f.OnRequest(func(operation string) {
		if operation == "report.timers" {
			once.Do(func() { f.Populate(20, 5) })
		}
	})
	assert.InDelta(t, 20, f.timersPage(t, token, 1).at("total"), 0)
}

func TestSwitchRefusesValuesThatDoNotExist(t *testing.T) {
	s := sandbox.New(sandbox.Options{Clock: fixedClock})
	assert.Panics(t, func() { s.Switch(func(x *sandbox.Switches) { x.SessionRefusal = "maybe" }) })
	assert.NotPanics(t, func() { s.Switches() }, "the mutex is unlocked again")
}

func TestConcurrentUse(t *testing.T) {
	f := start(t, sandbox.Options{PageSize: 2})
	token := f.contextJWT(t)
	people := f.People()
	var wg sync.WaitGroup
	for n := range 8 {
		person := people[n].AccountID
		wg.Go(func() {
			for range 10 {
				header := f.tokenHeader(person)
				do(t, http.MethodPost, f.ClockworkURL+"/start_timer?issue_key=OPS-59", "", header...)
				f.timersPage(t, token, 1+n%3)
				f.jira(t, http.MethodPost, "/search/jql", `{"jql":"project = \"MOB\" ORDER BY updated DESC","fields":["*all"]}`)
				f.invoke(t, f.invokeInput("x", "GET", "/timers.json"))
				f.worklogs(t, "starting_at=2026-03-04&ending_at=2026-03-04&expand=issues,authors")
				f.Switch(func(s *sandbox.Switches) { s.OmitAuthors = !s.OmitAuthors })
				f.RunningTimers()
				do(t, http.MethodPost, f.ClockworkURL+"/stop_timer?issue_key=OPS-59", "", header...)
			}
		})
	}
	wg.Wait()
	assert.Len(t, f.RunningTimers(), 7)
	assert.Equal(t, 80, f.Requests()["clockwork.stop_timer"])
}
