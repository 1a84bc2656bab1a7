package ratelimit

import "time"

// Limit allows a burst at once, and then one per interval, evenly (the generic
// cell rate algorithm): unlike a window it has no edge at which twice as many
// pass, and the wait that it names is exact.
//
// Its state is one time: until when the requests so far keep it busy.
type Limit struct {
	Burst    int
	Interval time.Duration
}

// Wait is how long the next request has to wait; 0 for not at all.
func (l Limit) Wait(busyUntil, now time.Time) time.Duration {
	return max(0, l.clamp(busyUntil, now).Sub(now)-time.Duration(l.Burst-1)*l.Interval)
}

// Take is the state after one more request.
func (l Limit) Take(busyUntil, now time.Time) time.Time {
	return l.clamp(busyUntil, now).Add(l.Interval)
}

// Left is how many requests may come at once.
func (l Limit) Left(busyUntil, now time.Time) int {
	busy := l.clamp(busyUntil, now).Sub(now)
	return max(0, l.Burst-int((busy+l.Interval-1)/l.Interval))
}

// clamp limits the state to what counting can reach: a clock that was set back must not
// lock anybody out for longer.
func (l Limit) clamp(busyUntil, now time.Time) time.Time {
	latest := now.Add(time.Duration(l.Burst) * l.Interval)
	switch {
	case busyUntil.Before(now):
		return now
	case busyUntil.After(latest):
		return latest
	}
	return busyUntil
}
