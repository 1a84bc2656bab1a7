package timer

import (
	"slices"
	"time"
)

// Advance returns timers as they are at "to", given that their TillNow was
// true at "from". A timer on hold or finished does not grow, and none shows
// less than nothing.
func Advance(timers []Timer, from, to time.Time) []Timer {
	seconds := max(int64(to.Sub(from)/time.Second), 0)
	advanced := slices.Clone(timers)
	for i := range advanced {
		if advanced[i].Running() {
			advanced[i].TillNow += seconds
		}
		advanced[i].TillNow = max(advanced[i].TillNow, 0)
	}
	return advanced
}

// CountedSince is how many seconds the running timers have counted since a moment.
// Clockwork does not say when within its working hours a timer counted. So a timer
// that began before the moment adds only what it cannot have counted before it.
func CountedSince(timers []Timer, moment time.Time) (seconds int64) {
	for _, t := range timers {
		if t.FinishedAt == nil {
			before := max(moment.Sub(t.StartedAt), 0)
			seconds += max(t.TillNow-int64(before/time.Second), 0)
		}
	}
	return seconds
}

// Tick is the last moment up to now that lies whole seconds after from. Timers
// that are stored again as of that moment lose no fraction of a second.
func Tick(from, now time.Time) time.Time {
	return from.Add(max(now.Sub(from), 0).Truncate(time.Second))
}

// Running reports whether TillNow grows with the clock.
func (t *Timer) Running() bool { return t.FinishedAt == nil && t.WithinWorkingHours }

// SortNewestFirst orders timers by start, the latest first: clients that show
// one timer show the first. Equal starts are ordered by id, so that the same
// timers always encode to the same bytes.
func SortNewestFirst(timers []Timer) {
	slices.SortFunc(timers, func(a, b Timer) int {
		if c := b.StartedAt.Compare(a.StartedAt); c != 0 {
			return c
		}
		return int(min(max(b.ID-a.ID, -1), 1))
	})
}

// ByAccount groups timers by the account whose time runs, each group newest
// first.
func ByAccount(timers []Timer) map[string][]Timer {
	groups := map[string][]Timer{}
	for _, t := range timers {
		groups[t.RunningFor] = append(groups[t.RunningFor], t)
	}
	for _, group := range groups {
		SortNewestFirst(group)
	}
	return groups
}
