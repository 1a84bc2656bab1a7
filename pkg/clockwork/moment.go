package clockwork

import (
	"encoding/json"
	"errors"
	"time"
)

// layouts are the shapes of time seen in Clockwork's answers. RFC 3339 takes
// any number of decimals; the others have an offset without a colon, which is
// Jira's own format, and the report API leaves the seconds out.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04-0700",
}

var errNotATime = errors.New("not a time")

// moment is a time in any of those shapes.
type moment struct{ time.Time }

// UnmarshalJSON reads a time string; null and an empty string leave it zero.
func (m *moment) UnmarshalJSON(b []byte) error {
	var text *string
	if json.Unmarshal(b, &text) != nil {
		return errNotATime
	}
	if text == nil {
		return nil
	}
	at, err := parseTime(*text)
	if err == nil {
		m.Time = at
	}
	return err
}

// parseTime returns a time in UTC, zero for an empty text.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil && 1 <= t.UTC().Year() && t.UTC().Year() <= 9999 {
			return t.UTC(), nil // JSON cannot say other years
		}
	}
	return time.Time{}, errNotATime
}
