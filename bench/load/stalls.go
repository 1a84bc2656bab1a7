package load

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Span is a time in which answers may fail.
type Span struct{ From, To time.Time }

// Stalls are the times in which the machine kept somebody waiting whom nothing
// else did: then answers fail that the server gave in time, or had no time for.
// Its methods are safe for concurrent use.
type Stalls struct {
	// Recovery is how long after one answers may still fail.
	Recovery time.Duration

	mu     sync.Mutex
	looked time.Time
	spans  []Span // apart from each other
}

const (
	lookEvery = 50 * time.Millisecond
	// lookLate is when it has taken too long. Less is no matter: the first to
	// give up does so after two seconds.
	lookLate = time.Second
)

// Look calls probe, which asks everybody who must not be kept waiting for what
// takes no time, every now and then until ctx ends.
func (s *Stalls) Look(ctx context.Context, probe func()) {
	s.note(time.Now())
	for goOn := true; goOn; { // and once more after the end, for what was under way
		goOn = pause(ctx, lookEvery)
		probe()
		s.note(time.Now())
	}
}

func (s *Stalls) note(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	span, last := Span{s.looked, now.Add(s.Recovery)}, len(s.spans)-1
	switch {
	case s.looked.IsZero() || now.Sub(s.looked) < lookLate:
	case last >= 0 && span.From.Before(s.spans[last].To):
		s.spans[last].To = span.To
	default:
		s.spans = append(s.spans, span)
	}
	s.looked = now
}

// Since reports whether there was one after t, or is one.
func (s *Stalls) Since(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.looked) >= lookLate || slices.ContainsFunc(s.spans, func(one Span) bool { return one.To.After(t) })
}

// Spans lists them, each with its recovery, and how long they are together.
func (s *Stalls) Spans() (all []Span, total time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.spans {
		total += one.To.Sub(one.From)
	}
	return slices.Clone(s.spans), total
}
