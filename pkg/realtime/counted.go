package realtime

import "time"

// countTolerance is by how much two counts of one timer may differ and still
// agree: Clockwork counts in whole seconds.
const countTolerance = time.Second

// Counted is the time that counts as worked at a moment; never negative.
func (t *Timer) Counted(now time.Time) time.Duration {
	counted := time.Duration(t.CountedSeconds) * time.Second
	if t.Status == Running && !t.OnHold {
		counted += now.Sub(t.CountedAt)
	}
	return max(0, counted)
}

// sameCount reports whether both have counted the same, whenever each was read.
func (t *Timer) sameCount(other *Timer) bool {
	now := later(t.CountedAt, other.CountedAt)
	return (t.Counted(now) - other.Counted(now)).Abs() <= countTolerance
}

// CountByClock counts all the time since the start: for a timer that Clockwork
// does not know, or whose count has not been reported.
func (t *Timer) CountByClock() {
	t.CountedSeconds, t.CountedAt = 0, t.StartedAt
	if t.Status == Stopped {
		t.CountedSeconds, t.CountedAt = max(0, int64(t.UpdatedAt.Sub(t.StartedAt)/time.Second)), t.UpdatedAt
	}
}

// stopAt ends a running timer at a moment, with what it has counted by then.
func (t *Timer) stopAt(now time.Time) {
	t.CountedSeconds, t.CountedAt = int64(t.Counted(now)/time.Second), now
	t.Status, t.UpdatedAt = Stopped, now
}
