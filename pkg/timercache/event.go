package timercache

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// eventsOf are what subscribers are sent when a person's timers change from
// before to after, both as of at. The version, which is the
// moment in milliseconds unless two changes share it, dates the events: so they
// are in order even if the writers' clocks are not.
func eventsOf(whose about, before, after []timer.Timer, at time.Time) ([]string, tally) {
	now := time.UnixMilli(whose.Version).UTC()
	var events []string
	var count tally
	for _, change := range timer.Diff(before, at, after, at) {
		events = append(events, encodeEvent(whose, change, at, now))
		switch change.Kind {
		case timer.Started:
			count.Started++
		case timer.Stopped:
			count.Stopped++
		case timer.Edited:
			count.Edited++
		}
	}
	for n, t := range before {
		// A start whose issue id was not known yet may turn out to be on an issue that
		// moved, whose timer has another event id: this one's must not stay running.
		i := timer.OnIssue(after, t.Issue)
		if timer.OnIssue(before, t.Issue) == n && i >= 0 && whose.eventKey(t.Issue) != whose.eventKey(after[i].Issue) {
			events = append(events, encodeEvent(whose, timer.Change{Kind: timer.Stopped, Timer: t}, at, now))
		}
	}
	return events, count
}

// message is one event, or a JSON array of several; "" for none.
func message(events []string) string {
	if len(events) > 1 {
		return "[" + strings.Join(events, ",") + "]"
	}
	return strings.Join(events, "")
}

// Events takes a message of EventsChannel apart into its events, each as JSON.
// The error is that of a message which is no JSON.
func Events(message string) ([]json.RawMessage, error) {
	if !strings.HasPrefix(message, "[") {
		return []json.RawMessage{json.RawMessage(message)}, nil
	}
	var events []json.RawMessage
	err := json.Unmarshal([]byte(message), &events)
	return events, err
}

// encodeEvent gives the event of a change that happened at a moment, as docs/api.md
// describes it under Realtime. The timer's TillNow was true at countedAt.
func encodeEvent(whose about, change timer.Change, countedAt, at time.Time) string {
	t, status := change.Timer, "running"
	if change.Kind == timer.Stopped {
		status = "stopped"
	}
	e := append(make(encoder, 0, 512), `{"event":"timer_updated","payload":{`...)
	e.text(`"id":`, "cw:"+whose.UserKey+":"+whose.eventKey(t.Issue))
	e.text(`,"user_id":`, whose.UserKey)
	e.text(`,"status":`, status)
	e.time(`,"started_at":`, t.StartedAt)
	e.time(`,"updated_at":`, at)
	e.integer(`,"counted_seconds":`, t.TillNow)
	e.time(`,"counted_at":`, countedAt)
	e.flag(`,"on_hold":`, !t.WithinWorkingHours)
	e.text(`,"issue_key":`, t.Issue.Key)
	e.optional(`,"summary":`, t.Issue.Summary)
	if t.Comment != nil {
		e.optional(`,"comment":`, *t.Comment)
	}
	return string(append(e, `,"source":"clockwork"}}`...))
}

// eventKey is the key in the id of a timer's events: the one that its issue had
// when the timer was first seen.
func (a about) eventKey(issue timer.Issue) string {
	if key, moved := a.SeenAs[issue.ID]; moved {
		return key
	}
	return issue.Key
}

// seenAs carries over, for what goes on running, the keys under which timers
// were first seen, and adds those of issues that have just moved. Those of
// timers that stop are kept as well: the event that says so needs them.
func seenAs(was about, before, after []timer.Timer) map[int64]string {
	var keys map[int64]string
	add := func(id int64, key string) {
		if keys == nil {
			keys = map[int64]string{}
		}
		keys[id] = key
	}
	for n, t := range before {
		if timer.OnIssue(before, t.Issue) != n {
			continue // no events told of it; see timer.Diff
		}
		first := was.eventKey(t.Issue)
		if i := timer.OnIssue(after, t.Issue); i >= 0 && after[i].Issue.ID > 0 && after[i].Issue.Key != first {
			add(after[i].Issue.ID, first)
		} else if first != t.Issue.Key {
			add(t.Issue.ID, first)
		}
	}
	return keys
}
