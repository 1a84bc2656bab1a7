package load

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Span is a time in which answers may fail.
type Span struct{ From, To time.Time }

// Stalls records when the machine itself delayed somebody. In these times answers may
// fail although the server was not at fault. Its methods are safe for concurrent use.
type Stalls struct {
	// Recovery is how long after a stall answers may still fail.
	Recovery time.Duration

	mu     sync.Mutex
	looked time.Time
	spans  []Span // do not overlap
}

const (
	lookEvery = 50 * time.Millisecond
	// lookLate is how late a look must be to count as a stall. Shorter delays do not
	// matter, because the shortest timeout is two seconds.
	lookLate = time.Second
)

// Look calls probe at a short interval until ctx ends. probe makes calls that
// take no time, to each process that a stall could delay.
func (s *Stalls) Look(ctx context.Context, probe func()) {
	s.note(time.Now())
	for goOn := true; goOn; { // and once more after ctx has ended, for the requests in flight
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

// Since reports whether there was a stall after t, or is one now.
func (s *Stalls) Since(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.looked) >= lookLate || slices.ContainsFunc(s.spans, func(one Span) bool { return one.To.After(t) })
}

// Spans returns the stalls, each with its recovery, and their total length.
func (s *Stalls) Spans() (all []Span, total time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.spans {
		total += one.To.Sub(one.From)
	}
	return slices.Clone(s.spans), total
}
