package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A body without an end is cut off at the limit.
func TestAttackByEndlessBody(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	conn, err := net.Dial("tcp", v.address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = conn.Write([]byte(v.text("POST /api/timers/start HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n")))
	require.NoError(t, err)
	chunk := []byte("1000\r\n" + strings.Repeat(" ", 4096) + "\r\n")
	sent := 0
	for ; sent < 64<<20; sent += 4096 {
		if _, err = conn.Write(chunk); err != nil {
			break
		}
	}
	assert.Less(t, sent, 16<<20, "no more than fits into the buffers on the way")
	assert.Empty(t, v.Sandbox.Requests())
}

// A client that sends its header or body a few bytes at a time is cut off in time,
// and others are served meanwhile.
func TestAttackBySlowness(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	for _, tt := range []struct {
		name, begin, drop string
		within            time.Duration
	}{
		{"header", "GET /api/timers/active HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", 20 * time.Second},
		{"request-line", "", "G", 20 * time.Second},
		{"body", v.text("POST /api/timers/start HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nX-Clockwork-Token: CLOCKWORK\nContent-Type: application/json\nContent-Length: 60000\n\n"), " ", 40 * time.Second},
		{"body-without-a-token", v.text("POST /api/timers/start HTTP/1.1\nHost: HOST\nContent-Type: application/json\nContent-Length: 60000\n\n"), " ", 40 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", v.address)
			require.NoError(t, err)
			defer conn.Close()
			began := time.Now()
			_, err = conn.Write([]byte(tt.begin))
			require.NoError(t, err)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = io.Copy(io.Discard, conn)
			}()
			drops := time.NewTicker(200 * time.Millisecond)
			defer drops.Stop()
			for open := true; open; {
				select {
				case <-ended:
					open = false
				case <-drops.C:
					_, _ = conn.Write([]byte(tt.drop))
				}
				require.Less(t, time.Since(began), tt.within, "the connection is still open")
			}
			assert.Equal(t, http.StatusOK, v.raw(t, v.text(get("/api/health"))).StatusCode)
		})
	}
}

// A frame over the limit ends the connection that it came on.
func TestAttackByHugeFrame(t *testing.T) {
	t.Parallel()
	v := attack(t, nil)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ws, _, err := websocket.Dial(ctx, "ws://"+v.address+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + v.token}}})
	require.NoError(t, err)
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	_ = ws.Write(ctx, websocket.MessageText, make([]byte, 4<<20))
	for err == nil {
		_, _, err = ws.Read(ctx)
	}
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	if code := websocket.CloseStatus(err); code != -1 {
		assert.Equal(t, websocket.StatusMessageTooBig, code)
	}
}
