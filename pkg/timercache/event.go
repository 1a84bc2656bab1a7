package timercache

import (
	"encoding/json"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// event is the realtime message of one change, as the contract's Realtime
// section has it.
type event struct {
	Event   string       `json:"event"`
	Payload eventPayload `json:"payload"`
}

type eventPayload struct {
	ID        string    `json:"id"` // cw:{accountId}:{issueKey}
	UserID    string    `json:"user_id"`
	Status    string    `json:"status"` // running or stopped
	StartedAt time.Time `json:"started_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// CountedSeconds is what Clockwork had counted at CountedAt.
	CountedSeconds int64     `json:"counted_seconds"`
	CountedAt      time.Time `json:"counted_at"`
	OnHold         bool      `json:"on_hold"`
	IssueKey       string    `json:"issue_key"`
	Summary        string    `json:"summary,omitempty"`
	Comment        string    `json:"comment,omitempty"`
	Source         string    `json:"source"`
}

// encodeEvent gives the message of a change that happened at a moment; the
// timer's TillNow was true at countedAt.
func encodeEvent(accountID string, change timer.Change, countedAt, at time.Time) string {
	t := change.Timer
	payload := eventPayload{
		ID:             "cw:" + accountID + ":" + t.Issue.Key,
		UserID:         accountID,
		Status:         "running",
		StartedAt:      t.StartedAt,
		UpdatedAt:      at,
		CountedSeconds: t.TillNow,
		CountedAt:      countedAt,
		OnHold:         !t.WithinWorkingHours,
		IssueKey:       t.Issue.Key,
		Summary:        t.Issue.Summary,
		Source:         "clockwork",
	}
	if change.Kind == timer.Stopped {
		payload.Status = "stopped"
	}
	if t.Comment != nil {
		payload.Comment = *t.Comment
	}
	encoded, err := json.Marshal(event{"timer_updated", payload})
	if err != nil {
		panic("timercache: an event that cannot be encoded: " + err.Error()) // as in value.encode
	}
	return string(encoded)
}
