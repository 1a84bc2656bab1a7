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
	if string(b) == "null" || string(b) == `""` {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errNotATime
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && 1 <= t.UTC().Year() && t.UTC().Year() <= 9999 {
			m.Time = t // JSON cannot say other years
			return nil
		}
	}
	return errNotATime
}
