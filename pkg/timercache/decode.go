package timercache

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// decodeValue reads a value; ok is false if there is none or it does not parse. A
// sync reads thousands of them, so it is not done by reflection.
func decodeValue(raw string) (v value, ok bool) {
	d := decoder{Reader: jsonread.New(raw)}
	d.object(func(name string) {
		switch name {
		case "timers":
			v.Timers = d.timers()
		case "cachedAt":
			d.time(&v.CachedAt)
		case "userKey":
			d.text(&v.UserKey)
		case "version":
			d.integer(&v.Version)
		case "email":
			d.text(&v.Email)
		case "epoch":
			d.text(&v.Epoch)
		case "seenAs":
			d.any(&v.SeenAs)
		case "listed":
			d.flag(&v.Listed)
		case "acts":
			v.Acts = d.acts()
		case "lastSeen":
			v.LastSeen = d.lastSeen()
		}
	})
	if d.End() != nil || d.failed || v.UserKey == "" || v.Timers == nil {
		return value{}, false
	}
	return v, true
}

// decoder reads into variables, and remembers whether one did not fit. A null
// leaves its variable as it is.
type decoder struct {
	*jsonread.Reader
	failed bool
}

func (d *decoder) expect(fits bool) { d.failed = d.failed || !fits }

func (d *decoder) object(field func(name string)) {
	if !d.Null() {
		d.expect(d.Fields(field))
	}
}

func (d *decoder) text(to *string) {
	if !d.Null() {
		text, ok := d.Text()
		*to = text
		d.expect(ok)
	}
}

func (d *decoder) flag(to *bool) {
	if !d.Null() {
		value, ok := d.Bool()
		*to = value
		d.expect(ok)
	}
}

func (d *decoder) integer(to *int64) {
	if !d.Null() {
		n, err := strconv.ParseInt(d.Number(), 10, 64)
		*to = n
		d.expect(err == nil)
	}
}

func (d *decoder) time(to *time.Time) {
	if !d.Null() {
		text, ok := d.Text()
		d.expect(ok && to.UnmarshalText([]byte(text)) == nil)
		d.inUTC(to)
	}
}

func (d *decoder) inUTC(at *time.Time) { d.expect(toUTC(at)) }

// any reads what is rare by reflection.
func (d *decoder) any(to any) { d.expect(json.Unmarshal([]byte(d.Raw()), to) == nil) }

func (d *decoder) timers() []timer.Timer {
	if d.Null() {
		return nil
	}
	timers := make([]timer.Timer, 0, 4)
	d.expect(d.Items(func() { timers = append(timers, d.timer()) }))
	return timers
}

func (d *decoder) acts() (acts []act) {
	if !d.Null() {
		d.expect(d.Items(func() { acts = append(acts, d.act()) }))
	}
	return acts
}

func (d *decoder) act() (a act) {
	d.object(func(name string) {
		switch name {
		case "issue":
			d.text(&a.Issue)
		case "started":
			d.flag(&a.Started)
		case "at":
			d.time(&a.At)
		case "token":
			d.text(&a.Token)
		}
	})
	return a
}

func (d *decoder) lastSeen() *LastSeen {
	if d.Null() {
		return nil
	}
	var l LastSeen
	d.object(func(name string) {
		switch name {
		case "name":
			d.text(&l.Name)
		case "avatarUrl":
			d.text(&l.AvatarURL)
		case "issue":
			d.issue(&l.Issue)
		case "at":
			d.time(&l.At)
		}
	})
	return &l
}

func (d *decoder) timer() (t timer.Timer) {
	d.object(func(name string) {
		switch name {
		case "id":
			d.integer(&t.ID)
		case "startedAt":
			d.time(&t.StartedAt)
		case "finishedAt":
			if !d.Null() {
				t.FinishedAt = new(time.Time)
				d.time(t.FinishedAt)
			}
		case "comment":
			if !d.Null() {
				t.Comment = new(string)
				d.text(t.Comment)
			}
		case "runningFor":
			d.text(&t.RunningFor)
		case "tillNow":
			d.integer(&t.TillNow)
		case "worklogCount":
			var count int64
			d.integer(&count)
			t.WorklogCount = int(count)
		case "issue":
			d.issue(&t.Issue)
		case "author":
			if !d.Null() {
				t.Author = new(timer.Person)
				d.person(t.Author)
			}
		case "withinWorkingHours":
			d.flag(&t.WithinWorkingHours)
		case "startedWithinWorkingHours":
			d.flag(&t.StartedWithinWorkingHours)
		}
	})
	return t
}

func (d *decoder) issue(i *timer.Issue) {
	d.object(func(name string) {
		switch name {
		case "key":
			d.text(&i.Key)
		case "id":
			d.integer(&i.ID)
		case "summary":
			d.text(&i.Summary)
		case "projectName":
			d.text(&i.ProjectName)
		}
	})
}

func (d *decoder) person(p *timer.Person) {
	d.object(func(name string) {
		switch name {
		case "accountId":
			d.text(&p.AccountID)
		case "emailAddress":
			d.text(&p.EmailAddress)
		case "displayName":
			d.text(&p.DisplayName)
		case "avatarUrl":
			d.text(&p.AvatarURL)
		}
	})
}
