package fanout

import (
	"encoding/binary"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Message is one message to a client. All of a user's clients get the same bytes.
type Message struct {
	Seq   int64  // of a change or a state, else 0
	frame []byte // the WebSocket frame, or its beginning
	rest  []byte // the end of the frame, if several messages share it
}

// NewMessage makes a message that is not a change.
func NewMessage(text []byte) Message {
	return Message{frame: append(appendHeader(make([]byte, 0, maxHeader+len(text)), len(text)), text...)}
}

// newUpdate is the message about an encoded timer.
func newUpdate(seq int64, timer []byte) Message {
	const head, tail = `{"event":"timer_updated","payload":`, `}`
	n := len(head) + len(timer) + len(tail)
	b := append(appendHeader(make([]byte, 0, maxHeader+n), n), head...)
	return Message{Seq: seq, frame: append(append(b, timer...), tail...)}
}

// newState is the message on connect. timers is what EncodeTimers returned.
func newState(seq int64, fresh realtime.Freshness, now time.Time, timers []byte) Message {
	head := realtime.StateHead(seq, fresh, now)
	return Message{seq, append(appendHeader(make([]byte, 0, maxHeader+len(head)), len(head)+len(timers)), head...), timers}
}

// Size is the number of bytes that a client gets.
func (m Message) Size() int { return len(m.frame) + len(m.rest) }

// Frame is the WebSocket frame, in two parts; the second may be empty.
func (m Message) Frame() (head, rest []byte) { return m.frame, m.rest }

// Text is the text of the message, in two parts.
func (m Message) Text() (head, rest []byte) {
	switch m.frame[1] {
	case 126:
		return m.frame[4:], m.rest
	case 127:
		return m.frame[10:], m.rest
	}
	return m.frame[2:], m.rest
}

const (
	textFrame = 0x81 // the first byte of an unfragmented text message (RFC 6455, 5.2)
	maxHeader = 10   // bytes of the longest header
)

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
