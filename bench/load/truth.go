// Package load runs many clients of one server that know the right answers. It reports how
// fast the server answered, and every wrong answer.
package load

import "sync"

// Truth is the state of one person's timer on one issue, as the only client that changes
// it knows it.
type Truth struct {
	Account, Issue string

	mu    sync.Mutex
	epoch int // increases with each change
	known bool
	runs  bool
}

// Set records whether the timer runs.
func (t *Truth) Set(runs bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch, t.known, t.runs = t.epoch+1, true, runs
}

// MarkUnknown makes the state unknown: a change is in progress, or was made while it could not be
// cached.
func (t *Truth) MarkUnknown() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch, t.known = t.epoch+1, false
}

type moment struct {
	epoch       int
	known, runs bool
}

func (t *Truth) now() moment {
	t.mu.Lock()
	defer t.mu.Unlock()
	return moment{t.epoch, t.known, t.runs}
}
