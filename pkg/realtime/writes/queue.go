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
	// maxBatch bounds the writes of one commit, and the other two those of one user in
	// it, so that no user's writes hold up another's.
	maxBatch          = 1024
	maxUserBatch      = 256
	maxUserBatchBytes = 256 << 10
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

// next takes the writes of one commit: each user's in order, up to their share. After
// the last batch it is closed.
func (q *queue) next() (batch []Write, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	type share struct{ writes, bytes int }
	taken, left := map[string]share{}, q.writes[:0:0]
	for i, w := range q.writes {
		if len(batch) == maxBatch {
			left = append(left, q.writes[i:]...)
			break
		}
		user, size := w.Timer.UserID, w.Timer.Size()
		s := taken[user]
		if s.writes == maxUserBatch || s.bytes+size > maxUserBatchBytes {
			taken[user] = share{writes: maxUserBatch} // later ones may not overtake it
			left = append(left, w)
			continue
		}
		taken[user] = share{s.writes + 1, s.bytes + size}
		batch = append(batch, w)
		if q.bytes[user] -= size; q.bytes[user] == 0 {
			delete(q.bytes, user)
		}
	}
	q.writes = left
	return batch, q.closing
}
