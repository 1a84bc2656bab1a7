package transport

import (
	"net"
	"sync"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
)

// flusher writes the queues of all connections in one goroutine, because a goroutine
// for each message of each connection takes more CPU time than the write. It never
// waits: a connection whose client reads too slowly gets a goroutine of its own.
type flusher struct {
	mu      sync.Mutex
	ready   []*conn
	running bool
}

// flush has a connection written soon. It does not block.
func (t *Transport) flush(c *conn) {
	f := &t.flusher
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = append(f.ready, c)
	if !f.running {
		f.running = true
		t.Tasks.Go("flush", t.flushAll)
	}
}

// flushAll runs until no connection is ready.
func (t *Transport) flushAll() {
	var conns []*conn
	for {
		clear(conns)
		f := &t.flusher
		f.mu.Lock()
		conns, f.ready = f.ready, conns[:0]
		if f.running = len(conns) > 0; !f.running {
			f.ready = nil
		}
		f.mu.Unlock()
		if len(conns) == 0 {
			return
		}
		for _, c := range conns {
			c.guard(c.tryDrain)
		}
	}
}

// guard closes the connection if f panics.
func (c *conn) guard(f func()) {
	if err := panics.Try(func() error { f(); return nil }); err != nil {
		c.transport.Tasks.Log.Error("realtime: connection cut by a panic", "error", err)
		_ = c.ws.CloseNow()
	}
}

// tryDrain writes what is queued, as far as that is possible without waiting.
func (c *conn) tryDrain() {
	var spare []fanout.Message
	for {
		queued, closed, more := c.out.Take(spare)
		if !more {
			return
		}
		var unsent net.Buffers
		if closed == nil {
			var done bool
			if unsent, done = c.peer.trySend(queued); done {
				clear(queued)
				spare = queued
				continue
			}
		}
		c.transport.Tasks.Go("drain", func() { c.guard(func() { c.drain(unsent) }) })
		return
	}
}

// drain writes what is unsent and everything that is queued, and the close frame if that
// is next.
func (c *conn) drain(unsent net.Buffers) {
	for {
		if c.peer.write(unsent) != nil {
			_ = c.ws.CloseNow()
			return
		}
		queued, closed, more := c.out.Take(nil)
		switch {
		case !more:
			return
		case closed != nil:
			c.close(closed)
			return
		}
		unsent = frames(queued)
	}
}

// frames are the messages as parts of one write.
func frames(queued []fanout.Message) (parts net.Buffers) {
	for _, m := range queued {
		head, rest := m.Frame()
		if parts = append(parts, head); len(rest) > 0 {
			parts = append(parts, rest)
		}
	}
	return parts
}
