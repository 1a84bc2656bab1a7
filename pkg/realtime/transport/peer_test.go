package transport

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
)

// A control frame of the library does not land inside a message that is half written.
func TestControlFrameAfterHalfAMessage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	conn, err := listener.Accept()
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	p := &peer{Conn: conn, wait: time.Minute}
	p.raw, err = conn.(syscall.Conn).SyscallConn()
	require.NoError(t, err)

	m := fanout.NewMessage(bytes.Repeat([]byte("x"), 16<<20)) // more than any socket takes at once
	unsent, done := p.trySend([]fanout.Message{m})
	require.False(t, done)
	require.Empty(t, unsent, "it was begun")
	head, rest := m.Frame()
	ping := []byte{0x89, 0}
	want := bytes.Join([][]byte{head, rest, ping}, nil)
	received := make(chan []byte)
	go func() {
		got := make([]byte, len(want))
		_, _ = io.ReadFull(client, got)
		received <- got
	}()
	_, err = p.Write(ping)
	require.NoError(t, err)
	require.NoError(t, p.write(unsent))
	assert.True(t, bytes.Equal(want, <-received), "the whole message, then the ping")
}
