package realtime

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"
	"time"
)

// Buffers of one connection. The library would keep two of 4 KiB. The first is
// for frame headers and small messages, larger ones pass through; the second
// holds any control frame whole, and the library writes no other.
const (
	readBuffer  = 512
	writeBuffer = 128
)

// peer is the connection to one client. The WebSocket library reads from it, and
// writes control frames; messages are written past the library, since all
// clients of a user get the same bytes, and several of them in one system call.
// Each Write is of whole frames.
type peer struct {
	net.Conn
	early []byte // came with the handshake
	wait  time.Duration

	mu sync.Mutex // held for a Write
}

// Read gives what came first.
func (p *peer) Read(b []byte) (int, error) {
	if len(p.early) > 0 {
		n := copy(b, p.early)
		p.early = p.early[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// Write sends whole frames. A peer that takes nothing for long ends the
// connection.
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

// maxBurst is the longest burst, in bytes, that is copied into one buffer.
const maxBurst = 64 << 10

// send writes messages: small ones together, what is long as it is.
func (p *peer) send(queued []item) error {
	total := 0
	for _, i := range queued {
		total += i.size()
	}
	if len(queued) == 1 && len(queued[0].rest) == 0 {
		_, err := p.write(queued[0].frame)
		return err
	}
	if total > maxBurst {
		parts := make([][]byte, 0, 2*len(queued))
		for _, i := range queued {
			parts = append(parts, i.frame, i.rest)
		}
		_, err := p.write(parts...)
		return err
	}
	buffer := bursts.Get().(*[]byte)
	defer bursts.Put(buffer)
	b := (*buffer)[:0]
	for _, i := range queued {
		b = append(append(b, i.frame...), i.rest...)
	}
	_, err := p.write(b)
	*buffer = b
	return err
}

// textFrame is the first byte of an unfragmented text message (RFC 6455, 5.2).
const textFrame = 0x81

// appendHeader begins the frame of a text message of n bytes. A server masks
// nothing.
func appendHeader(b []byte, n int) []byte {
	switch b = append(b, textFrame); {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
}

// maxHeader is the longest header of such a frame, in bytes.
const maxHeader = 10

// hijackable has the WebSocket library work on a peer.
type hijackable struct {
	http.ResponseWriter
	wait time.Duration
	peer *peer

	status int // that the library answered with
}

// WriteHeader notes the status.
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
