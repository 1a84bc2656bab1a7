package clockwork

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// TimersPage is one page of the report API's list of timers. Finished ones are
// among them: the caller leaves them out. TillNow is true at the moment at
// which Clockwork answered.
type TimersPage struct {
	Timers []timer.Timer
	// Unreadable are the entries that Timers leaves out, in the list's order.
	Unreadable []UnreadableTimer

	Page   int  // from 1; 0 if Clockwork did not say
	Pages  int  // 0 if Clockwork did not say
	IsLast bool // true whenever Pages is 0
	Total  int  // of all pages; -1 if Clockwork did not say
}

type wireTimersPage struct {
	Timers     *[]json.RawMessage `json:"timers"`
	StartAt    number             `json:"startAt"`
	MaxResults number             `json:"maxResults"`
	Total      *number            `json:"total"`
	Page       number             `json:"page"`
	Pages      number             `json:"pages"`
	IsLast     *bool              `json:"isLast"`
}

type wireTimer struct {
	ID           number  `json:"id"`
	StartedAt    moment  `json:"started_at"`
	FinishedAt   *moment `json:"finished_at"`
	RunningFor   string  `json:"running_for"`
	Comment      comment `json:"comment"`
	TillNow      number  `json:"till_now"`
	WorklogCount number  `json:"worklog_count"`
	Issue        struct {
		Key string `json:"key"`
		ID  number `json:"id"`
	} `json:"issue"`
	Author             *wirePerson `json:"author"`
	WithinHours        *bool       `json:"within_working_hours"`
	StartedWithinHours *bool       `json:"started_within_working_hours"`
}

// DecodeTimersPage reads an answer of GET /timers.json, as the report API
// gives it and as it arrives through Forge. Anything but a list of timers is
// ErrUnknownShape. An entry without a readable id, start, issue or person is
// unreadable out, and listed as unreadable.
func DecodeTimersPage(body []byte) (TimersPage, error) {
	var w wireTimersPage
	if err := json.Unmarshal(body, &w); err != nil {
		return TimersPage{}, fmt.Errorf("%w: %w", ErrUnknownShape, err)
	}
	if w.Timers == nil {
		return TimersPage{}, fmt.Errorf("%w: no list of timers", ErrUnknownShape)
	}
	page := TimersPage{Timers: make([]timer.Timer, 0, len(*w.Timers)), Page: int(w.Page), Total: -1}
	for _, raw := range *w.Timers {
		t, err := decodeTimer(raw)
		if err != nil {
			unreadable := identifyUnreadable(raw)
			unreadable.Err, unreadable.Place = err, len(page.Timers)
			page.Unreadable = append(page.Unreadable, unreadable)
			continue
		}
		page.Timers = append(page.Timers, t)
	}
	return page, w.paging(&page)
}

// paging works out where the list ends. A page that is not the last, of a list
// whose length is not told, would be read as a complete one: an error.
func (w wireTimersPage) paging(page *TimersPage) error {
	page.Pages = int(w.Pages)
	if w.Total != nil {
		page.Total = int(*w.Total)
		if page.Pages == 0 && w.MaxResults > 0 {
			page.Pages = int((*w.Total + w.MaxResults - 1) / w.MaxResults)
		}
	}
	switch {
	case page.Page < 0 || page.Pages < 0 || page.Total < -1:
		return fmt.Errorf("%w: negative page numbers", ErrUnknownShape)
	case w.IsLast != nil:
		page.IsLast = *w.IsLast
	case page.Pages > 0:
		page.IsLast = page.Page >= page.Pages
	default:
		page.IsLast = page.Total <= int(w.StartAt)+len(page.Timers)
	}
	if !page.IsLast && page.Pages == 0 {
		return fmt.Errorf("%w: more timers, but not how many pages", ErrUnknownShape)
	}
	return nil
}

// decodeTimer reads one entry. Its error quotes no text of the entry.
func decodeTimer(raw []byte) (timer.Timer, error) {
	var t wireTimer
	if err := json.Unmarshal(raw, &t); err != nil {
		return timer.Timer{}, err
	}
	switch {
	case t.ID <= 0:
		return timer.Timer{}, errors.New("a timer without id")
	case t.StartedAt.IsZero():
		return timer.Timer{}, errors.New("a timer without start")
	case t.Issue.Key == "":
		return timer.Timer{}, errors.New("a timer without issue")
	case t.owner() == "":
		return timer.Timer{}, errors.New("a timer without a person")
	}
	return t.timer(), nil
}

// owner is the person whose time runs; who started the timer may be another.
func (t wireTimer) owner() string {
	if t.RunningFor == "" && t.Author != nil {
		return t.Author.AccountID
	}
	return t.RunningFor
}

func (t wireTimer) timer() timer.Timer {
	out := timer.Timer{
		ID:           int64(t.ID),
		StartedAt:    t.StartedAt.UTC(),
		Comment:      t.Comment.text,
		RunningFor:   t.owner(),
		TillNow:      max(int64(t.TillNow), 0), // a start ahead of Clockwork's clock
		WorklogCount: int(t.WorklogCount),
		Issue:        timer.Issue{Key: t.Issue.Key, ID: int64(t.Issue.ID)},
		// Null through Forge, where the app's own page reads it as true.
		WithinWorkingHours:        t.WithinHours == nil || *t.WithinHours,
		StartedWithinWorkingHours: t.StartedWithinHours == nil || *t.StartedWithinHours,
	}
	if t.FinishedAt != nil && !t.FinishedAt.IsZero() {
		finished := t.FinishedAt.UTC()
		out.FinishedAt = &finished
	}
	if t.Author != nil && t.Author.AccountID != "" {
		author := timer.Person(*t.Author)
		out.Author = &author
	}
	return out
}
