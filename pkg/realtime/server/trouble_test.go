package server_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime/server"
)

// rawDial upgrades and then leaves the connection to the test, which reads
// nothing and answers no ping.
func (w *world) rawDial(user string) net.Conn {
	w.t.Helper()
	addr := strings.TrimPrefix(w.http.URL, "http://")
	conn, err := net.Dial("tcp", addr)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(w.t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", addr, tokenOf(w.t, user))
	require.NoError(w.t, err)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusSwitchingProtocols, res.StatusCode)
	return conn
}

// A client that never reads is cut, and the others get everything in time.
func TestReaderThatNeverReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6, WriteWait: 5 * time.Second}}) // tolerates a paused machine: it applies to the others too
	w.rawDial("ann")
	writer, _ := w.connect("ann")
	reader, _ := w.connect("ann")
	require.Eventually(t, func() bool { return w.server.Connections() == 3 }, patience, time.Millisecond)
	comment := strings.Repeat("<", 1990) // six bytes each in JSON
	seq := int64(0)
	for w.server.Connections() == 3 {
		seq++
		writer.send(fmt.Sprintf(`{"action":"timer_start","id":"one","user_id":"ann","started_at":%q,"comment":"%s%d"}`, startedAt, comment, seq))
		for _, c := range []*client{writer, reader} {
			require.Equal(t, seq, c.next().Payload.Seq)
		}
		require.Less(t, seq, int64(100_000), "the slow reader was never cut")
	}
	assert.Equal(t, 2, w.server.Connections())
}

// A slow reader that resumes gets a close frame that asks it to reconnect.
func TestSlowReaderGetsACloseCode(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{PerSecond: 1e6, WriteWait: time.Minute, CloseWait: time.Minute}})
	slow, _ := w.connect("ann")
	writer, _ := w.connect("ann")
	comment := strings.Repeat("<", 1990)     // six bytes each in JSON
	for seq := int64(1); seq <= 900; seq++ { // some 10 MB: more than the socket and the queue hold
		writer.send(fmt.Sprintf(`{"action":"timer_start","id":"one","user_id":"ann","started_at":%q,"comment":"%s%d"}`, startedAt, comment, seq))
		require.Equal(t, seq, writer.next().Payload.Seq)
	}
	assert.Equal(t, websocket.StatusTryAgainLater, slow.closed())
}

// A ping finds a client that has gone without closing.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, server.Options{Limits: server.Limits{PingEvery: 10 * time.Millisecond, PingWait: 5 * time.Second}}) // tolerates a paused machine
	w.rawDial("ann")
	alive, _ := w.connect("ann")
	require.Eventually(t, func() bool { return w.server.Connections() == 2 }, patience, time.Millisecond)
	received := make(chan message, 1)
	go func() {
		m, _ := alive.read() // a client that reads answers pings
		received <- m
	}()
	require.Eventually(t, func() bool { return w.server.Connections() == 1 }, patience, 10*time.Millisecond)
	alive.action("timer_start", "one")
	assert.Equal(t, int64(1), (<-received).Payload.Seq)
}
