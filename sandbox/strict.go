package sandbox

import "time"

// Working hours in strict mode, in each person's own time zone, every day.
const (
	dayBegins = 8
	dayEnds   = 17
)

// counts returns how much of the time between two moments Clockwork counts for the
// timer's person. In strict mode these are the working hours. It needs s.mu held.
func (s *Sandbox) counts(t *runningTimer, from, to time.Time) time.Duration {
	if !s.switches.StrictHours {
		return max(0, to.Sub(from))
	}
	var sum time.Duration
	zone := s.byAccount[t.accountID].location()
	from, to = from.In(zone), to.In(zone)
	for day := from; !dayAt(day, 0).After(to); day = day.AddDate(0, 0, 1) {
		begins, ends := dayAt(day, dayBegins), dayAt(day, dayEnds)
		if begins.Before(from) {
			begins = from
		}
		if ends.After(to) {
			ends = to
		}
		sum += max(0, ends.Sub(begins))
	}
	return sum
}

func dayAt(day time.Time, hour int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, day.Location())
}

// atWork reports whether a moment is within the person's working hours. Outside
// strict mode every moment is. It needs s.mu held.
func (s *Sandbox) atWork(t *runningTimer, at time.Time) bool {
	if !s.switches.StrictHours {
		return true
	}
	hour := at.In(s.byAccount[t.accountID].location()).Hour()
	return dayBegins <= hour && hour < dayEnds
}

// tillNow returns the counted seconds, which do not grow while the timer is on hold.
// It needs s.mu held.
func (s *Sandbox) tillNow(t *runningTimer, now time.Time) int64 {
	if t.onHold {
		return int64(t.counted / time.Second)
	}
	if t.finishedAt != nil {
		now = *t.finishedAt
	}
	return int64((t.counted + s.counts(t, t.countingSince, now)) / time.Second)
}
