package app

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// LiveTimer is a timer as realtime messages have it (the contract's Realtime).
type LiveTimer struct {
	ID        string    `json:"id"` // of Clockwork's timers: cw:{accountId}:{issueKey}
	UserID    string    `json:"user_id"`
	Status    string    `json:"status"` // LiveRunning or LiveStopped
	StartedAt time.Time `json:"started_at"`
	UpdatedAt time.Time `json:"updated_at"` // when this was last known to be so
	Seq       int64     `json:"seq"`        // of its last message; 0 where there was none
	IssueKey  string    `json:"issue_key,omitempty"`
	Summary   string    `json:"summary,omitempty"`
	Comment   string    `json:"comment,omitempty"`
	OnHold    bool      `json:"on_hold,omitempty"` // outside working hours: it does not grow
	Source    string    `json:"source"`
}

// The states of a LiveTimer.
const (
	LiveRunning = "running"
	LiveStopped = "stopped"
)

// LiveStore is where one user's timers are read as realtime clients see them.
type LiveStore interface {
	// List returns the user's timers, never nil.
	List(ctx context.Context, userID string) ([]LiveTimer, error)
}

// CurrentTimer is the running timer that started last, or nil.
func CurrentTimer(timers []LiveTimer) *LiveTimer {
	var current *LiveTimer
	for i := range timers {
		if t := &timers[i]; t.Status == LiveRunning && (current == nil || t.StartedAt.After(current.StartedAt)) {
			current = t
		}
	}
	return current
}

// cachedLive shows the Clockwork timers that the cache holds of an account.
type cachedLive struct{ cache *timercache.Cache }

func (l cachedLive) List(ctx context.Context, userID string) ([]LiveTimer, error) {
	timers := []LiveTimer{}
	if !accountIDForm.MatchString(userID) || userID == "all" {
		return timers, nil // a username, which the cache could take for everybody or an e-mail address
	}
	view, err := l.cache.Read(ctx, timercache.Subject{AccountID: userID})
	if err != nil {
		return nil, err
	}
	for _, t := range view.Timers {
		timers = append(timers, liveTimer(userID, t, view.SyncedAt))
	}
	return timers, nil
}

func liveTimer(accountID string, t timer.Timer, syncedAt *time.Time) LiveTimer {
	live := LiveTimer{ID: "cw:" + accountID + ":" + t.Issue.Key, UserID: accountID, Status: LiveRunning, StartedAt: t.StartedAt.UTC(), UpdatedAt: t.StartedAt.UTC(),
		IssueKey: t.Issue.Key, Summary: t.Issue.Summary, OnHold: !t.WithinWorkingHours, Source: "clockwork"}
	if syncedAt != nil && syncedAt.After(live.UpdatedAt) {
		live.UpdatedAt = *syncedAt
	}
	if t.Comment != nil {
		live.Comment = *t.Comment
	}
	return live
}
