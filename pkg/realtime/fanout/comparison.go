package fanout

import "time"

// Comparison says how far a room is known to have what Clockwork's cache has.
type Comparison struct {
	Done   bool
	Next   time.Time     // not earlier than this, unless done
	Pause  time.Duration // between comparisons, while there is nothing to compare with
	Missed int           // how often events may have been missed
}

// Due reports whether to compare now.
func (c Comparison) Due(now time.Time) bool { return !c.Done && !now.Before(c.Next) }

// Comparison returns how far the room has been compared.
func (r *Room) Comparison() Comparison {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.comparison
}

// CompareAgain makes a comparison due, because an event may have been missed.
func (r *Room) CompareAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.comparison = Comparison{Missed: r.comparison.Missed + 1}
}

// Compared records a comparison, unless CompareAgain was called meanwhile.
func (r *Room) Compared(c Comparison) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.comparison.Missed == c.Missed {
		r.comparison = c
	}
}
