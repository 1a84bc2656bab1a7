package fanout

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// announcement is what instances publish over a Feed: the changes that one of them
// made, or a notice, which is a message to all of a user's clients.
type announcement struct {
	Last   int64             `json:"last,omitempty"` // seq of the last timer
	Timers []json.RawMessage `json:"timers,omitempty"`
	Notice json.RawMessage   `json:"notice,omitempty"`
}

// maxAnnouncement bounds one in bytes: Upstash's streams have a limit for a
// line, and Redis ends a subscription that cannot keep up.
const maxAnnouncement = 64 << 10

// AnnounceEvents encodes changes. If they are too large it leaves them out, and the
// other instances read them from the store.
func AnnounceEvents(last int64, events []realtime.Event) string {
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

// lastMember begins an announcement of changes.
const lastMember = `{"last":`

// lastAnnounced reads the seq of an announcement without decoding the rest: most are
// an instance's own, and known. 0 if there is none.
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

var errOtherUser = errors.New("a timer of another user")

func announceNotice(message []byte) string { return `{"notice":` + string(message) + `}` }

// parseAnnouncement reads an announcement about a user. Besides an error it returns
// what could be read.
func parseAnnouncement(user, text string) (announcement, []realtime.Event, error) {
	var a announcement
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return announcement{}, nil, err
	}
	var unreadable error
	events := make([]realtime.Event, 0, len(a.Timers))
	for _, encoded := range a.Timers {
		e, err := realtime.DecodeEvent(encoded)
		if err == nil && e.Timer.UserID != user {
			err = errOtherUser
		}
		if err != nil {
			unreadable = err
			continue
		}
		events = append(events, e)
	}
	return a, events, unreadable
}
