package timercache

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// encoder writes what encoding/json would write, without reflection: each start and
// stop writes a value and an event, and a first sync thousands of values. The names of
// fields begin with the comma before them.
type encoder []byte

// encode gives the timers, which are the caller's own, their times in UTC.
func (v value) encode() string {
	e := append(make(encoder, 0, 1024), `{"timers":[`...)
	for i := range v.Timers {
		if i > 0 {
			e = append(e, ',')
		}
		inUTC(&v.Timers[i])
		e.timer(&v.Timers[i])
	}
	e.time(`],"cachedAt":`, v.CachedAt)
	e.text(`,"userKey":`, v.UserKey)
	e.integer(`,"version":`, v.Version)
	e.optional(`,"email":`, v.Email)
	e.optional(`,"epoch":`, v.Epoch)
	if len(v.SeenAs) > 0 {
		e.any(`,"seenAs":`, v.SeenAs)
	}
	if v.Listed {
		e.flag(`,"listed":`, true)
	}
	if len(v.Acts) > 0 {
		e = append(e, `,"acts":[`...)
		for i, a := range v.Acts {
			if i > 0 {
				e = append(e, ',')
			}
			e.act(a)
		}
		e = append(e, ']')
	}
	if v.LastSeen != nil {
		e.any(`,"lastSeen":`, v.LastSeen)
	}
	return string(append(e, '}'))
}

func (e *encoder) act(a act) {
	e.text(`{"issue":`, a.Issue)
	if a.Started {
		e.flag(`,"started":`, true)
	}
	e.time(`,"at":`, a.At)
	e.optional(`,"token":`, a.Token)
	*e = append(*e, '}')
}

func (e *encoder) timer(t *timer.Timer) {
	e.integer(`{"id":`, t.ID)
	e.time(`,"startedAt":`, t.StartedAt)
	*e = append(*e, `,"finishedAt":`...)
	if t.FinishedAt != nil {
		e.time("", *t.FinishedAt)
	} else {
		*e = append(*e, "null"...)
	}
	*e = append(*e, `,"comment":`...)
	if t.Comment != nil {
		e.text("", *t.Comment)
	} else {
		*e = append(*e, "null"...)
	}
	e.text(`,"runningFor":`, t.RunningFor)
	e.integer(`,"tillNow":`, t.TillNow)
	e.integer(`,"worklogCount":`, int64(t.WorklogCount))
	e.text(`,"issue":{"key":`, t.Issue.Key)
	e.integer(`,"id":`, t.Issue.ID)
	e.optional(`,"summary":`, t.Issue.Summary)
	e.optional(`,"projectName":`, t.Issue.ProjectName)
	*e = append(*e, '}')
	if t.Author != nil {
		e.text(`,"author":{"accountId":`, t.Author.AccountID)
		e.optional(`,"emailAddress":`, t.Author.EmailAddress)
		e.optional(`,"displayName":`, t.Author.DisplayName)
		e.optional(`,"avatarUrl":`, t.Author.AvatarURL)
		*e = append(*e, '}')
	}
	e.flag(`,"withinWorkingHours":`, t.WithinWorkingHours)
	e.flag(`,"startedWithinWorkingHours":`, t.StartedWithinWorkingHours)
	*e = append(*e, '}')
}

func (e *encoder) text(name, text string) {
	*e = append(*e, name...)
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			e.any("", text)
			return
		}
	}
	*e = append(append(append(*e, '"'), text...), '"')
}

func (e *encoder) optional(name, text string) {
	if text != "" {
		e.text(name, text)
	}
}

func (e *encoder) integer(name string, n int64) {
	*e = strconv.AppendInt(append(*e, name...), n, 10)
}

func (e *encoder) flag(name string, on bool) {
	*e = strconv.AppendBool(append(*e, name...), on)
}

func (e *encoder) time(name string, at time.Time) {
	text, err := at.AppendText(append(append(*e, name...), '"'))
	if err != nil {
		panic("timercache: a time that cannot be encoded: " + err.Error()) // only before year 0 or after 9999
	}
	*e = append(text, '"')
}

// any writes what is rare by reflection.
func (e *encoder) any(name string, v any) {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic("timercache: a value that cannot be encoded: " + err.Error()) // as in time
	}
	*e = append(append(*e, name...), encoded...)
}
