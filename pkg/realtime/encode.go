package realtime

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The timer's encoding is written by hand: it is made once for each change and
// was a third of the server's own work. A test holds it to encoding/json.
func encodeTimer(t *Timer) []byte {
	b := make([]byte, 0, 288+len(t.ID)+len(t.UserID)+len(t.Summary)+len(t.Comment))
	b = appendText(b, `{"id":`, t.ID)
	b = appendText(b, `,"user_id":`, t.UserID)
	b = appendText(b, `,"status":`, string(t.Status))
	b = appendTime(b, `,"started_at":"`, t.StartedAt)
	b = appendTime(b, `,"updated_at":"`, t.UpdatedAt)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, t.Seq, 10)
	b = append(b, `,"counted_seconds":`...)
	b = strconv.AppendInt(b, t.CountedSeconds, 10)
	b = appendTime(b, `,"counted_at":"`, t.CountedAt)
	b = append(b, `,"on_hold":`...)
	b = strconv.AppendBool(b, t.OnHold)
	if t.IssueKey != "" {
		b = appendText(b, `,"issue_key":`, t.IssueKey)
	}
	if t.Summary != "" {
		b = appendText(b, `,"summary":`, t.Summary)
	}
	if t.Comment != "" {
		b = appendText(b, `,"comment":`, t.Comment)
	}
	b = appendText(b, `,"source":`, t.Source)
	return append(b, '}')
}

func appendTime(b []byte, name string, t time.Time) []byte {
	b = append(b, name...)
	return append(t.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

func appendText(b []byte, name, text string) []byte {
	b = append(b, name...)
	if plain(text) {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"')
	}
	quoted, _ := json.Marshal(text) // a string always encodes
	return append(b, quoted...)
}

// plain reports whether text stands in JSON as it is.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// encodeTimers is the part of a state message that all clients of a user share,
// up to its end: everything known, newest change last.
func encodeTimers(timers []Timer) []byte {
	slices.SortFunc(timers, func(a, b Timer) int { return int(a.Seq - b.Seq) })
	b := append(make([]byte, 0, 64+352*len(timers)), `"timers":[`...)
	for i := range timers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, encodeTimer(&timers[i])...)
	}
	return append(b, `]}}`...)
}

// newState is the message on connect. timers is what encodeTimers gave.
func newState(seq int64, fresh Freshness, now time.Time, timers []byte) item {
	head := append(make([]byte, 0, 192), `{"event":"state","payload":{"seq":`...)
	head = strconv.AppendInt(head, seq, 10)
	head = appendTime(head, `,"server_time":"`, now)
	if fresh.SyncedAt == nil {
		head = append(head, `,"synced_at":null`...)
	} else {
		head = appendTime(head, `,"synced_at":"`, *fresh.SyncedAt)
	}
	head = append(head, `,"stale":`...)
	head = append(strconv.AppendBool(head, fresh.Stale), ',')
	return item{seq, append(appendHeader(make([]byte, 0, maxHeader+len(head)), len(head)+len(timers)), head...), timers}
}
