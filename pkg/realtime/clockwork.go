package realtime

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// ClockworkPrefix begins the ids of Clockwork's timers: cw:{accountId}:{issueKey}.
const ClockworkPrefix = "cw:"

// ClockworkID is the id of a Clockwork timer.
func ClockworkID(account, issueKey string) string { return ClockworkPrefix + account + ":" + issueKey }

// Bounds of a published event, in bytes.
const (
	maxEvent   = 256 << 10
	maxRefusal = 4 << 10 // a code, a sentence and an id
)

// ParseRefusal reads a published error event about one of the account's timers,
// nil if it is none.
func ParseRefusal(account, payload string) *Refusal {
	var message struct {
		Event   string
		Payload Refusal
	}
	if len(payload) > maxRefusal || json.Unmarshal([]byte(payload), &message) != nil || message.Event != "error" ||
		message.Payload.Code == "" || message.Payload.Message == "" || !ofAccount(account, message.Payload.ID) {
		return nil
	}
	return &message.Payload
}

var (
	errNotAnUpdate = errors.New("not a timer_updated of a Clockwork timer")
	errTooLong     = errors.New("longer than any timer_updated")
)

// ParseEvent reads a published change of one of Clockwork's timers.
func ParseEvent(payload string) (Timer, error) {
	var message struct {
		Event   string
		Payload Timer
	}
	if len(payload) > maxEvent {
		return Timer{}, errTooLong
	}
	if err := json.Unmarshal([]byte(payload), &message); err != nil {
		return Timer{}, err
	}
	t := message.Payload
	if message.Event != "timer_updated" || t.Check() != nil || t.UpdatedAt.IsZero() || !ofAccount(t.UserID, t.ID) {
		return Timer{}, errNotAnUpdate
	}
	t.Seq, t.Source = 0, SourceClockwork
	if t.CountedAt.IsZero() { // from an instance of an older version
		t.CountByClock()
	}
	t.shorten()
	return t, nil
}

// ofAccount reports whether an event's id is that of one of the account's timers.
func ofAccount(account, id string) bool {
	key, ok := IssueOf(account, id)
	return ok && key != ""
}

// IssueOf is the issue in the id of one of the account's Clockwork timers: the key
// that the issue had when the timer was first seen.
func IssueOf(account, id string) (issueKey string, ok bool) {
	return strings.CutPrefix(id, ClockworkPrefix+account+":")
}

// ClockworkChanges lists the changes that make an account's known timers equal to
// Clockwork's: first the stops, because they free space, then the others, the
// latest start first. The clients' own timers stay as they are. A timer that no
// store could give back is left out, and unreadable says why.
func ClockworkChanges(user string, known []Timer, view timercache.View, now time.Time) (changes []Timer, unreadable error) {
	countedAt := now
	if view.CachedAt != nil {
		countedAt = *view.CachedAt
	}
	old, running := map[string]Timer{}, map[string]bool{}
	for _, t := range known {
		old[t.ID] = t
	}
	var started []Timer
	for _, t := range view.Timers {
		next := fromClockwork(user, view.EventKey(t.Issue), t, countedAt, now)
		if running[next.ID] {
			continue // a newer timer of the same issue
		}
		running[next.ID] = true
		if err := next.Check(); err != nil {
			unreadable = err
			continue
		}
		was, ok := old[next.ID]
		next.Summary = cmp.Or(next.Summary, was.Summary) // every issue has one: "" means unknown
		if !ok || !sameButStart(&next, &was) {
			started = append(started, next)
		}
	}
	var stopped []Timer
	for _, t := range known {
		if t.Source == SourceClockwork && t.Status == Running && !running[t.ID] {
			t.stopAt(now)
			stopped = append(stopped, t)
		}
	}
	return append(stopped, started...), unreadable
}

// sameButStart is Same, but ignores that the start moved by 2 s or less, as it may when
// the listed timer replaces a provisional one.
func sameButStart(next, old *Timer) bool {
	moved := next.StartedAt.Sub(old.StartedAt).Abs()
	a := *next
	if moved <= 2*time.Second {
		a.StartedAt = old.StartedAt
	}
	return a.Same(old)
}

func fromClockwork(user, eventKey string, t timer.Timer, countedAt, now time.Time) Timer {
	next := Timer{
		ID: ClockworkID(user, eventKey), UserID: user, Status: Running, StartedAt: t.StartedAt.UTC(), UpdatedAt: now,
		CountedSeconds: t.TillNow, CountedAt: countedAt.UTC(),
		IssueKey: t.Issue.Key, Summary: t.Issue.Summary, OnHold: !t.WithinWorkingHours, Source: SourceClockwork,
	}
	if t.Comment != nil {
		next.Comment = *t.Comment
	}
	next.shorten()
	return next
}

const maxSummary = 255 // characters, as in Jira

// shorten cuts Clockwork's texts, which may be as long as Jira allows.
func (t *Timer) shorten() {
	t.Summary, t.Comment = firstRunes(t.Summary, maxSummary), firstRunes(t.Comment, maxComment)
}

// firstRunes is the first n characters of a text.
func firstRunes(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}
