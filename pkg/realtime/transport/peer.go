package transport

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
)

// Buffers of one connection; the library would keep two of 4 KiB. The first is for
// frame headers and small messages, larger ones bypass it. The second holds any
// control frame whole, and the library writes no other.
const (
	readBuffer  = 512
	writeBuffer = 128
)

// peer is the connection to one client. The WebSocket library reads from it and
// writes control frames. Messages bypass the library, because all clients of a user
// get the same bytes, and several messages go into one system call.
type peer struct {
	net.Conn
	raw   syscall.RawConn // of Conn; nil if it has none
	early []byte          // came with the handshake
	wait  time.Duration

	mu   sync.Mutex  // held for a Write
	rest net.Buffers // of messages that trySend could not write whole: they go first
}

// Read returns the early bytes first.
func (p *peer) Read(b []byte) (int, error) {
	if len(p.early) > 0 {
		n := copy(b, p.early)
		p.early = p.early[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// Write sends whole frames. It fails if the client reads nothing for long.
func (p *peer) Write(frames []byte) (int, error) {
	if err := p.write(net.Buffers{frames}); err != nil {
		return 0, err
	}
	return len(frames), nil
}

func (p *peer) write(parts net.Buffers) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	parts, p.rest = append(p.rest, parts...), nil
	if len(parts) == 0 {
		return nil
	}
	if err := p.SetWriteDeadline(time.Now().Add(p.wait)); err != nil {
		return err
	}
	if _, err := parts.WriteTo(p.Conn); err != nil {
		return err
	}
	return p.SetWriteDeadline(time.Time{}) // trySend has none
}

// bursts are buffers for several messages to one client.
var bursts = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxBurst is how many bytes are copied into one buffer.
const maxBurst = 64 << 10

// trySend writes messages as far as that is possible without waiting. What it has begun
// goes first in the next write. It returns what it has not begun, and whether nothing is
// left to write.
func (p *peer) trySend(queued []fanout.Message) (unsent net.Buffers, done bool) {
	parts := frames(queued)
	if p.raw == nil || !p.mu.TryLock() {
		return parts, false
	}
	defer p.mu.Unlock()
	p.rest = p.sendNow(parts)
	return nil, len(p.rest) == 0
}

// sendNow returns what is left. It needs mu held.
func (p *peer) sendNow(parts net.Buffers) (left net.Buffers) {
	total := 0
	for _, part := range parts {
		total += len(part)
	}
	if len(parts) > 1 && total <= maxBurst {
		buffer := bursts.Get().(*[]byte)
		defer bursts.Put(buffer)
		*buffer = (*buffer)[:0]
		for _, part := range parts {
			*buffer = append(*buffer, part...)
		}
		return after(parts, tryWrite(p.raw, *buffer))
	}
	for i, part := range parts {
		if n := tryWrite(p.raw, part); n < len(part) {
			return after(parts[i:], n)
		}
	}
	return nil
}

// after is the parts without the first n bytes.
func after(parts net.Buffers, n int) net.Buffers {
	for len(parts) > 0 && n >= len(parts[0]) {
		n -= len(parts[0])
		parts = parts[1:]
	}
	if n > 0 {
		parts[0] = parts[0][n:]
	}
	return parts
}

// hijackable makes the WebSocket library use a peer.
type hijackable struct {
	http.ResponseWriter
	wait time.Duration
	peer *peer

	status int // that the library answered with
}

// WriteHeader records the status.
func (h *hijackable) WriteHeader(status int) {
	h.status = status
	h.ResponseWriter.WriteHeader(status)
}

// Hijack is called by the WebSocket library.
func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.peer = &peer{Conn: conn, wait: h.wait}
	if socket, ok := conn.(syscall.Conn); ok {
		h.peer.raw, _ = socket.SyscallConn() // nil after an error
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		h.peer.early = append(h.peer.early, early...)
	}
	return h.peer, bufio.NewReadWriter(bufio.NewReaderSize(h.peer, readBuffer), bufio.NewWriterSize(h.peer, writeBuffer)), nil
}
