package fanout

import (
	"sync"
	"sync/atomic"
)

// Bounds of queues. A client that reads is far from them, because everything that
// is queued is taken at once and written with one system call.
const (
	maxQueued      = 1024    // messages of one connection
	maxQueuedBytes = 1 << 20 // of one connection
	// maxUserBytes bounds all of a user's queues, with what is being written. A
	// message to an empty queue is always accepted.
	maxUserBytes = 4 << 20
)

// budget counts the queued bytes of one user.
type budget struct{ used atomic.Int64 }

// Outbox is the queue of one connection. Put never blocks.
type Outbox struct {
	// start begins to drain the queue. It is called when the queue stops being
	// empty, and must not block.
	start func()

	mu     sync.Mutex
	queue  []Message
	bytes  int
	taken  int     // bytes of the last Take, which are being written
	budget *budget // nil if the connection is in no room
	active bool    // start was called, and Take has not returned false since
	closed *CloseFrame
	sent   int64 // messages that were taken
}

// NewOutbox makes a queue that calls start to be drained.
func NewOutbox(start func()) *Outbox { return &Outbox{start: start} }

// Put queues a message. If the queue is full the reader is too slow: the connection
// is closed, and the client has to reconnect and catch up.
func (o *Outbox) Put(m Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed != nil:
		return
	case len(o.queue) >= maxQueued || (o.bytes > 0 && o.bytes+m.Size() > maxQueuedBytes):
		o.discard(&ClosedSlow)
	case o.bytes > 0 && o.budget != nil && o.budget.used.Load()+int64(m.Size()) > maxUserBytes:
		o.discard(&ClosedOverBudget)
	default:
		o.queue = append(o.queue, m)
		o.bytes += m.Size()
		o.count(m.Size())
	}
	o.activate()
}

// discard closes the connection without sending what is queued. It needs mu held.
func (o *Outbox) discard(why *CloseFrame) {
	o.count(-o.bytes)
	o.queue, o.bytes, o.closed = nil, 0, why
}

// count needs mu held.
func (o *Outbox) count(bytes int) {
	if o.budget != nil {
		o.budget.used.Add(int64(bytes))
	}
}

// join counts what is queued in a budget until leave.
func (o *Outbox) join(b *budget) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.budget = b
}

func (o *Outbox) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count(-o.bytes - o.taken)
	o.budget = nil
}

// Close closes the connection once what is queued has been sent. Only the first
// close frame is sent.
func (o *Outbox) Close(why *CloseFrame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed == nil {
		o.closed = why
		o.activate()
	}
}

// activate needs mu held.
func (o *Outbox) activate() {
	if !o.active {
		o.active = true
		o.start()
	}
}

// Take returns everything that is queued, in order; if nothing is, the close frame,
// if there is one. When more is false the queue is drained, and start will be
// called again. spare is memory to reuse.
func (o *Outbox) Take(spare []Message) (queued []Message, closed *CloseFrame, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count(-o.taken) // it has been written
	o.taken = 0
	switch {
	case len(o.queue) > 0:
		o.taken = o.bytes
		queued, o.queue, o.bytes = o.queue, spare[:0], 0
		o.sent += int64(len(queued))
		return queued, nil, true
	case o.closed != nil:
		return nil, o.closed, true // stays active, so that nobody drains it again
	}
	o.queue, o.active = nil, false // an idle connection needs no buffer
	return nil, nil, false
}

// Sent counts the messages that were taken.
func (o *Outbox) Sent() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent
}

// Closed is why the connection was closed, or nil.
func (o *Outbox) Closed() *CloseFrame {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}
