package realtime

import (
	"encoding/json"
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
		return e, err
	}
	if e.Timer.CountedAt.IsZero() { // from before timers said it
		e.Timer.CountByClock()
	}
	return e, nil
}

// State is what a store knows of one user. Recent are the last changes in
// order, the newest with Seq, so far as they are still known.
type State struct {
	Seq    int64
	Timers []Timer
	Recent []Event
}
