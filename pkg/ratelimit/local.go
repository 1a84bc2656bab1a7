package ratelimit

import (
	"math"
	"sync"
	"time"
)

// MaxLocal bounds the memory of a Local: about 1 MB.
const MaxLocal = 10_000

// Local counts in this process alone, by the same rules as Take. Its zero value
// is ready to use.
type Local struct {
	mu   sync.Mutex
	busy map[string]time.Time
}

// Take counts, or returns how long to wait if a limit does not allow it: then
// none is counted that has not happened. A Count of none only asks. With
// MaxLocal counts no new one fits, and those who ask for one wait: nobody's
// count is dropped for others'.
func (l *Local) Take(now time.Time, counts ...Count) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries, soonest := 0, time.Duration(math.MaxInt64)
	for _, c := range counts {
		if c.Counted {
			continue
		}
		wait = max(wait, c.Limit.Wait(l.busy[c.Key], now))
		if c.N > 0 {
			entries, soonest = entries+1, min(soonest, c.Limit.Interval)
		}
	}
	if wait == 0 && entries > 0 && !l.fits(entries, now) {
		wait = soonest
	}
	for _, c := range counts {
		if wait == 0 || c.Counted {
			l.add(c, now)
		}
	}
	return wait
}

// Len is how many counts there are.
func (l *Local) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.busy)
}

// fits makes room for so many more, if it has to. It needs l.mu held.
func (l *Local) fits(entries int, now time.Time) bool {
	if len(l.busy)+entries > MaxLocal {
		for key, till := range l.busy {
			if !till.After(now) {
				delete(l.busy, key)
			}
		}
	}
	return len(l.busy)+entries <= MaxLocal
}

// add counts, if there is room. It needs l.mu held.
func (l *Local) add(c Count, now time.Time) {
	busy := c.Limit.clamp(c.Limit.clamp(l.busy[c.Key], now).Add(time.Duration(c.N)*c.Limit.Interval), now)
	_, known := l.busy[c.Key]
	switch {
	case !busy.After(now):
		delete(l.busy, c.Key)
	case known || len(l.busy) < MaxLocal:
		if l.busy == nil {
			l.busy = map[string]time.Time{}
		}
		l.busy[c.Key] = busy
	}
}
