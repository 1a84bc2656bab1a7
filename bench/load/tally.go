package load

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Failure is an answer that was none, or not the one that was due.
type Failure struct {
	At   time.Time
	What string
}

// Tally is what became of many requests. Its methods are safe for concurrent
// use.
type Tally struct {
	mu     sync.Mutex
	took   []time.Duration // of requests that succeeded
	failed []Failure       // said to have failed, or not said at all
	wrong  []Failure       // said something that is not so
}

func (t *Tally) succeeded(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.took = append(t.took, took)
}

func (t *Tally) fail(at time.Time, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = append(t.failed, Failure{at, fmt.Sprintf(format, args...)})
}

func (t *Tally) lie(at time.Time, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong = append(t.wrong, Failure{at, fmt.Sprintf(format, args...)})
}

// Succeeded counts the requests that got what they asked for.
func (t *Tally) Succeeded() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.took)
}

// Wrong lists the answers that were not so.
func (t *Tally) Wrong() []Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.wrong)
}

// FailedOutside lists the failures in none of the spans.
func (t *Tally) FailedOutside(spans ...Span) []Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	var outside []Failure
	for _, f := range t.failed {
		if !slices.ContainsFunc(spans, func(s Span) bool { return !f.At.Before(s.From) && !f.At.After(s.To) }) {
			outside = append(outside, f)
		}
	}
	return outside
}

// Failed counts the failures.
func (t *Tally) Failed() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failed)
}

// Quantile is the time within which this part of the successes came.
func (t *Tally) Quantile(part float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.took) == 0 {
		return 0
	}
	slices.Sort(t.took)
	return t.took[int(part*float64(len(t.took)-1))]
}
