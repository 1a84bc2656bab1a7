package realtime

import (
	"cmp"
	"errors"
	"slices"
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
	SourceClient    = "client"    // one of the user's own clients
	SourceClockwork = "clockwork" // Clockwork itself
)

// Timer is one timer as clients see it: the payload of timer_updated.
type Timer struct {
	ID        string    `json:"id"` // the client's own, or cw:{accountId}:{issueKey}
	UserID    string    `json:"user_id"`
	Status    Status    `json:"status"`
	StartedAt time.Time `json:"started_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Seq       int64     `json:"seq"` // of its last change
	// CountedSeconds is the working time at CountedAt. It grows with the clock while
	// the timer runs and is not on hold.
	CountedSeconds int64     `json:"counted_seconds"`
	CountedAt      time.Time `json:"counted_at"`
	OnHold         bool      `json:"on_hold"` // outside working hours
	IssueKey       string    `json:"issue_key,omitempty"`
	Summary        string    `json:"summary,omitempty"`
	Comment        string    `json:"comment,omitempty"`
	Source         string    `json:"source"`
}

// Same reports whether a person would see no difference.
func (t *Timer) Same(other *Timer) bool {
	a, b := *t, *other
	a.UpdatedAt, a.Seq, a.StartedAt = b.UpdatedAt, b.Seq, b.StartedAt
	a.CountedSeconds, a.CountedAt = b.CountedSeconds, b.CountedAt
	// The count of a stopped timer follows from when it stopped.
	return a == b && t.StartedAt.Equal(other.StartedAt) && (t.Status == Stopped || t.sameCount(other))
}

// countTolerance is the largest difference of two counts that still agree:
// Clockwork counts in whole seconds.
const countTolerance = time.Second

// sameCount compares the counts at the later of the two moments of counting.
func (t *Timer) sameCount(other *Timer) bool {
	now := t.CountedAt
	if other.CountedAt.After(now) {
		now = other.CountedAt
	}
	return (t.Counted(now) - other.Counted(now)).Abs() <= countTolerance
}

// Counted is the working time at a moment; never negative.
func (t *Timer) Counted(now time.Time) time.Duration {
	counted := time.Duration(t.CountedSeconds) * time.Second
	if t.Status == Running && !t.OnHold {
		counted += now.Sub(t.CountedAt)
	}
	return max(0, counted)
}

// CountByClock counts all the time since the start: for a timer that Clockwork
// does not know, or whose count is unknown.
func (t *Timer) CountByClock() {
	t.CountedSeconds, t.CountedAt = 0, t.StartedAt
	if t.Status == Stopped {
		t.CountedSeconds, t.CountedAt = max(0, int64(t.UpdatedAt.Sub(t.StartedAt)/time.Second)), t.UpdatedAt
	}
}

// stopAt stops a running timer, with its count at that moment.
func (t *Timer) stopAt(now time.Time) {
	t.CountedSeconds, t.CountedAt = int64(t.Counted(now)/time.Second), now
	t.Status, t.UpdatedAt = Stopped, now
}

// Size is about how many bytes a timer takes.
func (t *Timer) Size() int {
	return 256 + len(t.ID) + len(t.UserID) + len(t.IssueKey) + len(t.Summary) + len(t.Comment)
}

var errInvalidTimer = errors.New("not a valid timer")

// Check refuses a timer, from whatever source, that could not be read again from
// a store.
func (t *Timer) Check() error {
	if t.ID == "" || t.UserID == "" || (t.Status != Running && t.Status != Stopped) || !hasRFC3339(t.StartedAt) || !hasRFC3339(t.UpdatedAt) || !hasRFC3339(t.CountedAt) {
		return errInvalidTimer
	}
	return nil
}

// hasRFC3339 reports whether the year has four digits in UTC, as the format
// requires: a time in another zone may be in the year 10000.
func hasRFC3339(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 0 && year <= 9999
}

// Bounds of one user's timers. If there are more, those that stopped longest ago
// are evicted.
const (
	MaxTimers     = 100
	MaxTimerBytes = 64 << 10 // by Timer.Size
)

// Evict chooses the timers that have to go before next is added or grows. Every
// instance chooses the same. If the running timers leave no space, ok is false.
func Evict(timers map[string]Timer, next *Timer) (evicted []string, ok bool) {
	if old, known := timers[next.ID]; known && next.Size() <= old.Size() {
		return nil, true
	}
	number, bytes := 1, next.Size()
	for id, t := range timers {
		if id != next.ID {
			number, bytes = number+1, bytes+t.Size()
		}
	}
	fits := func() bool { return number <= MaxTimers && bytes <= MaxTimerBytes }
	if fits() {
		return nil, true
	}
	var stopped []Timer
	for id, t := range timers {
		if id != next.ID && t.Status == Stopped {
			stopped = append(stopped, t)
		}
	}
	slices.SortFunc(stopped, func(a, b Timer) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, t := range stopped {
		evicted = append(evicted, t.ID)
		if number, bytes = number-1, bytes-t.Size(); fits() {
			return evicted, true
		}
	}
	return nil, false
}
