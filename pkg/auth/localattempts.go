package auth

import (
	"sync"
	"time"
)

// maxLocal bounds the memory that counting takes.
const maxLocal = 10_000

// localAttempts counts in this process, by the same rules.
type localAttempts struct {
	mu   sync.Mutex
	busy map[string]time.Time
}

func (l *localAttempts) take(counts [2]count, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var wait time.Duration
	for _, c := range counts {
		wait = max(wait, c.limit.Wait(l.busy[c.key], now))
	}
	if wait > 0 {
		return wait
	}
	if len(l.busy)+len(counts) > maxLocal {
		l.sweep(now)
	}
	if len(l.busy)+len(counts) > maxLocal {
		return perAddress.Interval // so many at once guess: nobody's count may be dropped for them
	}
	if l.busy == nil {
		l.busy = map[string]time.Time{}
	}
	for _, c := range counts {
		l.busy[c.key] = c.limit.Take(l.busy[c.key], now)
	}
	return 0
}

func (l *localAttempts) giveBack(counts [2]count, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range counts {
		if till := l.busy[c.key].Add(-c.limit.Interval); till.After(now) {
			l.busy[c.key] = till
		} else {
			delete(l.busy, c.key)
		}
	}
}

// sweep drops what has run out. It needs l.mu held.
func (l *localAttempts) sweep(now time.Time) {
	for key, till := range l.busy {
		if !till.After(now) {
			delete(l.busy, key)
		}
	}
}
