package realtime

import (
	"sync"
	"sync/atomic"
)

// Bounds of one connection's queue. A client that reads is far from them: all
// of a batch is taken out at once and written with one system call.
const (
	maxQueued      = 1024
	maxQueuedBytes = 1 << 20
	// maxUserBytes bounds the queues of all of a user's connections, with what is
	// being written. A message that finds its queue empty is over it.
	maxUserBytes = 4 << 20
)

// budget counts the bytes on their way to the clients of one user.
type budget struct{ used atomic.Int64 }

// item is a message on its way to one client.
type item struct {
	seq   int64  // 0 where it is not a numbered change or state
	frame []byte // as a WebSocket frame
	rest  []byte // of the frame, if that is shared by several clients
}

func newItem(seq int64, message []byte) item {
	return item{seq: seq, frame: append(appendHeader(make([]byte, 0, maxHeader+len(message)), len(message)), message...)}
}

// size is how many bytes a client gets.
func (i item) size() int { return len(i.frame) + len(i.rest) }

// newUpdate is the message about one encoded timer.
func newUpdate(seq int64, timer []byte) item {
	const head, tail = `{"event":"timer_updated","payload":`, `}`
	n := len(head) + len(timer) + len(tail)
	b := append(appendHeader(make([]byte, 0, maxHeader+n), n), head...)
	return item{seq: seq, frame: append(append(b, timer...), tail...)}
}

// message is what the frame holds, but for the rest.
func (i item) message() []byte {
	switch i.frame[1] {
	case 126:
		return i.frame[4:]
	case 127:
		return i.frame[10:]
	}
	return i.frame[2:]
}

// outbox is the queue of one connection. Putting something in never blocks.
type outbox struct {
	// start begins to drain the queue; it is called when it stops being empty,
	// and must not block.
	start func()

	mu     sync.Mutex
	queue  []item
	bytes  int
	taken  int     // bytes that the last take gave out
	budget *budget // nil when the connection is no member of a room
	active bool    // start was called, and take has not returned false since
	end    *ending
	sent   int64 // messages that take gave out
}

// put queues an item. Where the queue is full the reader is too slow, and
// nothing more will be queued: it has to come back and catch up.
func (o *outbox) put(i item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.end != nil:
		return
	case len(o.queue) >= maxQueued || (o.bytes > 0 && o.bytes+i.size() > maxQueuedBytes):
		o.cut(&endSlow)
	case o.bytes > 0 && o.budget != nil && o.budget.used.Load()+int64(i.size()) > maxUserBytes:
		o.cut(&endBudget)
	default:
		o.queue = append(o.queue, i)
		o.bytes += i.size()
		o.count(i.size())
	}
	o.activate()
}

// cut ends the connection without what is queued. It needs mu held.
func (o *outbox) cut(why *ending) {
	o.count(-o.bytes)
	o.queue, o.bytes, o.end = nil, 0, why
}

// count needs mu held.
func (o *outbox) count(bytes int) {
	if o.budget != nil {
		o.budget.used.Add(int64(bytes))
	}
}

// join has what is queued counted until leave.
func (o *outbox) join(b *budget) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.budget = b
}

func (o *outbox) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count(-o.bytes - o.taken)
	o.budget = nil
}

// finish ends the connection once what is queued has been sent. The first
// ending counts.
func (o *outbox) finish(why *ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == nil {
		o.end = why
		o.activate()
	}
}

// activate needs mu held.
func (o *outbox) activate() {
	if !o.active {
		o.active = true
		o.start()
	}
}

// take gives all that is queued, in order. With nothing left it gives the
// ending, if there is one; more is false once the drain is over.
func (o *outbox) take(spare []item) (queued []item, end *ending, more bool) {
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
	case o.end != nil:
		return nil, o.end, true // stays active: nobody drains an ended queue again
	}
	o.queue, o.active = nil, false // an idle connection keeps no buffer
	return nil, nil, false
}

// messages is how many take gave out.
func (o *outbox) messages() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent
}

// ended is why the connection ends, or nil.
func (o *outbox) ended() *ending {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end
}
