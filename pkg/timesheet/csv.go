package timesheet

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/clockwork-timer/backend/pkg/timer"
)

var csvHeader = []string{"date", "start", "end", "duration_seconds", "duration_hours", "issue_key", "summary", "project", "person", "account_id", "comment"}

// byteOrderMark tells spreadsheets that the file is UTF-8.
const byteOrderMark = "\uFEFF"

// csvFile writes a file as RFC 4180 describes it.
func csvFile(worklogs []timer.Worklog) ([]byte, error) {
	var file bytes.Buffer
	file.WriteString(byteOrderMark)
	out := csv.NewWriter(&file)
	out.UseCRLF = true
	if err := out.Write(csvHeader); err != nil {
		return nil, err
	}
	for _, w := range worklogs {
		comment := ""
		if w.Comment != nil {
			comment = *w.Comment
		}
		row := []string{
			w.Started.Format(time.DateOnly), w.Started.Format(time.RFC3339), ends(w).Format(time.RFC3339),
			strconv.FormatInt(w.TimeSpentSeconds, 10), strconv.FormatFloat(float64(w.TimeSpentSeconds)/3600, 'f', 4, 64),
			cell(w.IssueKey), cell(w.IssueName), cell(w.ProjectName), cell(w.Author.DisplayName), cell(w.Author.AccountID), cell(comment),
		}
		if err := out.Write(row); err != nil {
			return nil, err
		}
	}
	out.Flush()
	return file.Bytes(), out.Error()
}

// cell makes other people's text safe for a spreadsheet, which would run it as a
// formula if it begins with one of these signs, perhaps after a space.
func cell(text string) string {
	text = withoutControls(text)
	first := strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	begins := strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\n")
	if begins || strings.IndexAny(first, "=+-@\uFF1D\uFF0B\uFF0D\uFF20") == 0 {
		return "'" + text
	}
	return text
}

var lineFeeds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// withoutControls removes characters that end a file for some programs. A line ends
// with a line feed alone.
func withoutControls(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, lineFeeds.Replace(text))
}
