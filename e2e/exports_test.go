package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/api/worklogs"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/sandbox"
)

// readExports prints what Python's csv and icalendar read from the files.
const readExports = `
import csv, json, sys, icalendar
rows = list(csv.reader(open("worklogs.csv", encoding="utf-8-sig", newline=""), strict=True))
calendar = icalendar.Calendar.from_ical(open("worklogs.ics", "rb").read())
iso = lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
events = [{"uid": str(e["UID"]), "start": iso(e.decoded("DTSTART")), "end": iso(e.decoded("DTEND")), "summary": str(e["SUMMARY"]),
  "comment": str(e.get("DESCRIPTION", ""))} for e in calendar.walk("VEVENT")]
json.dump({"rows": rows, "events": events, "errors": [str(x) for e in calendar.walk() for x in e.errors]}, sys.stdout)
`

// Other programs read from the CSV and the calendar what the JSON export has.
func TestExportsInPython(t *testing.T) {
	w := exportsWorld(t)
	dir := t.TempDir()
	for _, days := range []string{"from=2026-03-25&to=2026-06-24", "from=2026-10-20&to=2026-10-30"} {
		export := func(format string) []byte {
			a := w.Do(t.Context(), worklogs.HandleWorklogs, apptest.Request{Target: "/api/worklogs/export?tz=Europe/Berlin&accountId=" + w.Person(5).AccountID + "&format=" + format + "&" + days})
			require.Equal(t, 200, a.Status, "%s", a.Body)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "worklogs."+format), a.Body, 0o600))
			return a.Body
		}
		export("csv")
		export("ics")
		var want struct{ Worklogs []timer.Worklog }
		require.NoError(t, json.Unmarshal(export("json"), &want))
		python := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", readExports)
		python.Dir = dir
		var complaint bytes.Buffer
		python.Stderr = &complaint
		printed, err := python.Output()
		require.NoError(t, err, "%s", complaint.String())
		assertExports(t, want.Worklogs, printed)
	}
}

// exportsWorld returns a world in which person 5 has worklogs that other programs
// could misread.
func exportsWorld(t *testing.T) *apptest.World {
	t.Helper()
	w := apptest.New(t, apptest.Options{Unsynced: true, Env: map[string]string{"JWT_SECRET": "a-secret-of-more-than-32-bytes-for-tests"}})
	issue, err := w.Sandbox.AddIssue(oddIssue(w))
	require.NoError(t, err)
	// These include the hours that Berlin's clocks skip and repeat.
	for _, at := range []string{"2026-03-29T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"} {
		started, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.NoError(t, w.Sandbox.LogTime(w.Person(5).AccountID, issue.Key, started, 90*time.Minute))
	}
	return w
}

// oddIssue returns an issue with a summary that CSV and calendars must quote.
func oddIssue(w *apptest.World) (odd sandbox.Issue) {
	odd = w.Sandbox.Issues()[0]
	odd.ID, odd.Key = 0, "OPS-9001"
	odd.Summary = `=HYPERLINK("https://evil.test";"a, b") C:\temp ` + "\u00e9\u4e16\u754c\U0001F680 " + longWords
	return odd
}

const longWords = "that is longer than one line of a calendar may be, which is seventy-five octets"

func assertExports(t *testing.T, want []timer.Worklog, printed []byte) {
	t.Helper()
	var got struct {
		Rows   [][]string
		Events []struct{ UID, Start, End, Summary, Comment string }
		Errors []string
	}
	require.NoError(t, json.Unmarshal(printed, &got))
	assert.Empty(t, got.Errors)
	require.Len(t, got.Rows, len(want)+1)
	require.Len(t, got.Events, len(want))
	require.NotEmpty(t, want)
	for i, l := range want {
		row, event := got.Rows[i+1], got.Events[i]
		end := l.Started.Add(time.Duration(l.TimeSpentSeconds) * time.Second)
		assert.Equal(t, l.Started.UTC().Format(time.RFC3339), event.Start)
		assert.Equal(t, end.UTC().Format(time.RFC3339), event.End)
		assert.Equal(t, l.IssueKey+" "+l.IssueName, event.Summary)
		start, err := time.Parse(time.RFC3339, row[1])
		assert.NoError(t, err)
		assert.True(t, start.Equal(l.Started), row[1])
		stop, err := time.Parse(time.RFC3339, row[2])
		assert.NoError(t, err)
		assert.True(t, stop.Equal(end), row[2])
		assert.Equal(t, l.Started.Format(time.DateOnly), row[0])
		summary := l.IssueName
		if summary[0] == '=' {
			summary = "'" + summary
		}
		assert.Equal(t, []string{l.IssueKey, summary, l.ProjectName, l.Author.DisplayName, l.Author.AccountID}, row[5:10])
		comment := ""
		if l.Comment != nil {
			comment = *l.Comment
		}
		assert.Equal(t, comment, row[10])
		assert.Equal(t, comment, event.Comment)
	}
}
