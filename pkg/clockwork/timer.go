package clockwork

import (
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/jsonread"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// UnreadableTimer is an entry of the list of timers that is not a whole timer:
// its issue is gone, say, or a field is of a type not seen before. It has what
// could still be read.
type UnreadableTimer struct {
	ID      int64  // 0 if it could not be read
	Account string // whose time runs; "" if it could not be read
	// Place is how many of the page's Timers stand before it.
	Place    int
	Finished bool  // then nobody will miss it
	Err      error // why; it quotes no text of the entry
}

// wireTimer is an entry while it is read.
type wireTimer struct {
	timer.Timer
	startedWithin, within *bool
	err                   error // of a field that could not be read
	ownerUnreadable       bool
}

var (
	errNotATimer  = errors.New("not an object")
	errNotAText   = errors.New("not a text")
	errNoID       = errors.New("a timer without id")
	errNoStart    = errors.New("a timer without start")
	errNoIssue    = errors.New("a timer without issue")
	errNoPerson   = errors.New("a timer without a person")
	errNotAPerson = errors.New("not a person")
)

// readTimer reads one entry; if it is not a whole timer, Err of the second result
// says why.
func readTimer(r *jsonread.Reader) (timer.Timer, UnreadableTimer) {
	var w wireTimer
	if !r.Fields(func(name string) {
		if err := w.field(name, r); err != nil {
			w.err = fmt.Errorf("%s: %w", name, err)
		}
	}) {
		w.err = errNotATimer
	}
	owner := w.RunningFor
	if owner == "" && !w.ownerUnreadable && w.Author != nil {
		owner = w.Author.AccountID // who started a timer may be another than the one whose time runs
	}
	w.RunningFor = owner
	if err := w.check(); err != nil {
		return timer.Timer{}, UnreadableTimer{ID: max(w.ID, 0), Account: owner, Finished: w.FinishedAt != nil, Err: err}
	}
	if w.Author != nil && w.Author.AccountID == "" {
		w.Author = nil
	}
	w.TillNow = max(w.TillNow, 0) // a start ahead of Clockwork's clock
	// Null through Forge; the app's own page reads it as true.
	w.WithinWorkingHours = w.within == nil || *w.within
	w.StartedWithinWorkingHours = w.startedWithin == nil || *w.startedWithin
	return w.Timer, UnreadableTimer{}
}

func (w *wireTimer) check() error {
	switch {
	case w.err != nil:
		return w.err
	case w.ID <= 0:
		return errNoID
	case w.StartedAt.IsZero():
		return errNoStart
	case w.Issue.Key == "":
		return errNoIssue
	case w.RunningFor == "":
		return errNoPerson
	}
	return nil
}

func (w *wireTimer) field(name string, r *jsonread.Reader) (err error) {
	switch name {
	case "id":
		w.ID, err = readInteger(r)
	case "started_at":
		w.StartedAt, err = readTime(r)
	case "finished_at":
		var at time.Time
		if at, err = readTime(r); err == nil && !at.IsZero() {
			w.FinishedAt = &at
		}
	case "running_for":
		w.RunningFor, err = readText(r)
		w.ownerUnreadable = err != nil
	case "comment":
		w.Comment = readComment(r)
	case "till_now":
		w.TillNow, err = readInteger(r)
	case "worklog_count":
		var count int64
		count, err = readInteger(r)
		w.WorklogCount = int(count)
	case "issue":
		err = w.issue(r)
	case "author":
		w.Author, err = readPerson(r)
	case "within_working_hours":
		w.within, err = readFlag(r)
	case "started_within_working_hours":
		w.startedWithin, err = readFlag(r)
	}
	return err
}

func (w *wireTimer) issue(r *jsonread.Reader) error {
	if r.Null() {
		return nil
	}
	var keyErr, idErr error
	r.Fields(func(name string) {
		switch name {
		case "key":
			w.Issue.Key, keyErr = readText(r)
		case "id":
			w.Issue.ID, idErr = readInteger(r)
		}
	})
	return errors.Join(keyErr, idErr)
}

// readPerson reads an author; nil for null.
func readPerson(r *jsonread.Reader) (*timer.Person, error) {
	if r.Null() {
		return nil, nil
	}
	var p timer.Person
	var failed error
	isObject := r.Fields(func(name string) {
		var err error
		switch name {
		case "accountId":
			p.AccountID, err = readText(r)
		case "emailAddress":
			p.EmailAddress, err = readText(r)
		case "displayName":
			p.DisplayName, err = readText(r)
		case "avatarUrl":
			p.AvatarURL, err = readText(r)
		}
		failed = errors.Join(failed, err)
	})
	if !isObject {
		failed = errNotAPerson
	}
	return &p, failed
}

// readText reads a string; "" for null.
func readText(r *jsonread.Reader) (string, error) {
	if r.Null() {
		return "", nil
	}
	text, ok := r.Text()
	if !ok {
		return "", errNotAText
	}
	return text, nil
}

// readTime reads a time in UTC; zero for null and for an empty text.
func readTime(r *jsonread.Reader) (time.Time, error) {
	if r.Null() {
		return time.Time{}, nil
	}
	text, ok := r.Text()
	if !ok {
		return time.Time{}, errNotATime
	}
	return parseTime(text)
}

func readComment(r *jsonread.Reader) *string {
	if r.Kind() == '"' {
		text, _ := r.Text()
		return &text
	}
	var c comment
	_ = c.UnmarshalJSON([]byte(r.Raw()))
	return c.text
}
