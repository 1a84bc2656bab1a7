package writes

import (
	"errors"
	"sync"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

const (
	// maxQueued bounds the writes that wait for the store, and maxUserBytes those of
	// one user.
	maxQueued    = 16 << 10
	maxUserBytes = 1 << 20
	// maxBatch bounds the writes of one commit.
	maxBatch = 1024
)

// ErrClosing means that the server accepts no more writes.
var ErrClosing = errors.New("the server is closing")

// queue holds accepted writes: each will get its outcome.
type queue struct {
	wake chan struct{}

	mu      sync.Mutex
	writes  []Write
	bytes   map[string]int // of writes, by user
	closing bool
}

func newQueue() queue { return queue{wake: make(chan struct{}, 1), bytes: map[string]int{}} }

// add accepts a write, or says why not.
func (q *queue) add(w Write) error {
	if err := w.Timer.Check(); err != nil {
		return err
	}
	user, size := w.Timer.UserID, w.Timer.Size()
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closing:
		return ErrClosing
	case len(q.writes) >= maxQueued, q.bytes[user]+size > maxUserBytes:
		return realtime.ErrUnavailable
	}
	q.bytes[user] += size
	if q.writes = append(q.writes, w); len(q.writes) == 1 {
		q.signal()
	}
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // it is awake
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing = true
	q.signal()
}

// next takes the writes of one commit; after the last batch it is closed.
func (q *queue) next() (batch []Write, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.writes), maxBatch)
	batch = q.writes[:n:n]
	for i := range batch {
		q.bytes[batch[i].Timer.UserID] -= batch[i].Timer.Size()
	}
	if q.writes = q.writes[n:]; len(q.writes) == 0 {
		q.writes = nil
		clear(q.bytes)
	}
	return batch, q.closing
}
