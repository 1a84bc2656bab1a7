package sandbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

func TestOddEntries(t *testing.T) {
	for _, test := range []struct {
		how             sandbox.Oddity
		timer, worklogs string // what the odd entry has
	}{
		{sandbox.OddIssueGone, `"issue":null`, `"issueId":"gone"`},
		{sandbox.OddNoPerson, `"running_for":null`, ``},
		{sandbox.OddEmptyTime, `"started_at":""`, `"started":""`},
		{sandbox.OddFraction, `"worklog_count":0.0`, `"timeSpentSeconds":3600.0`},
		{sandbox.OddNull, `null,`, `null`},
	} {
		t.Run(string(test.how), func(t *testing.T) {
			f := start(t, sandbox.Options{})
			linh := f.person(t, "Linh Tran").AccountID
			started, err := f.StartTimer(linh, "MOB-90", "")
			require.NoError(t, err)
			before, asItIs := f.RunningTimers(), f.timersPage(t, f.contextJWT(t), 1).text
			require.NoError(t, f.LogTime(linh, "MOB-90", testNow.AddDate(0, 0, -3), time.Hour))
			logs := f.Worklogs()
			logged := logs[len(logs)-1]
			makeOdd := func(id int64, how sandbox.Oddity) int {
				return do(t, "PUT", fmt.Sprintf("%s/odd/%d", f.ControlURL, id), encode(t, map[string]any{"how": how})).status
			}
			require.Equal(t, 200, makeOdd(started.ID, test.how))
			require.Equal(t, 200, makeOdd(logged.ID, test.how))

			page := f.timersPage(t, f.contextJWT(t), 1)
			assert.Equal(t, len(before), page.len("timers"))
			assert.Contains(t, page.text, test.timer)
			assert.Equal(t, before, f.RunningTimers(), "the timers do not change")
			day := testNow.AddDate(0, 0, -3).Format(time.DateOnly)
			listed := f.worklogs(t, "starting_at="+day+"&ending_at="+day+"&account_id="+linh)
			assert.Contains(t, listed.text, test.worklogs)

			require.Equal(t, 200, makeOdd(started.ID, ""))
			assert.Equal(t, asItIs, f.timersPage(t, f.contextJWT(t), 1).text)
			assert.Equal(t, http.StatusBadRequest, makeOdd(started.ID, "blue"))
		})
	}
}

func TestListOrders(t *testing.T) {
	ids := func(order string) (ids []int64) {
		f := start(t, sandbox.Options{PageSize: 3})
		f.Switch(func(s *sandbox.Switches) { s.ListOrder = order })
		for page := 1; page <= 3; page++ {
			got := f.timersPage(t, f.contextJWT(t), page)
			for i := range got.len("timers") {
				ids = append(ids, int64(got.at("timers", i, "id").(float64)))
			}
		}
		return ids
	}
	newest, oldest, mixed := ids("newest"), ids("oldest"), ids("mixed")
	require.Len(t, newest, 7)
	assert.IsDecreasing(t, newest)
	assert.IsIncreasing(t, oldest)
	assert.ElementsMatch(t, newest, mixed)
	assert.NotEqual(t, newest, mixed)
	assert.NotEqual(t, oldest, mixed)
}

func TestListMoves(t *testing.T) {
	f := start(t, sandbox.Options{})
	token := f.contextJWT(t)
	before := f.RunningTimers()
	f.timersPage(t, token, 1)
	assert.Equal(t, before, f.RunningTimers())
	f.Switch(func(s *sandbox.Switches) { s.ListMoves = 5 })
	f.timersPage(t, token, 1)
	moved := f.RunningTimers()
	assert.NotEqual(t, before, moved)
	f.timersPage(t, token, 1)
	assert.NotEqual(t, moved, f.RunningTimers())
}

func TestMoveAnIssueByControl(t *testing.T) {
	f := start(t, sandbox.Options{})
	move := func(key, to string) answer {
		return do(t, "POST", f.ControlURL+"/issues/move", encode(t, map[string]any{"key": key, "newKey": to}))
	}
	linh := f.person(t, "Linh Tran").AccountID
	started, err := f.StartTimer(linh, "MOB-90", "")
	require.NoError(t, err)
	moved := move("MOB-90", "BILL-900")
	require.Equal(t, 200, moved.status, moved.text)
	assert.InDelta(t, started.Issue.ID, moved.at("id"), 0)
	listed := f.timersPage(t, f.contextJWT(t), 1)
	assert.Equal(t, "BILL-900", listed.at("timers", 0, "issue", "key"))
	_, err = f.StopTimer(linh, "MOB-90")
	assert.NoError(t, err, "by the old key")
	assert.Equal(t, 404, move("NOPE-1", "BILL-901").status)
	assert.Equal(t, 400, move("BILL-900", "BILL-214").status)
}
