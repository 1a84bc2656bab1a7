package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// ical.js, which Thunderbird uses, reads from both calendars what the JSON export
// has.
func TestExportsInICALJS(t *testing.T) {
	require.NoError(t, process.NPM(t.Context(), "icaljs"))
	w := exportsWorld(t)
	person := w.Person(5).AccountID
	require.NoError(t, w.Sandbox.LogTime(person, "OPS-9001", apptest.Start, 0)) // an event without an end
	_, token, err := w.Deps.Tokens.Create(t.Context(), accesstoken.Token{UserID: "u", AccountID: person, Scope: accesstoken.Calendar, Name: "calendar"}, 1)
	require.NoError(t, err)
	get := func(target string) []byte {
		a := w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: target})
		require.Equal(t, 200, a.Status, "%s", a.Body)
		return a.Body
	}
	export := "/api/worklogs/export?accountId=" + person + "&from=2026-02-03&to=2026-05-05&tz=UTC&format=" // the days of the subscription
	var reply struct{ Worklogs []timer.Worklog }
	require.NoError(t, json.Unmarshal(get(export+"json"), &reply))
	require.NotEmpty(t, reply.Worklogs)
	var want []calendarEvent
	for _, l := range reply.Worklogs {
		end := l.Started.Add(time.Duration(l.TimeSpentSeconds) * time.Second)
		want = append(want, calendarEvent{fmt.Sprintf("worklog-%d@example.atlassian.net", l.ID), l.IssueKey + " " + l.IssueName, l.Started.UTC(), end.UTC()})
	}
	for name, target := range map[string]string{"export": export + "ics", "subscription": "/api/calendar/" + token + ".ics"} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, want, readEvents(t, get(target))) })
	}
}

type calendarEvent struct {
	UID, Summary string
	Start, End   time.Time
}

func readEvents(t *testing.T, calendar []byte) (events []calendarEvent) {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", "read.mjs")
	node.Dir, node.Stdin = "icaljs", bytes.NewReader(calendar)
	node.Env = append(os.Environ(), "TZ=Asia/Tokyo") // a time without a zone would be read in this zone
	node.Stderr = os.Stderr
	printed, err := node.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(printed, &events))
	return events
}
