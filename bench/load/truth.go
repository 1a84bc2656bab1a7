// Package load is many clients of one server at once, which know what they
// ought to be told. It says how fast the server answered, and every answer that
// was wrong.
package load

import "sync"

// Truth is what is so of one person's timer on one issue, as far as the one
// client that moves it knows.
type Truth struct {
	Account, Issue string

	mu    sync.Mutex
	epoch int // moves with each change of what is known
	known bool
	runs  bool
}

// Set says that the timer runs, or does not.
func (t *Truth) Set(runs bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch, t.known, t.runs = t.epoch+1, true, runs
}

// Doubt says that nobody can tell at the moment: a change is on its way, or it
// was made while it could not be cached.
func (t *Truth) Doubt() {
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
