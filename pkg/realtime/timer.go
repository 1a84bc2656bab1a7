package realtime

import (
	"encoding/json"
	"errors"
	"time"
)

// Status says whether a timer runs.
type Status string

// The two states of a timer.
const (
	Running Status = "running"
	Stopped Status = "stopped"
)

// Sources of a timer.
const (
	SourceClient    = "client"    // a message of one of the user's own clients
	SourceClockwork = "clockwork" // Clockwork itself
)

// Timer is one timer as its user's clients see it, and the payload of
// timer_updated.
type Timer struct {
	ID        string    `json:"id"` // the client's own, or cw:{accountId}:{issueKey}
	UserID    string    `json:"user_id"`
	Status    Status    `json:"status"`
	StartedAt time.Time `json:"started_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Seq       int64     `json:"seq"` // of its last change
	// CountedSeconds is what was counted at CountedAt, without the time on hold.
	// It grows with the clock while the timer runs and is not on hold.
	CountedSeconds int64     `json:"counted_seconds"`
	CountedAt      time.Time `json:"counted_at"`
	OnHold         bool      `json:"on_hold"` // outside working hours
	IssueKey       string    `json:"issue_key,omitempty"`
	Summary        string    `json:"summary,omitempty"`
	Comment        string    `json:"comment,omitempty"`
	Source         string    `json:"source"`
}

// same reports whether a person would see no difference.
func (t *Timer) same(other *Timer) bool {
	a, b := *t, *other
	a.UpdatedAt, a.Seq, a.StartedAt = b.UpdatedAt, b.Seq, b.StartedAt
	a.CountedSeconds, a.CountedAt = b.CountedSeconds, b.CountedAt
	// What a stopped timer has counted follows from when it stopped.
	return a == b && t.StartedAt.Equal(other.StartedAt) && (t.Status == Stopped || t.sameCount(other))
}

// size is about how many bytes a timer takes.
func (t *Timer) size() int {
	return 256 + len(t.ID) + len(t.UserID) + len(t.IssueKey) + len(t.Summary) + len(t.Comment)
}

// shorten cuts texts of Clockwork's, which may be as long as Jira allows.
func (t *Timer) shorten() {
	t.Summary, t.Comment = firstRunes(t.Summary, maxSummary), firstRunes(t.Comment, maxComment)
}

// firstRunes gives the first n characters of a text.
func firstRunes(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

var errUnreadable = errors.New("not a timer that could be read again")

// Check refuses a timer that nobody could read once it is in a store, whoever it
// comes from.
func (t *Timer) Check() error {
	if t.ID == "" || t.UserID == "" || (t.Status != Running && t.Status != Stopped) || !hasRFC3339(t.StartedAt) || !hasRFC3339(t.UpdatedAt) || !hasRFC3339(t.CountedAt) {
		return errUnreadable
	}
	return nil
}

// hasRFC3339: the format has four digits for the year, and a time that was read
// in another zone may be in the year 10000.
func hasRFC3339(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 0 && year <= 9999
}

// Event is one change of a timer. JSON is the timer's encoding, which the
// stores keep and clients get.
type Event struct {
	Timer Timer
	JSON  []byte
}

// NewEvent encodes a timer.
func NewEvent(t Timer) Event {
	return Event{t, encodeTimer(&t)}
}

// DecodeEvent reads what NewEvent encoded.
func DecodeEvent(encoded []byte) (Event, error) {
	e := Event{JSON: encoded}
	if err := json.Unmarshal(encoded, &e.Timer); err != nil {
		return Event{}, err
	}
	if e.Timer.CountedAt.IsZero() { // from before timers said it
		e.Timer.CountByClock()
	}
	if err := e.Timer.Check(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// State is what a store knows of one user. Recent are the last changes in
// order, the newest with Seq, so far as they are still known.
type State struct {
	Seq    int64
	Timers []Timer
	Recent []Event
	// Unreadable says what was left out because it could not be read, nil if
	// nothing was. Seq counts it.
	Unreadable error
}
