package flight

import (
	"context"
	"sync"
	"time"
)

// gathering is how long those who come while a question is under way gather before
// the next one is asked beside it.
const gathering = 5 * time.Millisecond

// Fresh lets equal questions share an answer that none of them may find too old:
// one that was asked for after they came. So whoever comes while a question is
// under way shares the next one with all who come meanwhile. It is asked when the other
// has ended, or a little later beside it, because the way may be long: but no more than
// two are under way. Its zero value is ready for use.
type Fresh[T any] struct {
	mu   sync.Mutex
	last *question[T] // the one that was joined last
}

type question[T any] struct {
	asked    bool // too late for others to join
	answered chan struct{}
	answer   answer[T]
	before   <-chan struct{} // answered of the question before it; nil for none
}

// Do returns what ask answers, or what the ask of a caller does who came at the
// same time. For ctx, the errors and a panic see Group.Do.
func (f *Fresh[T]) Do(ctx context.Context, ask func(ctx context.Context) (T, error)) (T, error) {
	for {
		q, own := f.join(ctx, ask)
		select {
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		case <-q.answered:
			if !own && q.answer.late && ctx.Err() == nil {
				continue
			}
			return q.answer.value, q.answer.err
		}
	}
}

func (f *Fresh[T]) join(ctx context.Context, ask func(ctx context.Context) (T, error)) (q *question[T], own bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.last
	if before != nil && !before.asked {
		return before, false
	}
	q = &question[T]{answered: make(chan struct{})}
	if before != nil {
		q.before = before.answered
	}
	f.last = q
	go func() {
		defer close(q.answered)
		if before != nil {
			before.makeWay()
		}
		f.mu.Lock()
		q.asked = true
		f.mu.Unlock()
		q.answer = put(ctx, ask)
	}()
	return q, true
}

// makeWay returns when the question after q may be asked.
func (q *question[T]) makeWay() {
	if q.before != nil {
		<-q.before
	}
	select {
	case <-q.answered:
	case <-time.After(gathering):
	}
}
