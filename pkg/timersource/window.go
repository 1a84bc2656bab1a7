package timersource

import (
	"context"
	"sync"
)

// maxWindow is how many pages are read at once. It halves when Clockwork or Jira says
// that there are too many requests, and from then on grows by one a round.
const maxWindow = 100

// window bounds the calls under way.
type window struct {
	mu     sync.Mutex
	ended  sync.Cond
	limit  int
	calls  int // under way
	halved int // how often
	since  int // answers, since the limit was raised
}

func newWindow() *window {
	w := &window{limit: maxWindow}
	w.ended.L = &w.mu
	return w
}

// begin waits until there is room for one more call. Its end is to be reported, with
// the number that it returns.
func (w *window) begin(ctx context.Context) (halved int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.calls >= w.limit && ctx.Err() == nil { // calls under way end with ctx
		w.ended.Wait()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	w.calls++
	return w.halved, nil
}

func (w *window) end(halved int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls--; err == nil && halved == w.halved {
		if w.since++; w.since >= w.limit {
			w.limit, w.since = min(w.limit+1, maxWindow), 0
		}
	}
	w.ended.Broadcast()
}

// halve counts once for all calls that were under way together.
func (w *window) halve(halved int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if halved == w.halved {
		w.limit, w.halved, w.since = max(w.limit/2, 1), w.halved+1, 0
	}
}
