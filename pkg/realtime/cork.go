package realtime

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// Buffers of one connection. The library would keep two of 4 KiB; these are
// for frame headers and small messages, and larger ones pass through.
const (
	readBuffer  = 512
	writeBuffer = 128
)

// corked is a connection whose writes can be gathered, so that several frames
// leave with one system call: the WebSocket library makes one for each message.
type corked struct {
	net.Conn
	early []byte // came with the handshake
	wait  time.Duration

	mu      sync.Mutex
	gather  bool
	pending []byte
}

func (c *corked) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// Write sends p, or keeps it until uncork.
func (c *corked) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gather {
		c.pending = append(c.pending, p...)
		return len(p), nil
	}
	return c.send(p)
}

// send needs mu held. A peer that takes nothing for long ends the connection.
func (c *corked) send(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.wait)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

var corkBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// cork begins to gather; uncork sends.
func (c *corked) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gather = true
	c.pending = (*corkBuffers.Get().(*[]byte))[:0]
}

func (c *corked) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.send(c.pending)
	if cap(c.pending) <= 64<<10 {
		b := c.pending[:0]
		corkBuffers.Put(&b)
	}
	c.gather, c.pending = false, nil
	return err
}

// hijackable has the WebSocket library write through a corked connection.
type hijackable struct {
	http.ResponseWriter
	wait   time.Duration
	corked *corked
}

// Hijack is called by the WebSocket library.
func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.corked = &corked{Conn: conn, wait: h.wait}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		h.corked.early = append(h.corked.early, early...)
	}
	return h.corked, bufio.NewReadWriter(bufio.NewReaderSize(h.corked, readBuffer), bufio.NewWriterSize(h.corked, writeBuffer)), nil
}
