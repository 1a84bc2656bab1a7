package timesheet

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
)

func TestCellsRunNoFormula(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		"Review":           "Review",
		"a=1":              "a=1",
		"5 - 3":            "5 - 3",
		"'=1":              "'=1",
		"=1+1":             "'=1+1",
		"+1":               "'+1",
		"-1":               "'-1",
		"@SUM(A1)":         "'@SUM(A1)",
		"\t=1":             "'\t=1",
		"\tReview":         "'\tReview",
		"\r=1":             "'\n=1",
		"\nReview":         "'\nReview",
		" =1":              "' =1",
		"\u00A0\u3000=1":   "'\u00A0\u3000=1",
		"\u200B=1":         "'\u200B=1",
		"\uFEFF=1":         "'\uFEFF=1",
		"\x00=1":           "'=1",
		"\uFF1D1":          "'\uFF1D1",
		"\uFF0B1":          "'\uFF0B1",
		"\uFF0D1":          "'\uFF0D1",
		"\uFF20SUM":        "'\uFF20SUM",
		"one\r\ntwo\x07\r": "one\ntwo\n",
	} {
		assert.Equal(t, want, cell(text), "%q", text)
	}
}

// FuzzCSV: whatever a comment is, it stays one cell, which begins with no sign of a
// formula, and the other cells are what they were.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{"", "Review", `=cmd|'/c calc'!A1`, "\"\r\n,;\"", "'", "\xff", "\u2028=1"} {
		f.Add(text)
	}
	started := time.Date(2026, 3, 29, 1, 30, 0, 0, time.FixedZone("", 3600))
	f.Fuzz(func(t *testing.T, text string) {
		file, err := csvFile([]timer.Worklog{{ID: 7, IssueKey: "OPS-64", IssueName: text, TimeSpentSeconds: 5400, Started: started, Comment: &text, Author: timer.Person{AccountID: "acc", DisplayName: text}}})
		require.NoError(t, err)
		body, found := strings.CutPrefix(string(file), byteOrderMark)
		require.True(t, found)
		assert.Zero(t, strings.Count(strings.ReplaceAll(body, "\r\n", ""), "\n")+strings.Count(strings.ReplaceAll(body, "\r\n", ""), "\r"), "every line ends with CRLF")
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		assert.Equal(t, csvHeader, rows[0])
		assert.Equal(t, []string{"2026-03-29", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+01:00", "5400", "1.5000", "OPS-64"}, rows[1][:6])
		for _, shown := range rows[1][6:] {
			assert.False(t, strings.ContainsRune("=+-@\t\r\n", rune((strings.TrimSpace(shown) + "x")[0])), "%q", shown)
		}
	})
}
