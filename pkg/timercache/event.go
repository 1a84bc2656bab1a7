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
	IssueKey  string    `json:"issue_key"`
	Summary   string    `json:"summary,omitempty"`
	Comment   string    `json:"comment,omitempty"`
	OnHold    bool      `json:"on_hold,omitempty"`
	Source    string    `json:"source"`
}

func encodeEvent(accountID string, change timer.Change, at time.Time) string {
	t := change.Timer
	payload := eventPayload{
		ID:        "cw:" + accountID + ":" + t.Issue.Key,
		UserID:    accountID,
		Status:    "running",
		StartedAt: t.StartedAt,
		UpdatedAt: at,
		IssueKey:  t.Issue.Key,
		Summary:   t.Issue.Summary,
		OnHold:    !t.WithinWorkingHours,
		Source:    "clockwork",
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
