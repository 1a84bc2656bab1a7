package realtime

import (
	"encoding/json"
	"strconv"
	"strings"
)

// announcement is what instances tell each other over a Feed: changes that one
// of them made, or a message for all of a user's clients that changes nothing.
type announcement struct {
	Last   int64             `json:"last,omitempty"` // seq of the last timer
	Timers []json.RawMessage `json:"timers,omitempty"`
	Notice json.RawMessage   `json:"notice,omitempty"`
}

// maxAnnouncement bounds one in bytes: Upstash's streams have a limit for a
// line, and Redis ends a subscription that cannot keep up.
const maxAnnouncement = 64 << 10

// announceEvents leaves the events out if they are too large: who hears it reads
// them from the store.
func announceEvents(last int64, events []Event) string {
	size := 0
	for i := range events {
		size += len(events[i].JSON) + 1
	}
	if size > maxAnnouncement {
		events = nil
	}
	b := append(make([]byte, 0, 64+256*len(events)), lastMember...)
	b = strconv.AppendInt(b, last, 10)
	b = append(b, `,"timers":[`...)
	for i := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, events[i].JSON...)
	}
	return string(append(b, `]}`...))
}

// lastMember is what an announcement of changes begins with.
const lastMember = `{"last":`

// lastAnnounced reads the seq of an announcement without the rest of it: most
// are an instance's own, and known. 0 where there is none.
func lastAnnounced(text string) int64 {
	rest, ok := strings.CutPrefix(text, lastMember)
	if !ok {
		return 0
	}
	digits, _, _ := strings.Cut(rest, ",")
	last, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return last
}

func announceNotice(message []byte) string { return `{"notice":` + string(message) + `}` }

// parseAnnouncement reads what an instance said about a user. With an error too
// it gives what could be read.
func parseAnnouncement(user, text string) (announcement, []Event, error) {
	var a announcement
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return announcement{}, nil, err
	}
	var unreadable error
	events := make([]Event, 0, len(a.Timers))
	for _, encoded := range a.Timers {
		e, err := DecodeEvent(encoded)
		if err == nil && e.Timer.UserID != user {
			err = errUnreadable
		}
		if err != nil {
			unreadable = err
			continue
		}
		events = append(events, e)
	}
	return a, events, unreadable
}
