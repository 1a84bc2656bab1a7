package timer

import (
	"slices"
	"time"
)

const (
	// drift is how far a timer's TillNow may be from where the clock says
	// before it counts as edited, in seconds. Clockwork answers whole seconds,
	// a page takes a while to arrive, and hosts' clocks differ a little.
	drift = 5
	// sameStart is how far two starts may be apart and still be one: the start
	// of a timer begun here is our clock's until a snapshot brings Clockwork's.
	sameStart = 2 * time.Second
)

// SameSnapshot reports whether after, true at afterAt, says nothing new over
// before, true at beforeAt: that more time has passed is not news.
func SameSnapshot(before []Timer, beforeAt time.Time, after []Timer, afterAt time.Time) bool {
	if len(before) != len(after) {
		return false
	}
	was, is := sameMoment(before, beforeAt, after, afterAt)
	return slices.EqualFunc(was, is, func(a, b Timer) bool { return a.ID == b.ID && a.StartedAt.Equal(b.StartedAt) && sameContent(&a, &b) })
}

// sameMoment advances the older of two lists to the moment of the newer one: a
// list that something was just written to may be newer than a snapshot.
func sameMoment(before []Timer, beforeAt time.Time, after []Timer, afterAt time.Time) (was, is []Timer) {
	return Advance(before, beforeAt, afterAt), Advance(after, afterAt, beforeAt)
}

// sameContent compares what a person sees, all but the id and the start.
func sameContent(a, b *Timer) bool {
	return equalPtr(a.Comment, b.Comment) &&
		a.WithinWorkingHours == b.WithinWorkingHours &&
		a.StartedWithinWorkingHours == b.StartedWithinWorkingHours &&
		a.WorklogCount == b.WorklogCount &&
		a.Issue == b.Issue &&
		equalPtr(a.Author, b.Author) &&
		max(a.TillNow-b.TillNow, b.TillNow-a.TillNow) <= drift
}

func equalPtr[T comparable](a, b *T) bool {
	return a == b || (a != nil && b != nil && *a == *b)
}

// ChangeKind is what happened to a timer between two snapshots.
type ChangeKind string

// The kinds of change.
const (
	Started ChangeKind = "started"
	Stopped ChangeKind = "stopped"
	Edited  ChangeKind = "edited"
)

// Change is one difference between two snapshots of one account. Timer is as
// it is now, or as it last was if it has stopped.
type Change struct {
	Kind  ChangeKind
	Timer Timer
}

// Diff lists what a person would call a change between two snapshots of one
// account, each newest first. A timer is known by its issue, not by its id: the
// real id replacing a provisional one is no change unless the start moved by
// more than 2 s. Of several timers on one issue the newest speaks for all.
// Stops come first, so that replaying them in order never shows more timers
// than there are.
func Diff(before []Timer, beforeAt time.Time, after []Timer, afterAt time.Time) []Change {
	var changes []Change
	old, now := sameMoment(before, beforeAt, after, afterAt)
	for i, t := range before {
		if OnIssue(before, t.Issue) == i && OnIssue(after, t.Issue) < 0 {
			changes = append(changes, Change{Stopped, t})
		}
	}
	for i, t := range after {
		earlier := OnIssue(before, t.Issue)
		switch {
		case OnIssue(after, t.Issue) != i: // a newer one of the same issue speaks for both
		case earlier < 0:
			changes = append(changes, Change{Started, t})
		case old[earlier].StartedAt.Sub(t.StartedAt).Abs() > sameStart, !sameContent(&old[earlier], &now[i]):
			changes = append(changes, Change{Edited, t})
		}
	}
	return changes
}

// OnIssue is the place of the first timer on the issue, or -1.
func OnIssue(timers []Timer, issue Issue) int {
	return slices.IndexFunc(timers, func(t Timer) bool { return t.Issue.Same(issue) })
}
