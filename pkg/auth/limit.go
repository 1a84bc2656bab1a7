package auth

import "time"

// limit allows a burst of attempts at once, and then one per interval, evenly
// (the generic cell rate algorithm): unlike a window it has no edge at which
// twice as many pass, and the wait that it names is exact.
//
// Its state is one moment: until when the attempts so far keep it busy.
type limit struct {
	burst    int
	interval time.Duration
}

// The limits of failed logins. A person who mistypes is never stopped; who
// guesses at one user's password gets about 1,450 tries a day, who tries many
// users from one address 8,700.
var (
	perUser    = limit{burst: 10, interval: time.Minute}
	perAddress = limit{burst: 60, interval: 10 * time.Second}
)

// wait is how long the next attempt has to wait; 0 for none.
func (l limit) wait(busyUntil, now time.Time) time.Duration {
	return max(0, l.clamp(busyUntil, now).Sub(now)-time.Duration(l.burst-1)*l.interval)
}

// take is the state after one more attempt.
func (l limit) take(busyUntil, now time.Time) time.Time {
	return l.clamp(busyUntil, now).Add(l.interval)
}

// clamp keeps the state within what attempts can make of it: another
// instance's wrong clock must not lock anybody out for longer.
func (l limit) clamp(busyUntil, now time.Time) time.Time {
	latest := now.Add(time.Duration(l.burst) * l.interval)
	switch {
	case busyUntil.Before(now):
		return now
	case busyUntil.After(latest):
		return latest
	}
	return busyUntil
}
