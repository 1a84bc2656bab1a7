package transport

import (
	"bufio"
	"net"
	"net/http"
	"sync"
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
// get the same bytes, and several messages go into one system call. Each Write is of
// whole frames.
type peer struct {
	net.Conn
	early []byte // came with the handshake
	wait  time.Duration

	mu sync.Mutex // held for a Write
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
	n, err := p.write(frames)
	return int(n), err
}

func (p *peer) write(parts ...[]byte) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.SetWriteDeadline(time.Now().Add(p.wait)); err != nil {
		return 0, err
	}
	if len(parts) == 1 {
		n, err := p.Conn.Write(parts[0])
		return int64(n), err
	}
	buffers := net.Buffers(parts)
	return buffers.WriteTo(p.Conn)
}

// bursts are buffers for several messages to one client.
var bursts = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxBurst is how many bytes are copied into one buffer.
const maxBurst = 64 << 10

// send writes messages: small ones together, long ones without a copy.
func (p *peer) send(queued []fanout.Message) error {
	total := 0
	for _, m := range queued {
		total += m.Size()
	}
	if head, rest := queued[0].Frame(); len(queued) == 1 && len(rest) == 0 {
		_, err := p.write(head)
		return err
	}
	if total > maxBurst {
		parts := make([][]byte, 0, 2*len(queued))
		for _, m := range queued {
			head, rest := m.Frame()
			parts = append(parts, head, rest)
		}
		_, err := p.write(parts...)
		return err
	}
	buffer := bursts.Get().(*[]byte)
	defer bursts.Put(buffer)
	b := (*buffer)[:0]
	for _, m := range queued {
		head, rest := m.Frame()
		b = append(append(b, head...), rest...)
	}
	_, err := p.write(b)
	*buffer = b
	return err
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
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		h.peer.early = append(h.peer.early, early...)
	}
	return h.peer, bufio.NewReadWriter(bufio.NewReaderSize(h.peer, readBuffer), bufio.NewWriterSize(h.peer, writeBuffer)), nil
}
