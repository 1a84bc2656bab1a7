package timesheet

import (
	"fmt"
	"strings"

	ics "github.com/arran4/golang-ical"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// icsFile writes worklogs of a Jira site as a calendar (RFC 5545). Equal worklogs make equal bytes:
// Clockwork does not say when an entry was changed last, so that is when its work
// ended.
func icsFile(worklogs []timer.Worklog, site string) ([]byte, error) {
	calendar := ics.NewCalendar()
	calendar.SetProductId("-//clockwork-timers//EN")
	calendar.SetXWRCalName("Worked time")
	calendar.SetXPublishedTTL("PT1H")
	calendar.SetRefreshInterval("PT1H")
	for _, w := range worklogs {
		event := calendar.AddEvent(fmt.Sprintf("worklog-%d@%s", w.ID, site))
		event.SetDtStampTime(ends(w))
		event.SetStartAt(w.Started)
		if w.TimeSpentSeconds > 0 {
			event.SetEndAt(ends(w)) // which has to be later than the start
		}
		event.SetTimeTransparency(ics.TransparencyTransparent)
		event.SetSummary(withoutControls(strings.TrimSpace(w.IssueKey + " " + w.IssueName)))
		if w.Comment != nil && *w.Comment != "" {
			event.SetDescription(withoutControls(*w.Comment))
		}
		if w.IssueKey != "" {
			event.SetURL("https://" + site + "/browse/" + w.IssueKey)
		}
		if w.ProjectName != "" {
			event.AddCategory(withoutControls(w.ProjectName))
		}
	}
	var file strings.Builder
	err := calendar.SerializeTo(&file, ics.WithNewLineWindows)
	return []byte(file.String()), err
}
