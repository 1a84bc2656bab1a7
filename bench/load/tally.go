package load

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Failure is a missing or wrong answer.
type Failure struct {
	At   time.Time
	What string
}

// Tally collects the results of many requests. Its methods are safe for concurrent
// use.
type Tally struct {
	mu     sync.Mutex
	took   []time.Duration // of requests that succeeded
	failed []Failure       // errors and missing answers
	wrong  []Failure       // answers that are not true
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

func (t *Tally) wrongAnswer(at time.Time, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong = append(t.wrong, Failure{at, fmt.Sprintf(format, args...)})
}

// Succeeded returns the number of requests that succeeded.
func (t *Tally) Succeeded() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.took)
}

// Wrong returns the answers that were not true.
func (t *Tally) Wrong() []Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.wrong)
}

// FailedOutside returns the failures that are in none of the spans.
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

// Failed returns the number of failures.
func (t *Tally) Failed() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failed)
}

// Quantile returns the time within which that part of the successful answers came.
func (t *Tally) Quantile(part float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.took) == 0 {
		return 0
	}
	slices.Sort(t.took)
	return t.took[int(part*float64(len(t.took)-1))]
}
