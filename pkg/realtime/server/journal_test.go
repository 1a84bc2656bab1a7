package server_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/realtime/transport"
)

// journal collects what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) log() *slog.Logger { return slog.New(slog.NewJSONHandler(j, nil)) }

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// requests waits until there are n lines about requests, and gives them.
func (j *journal) requests(t *testing.T, n int) (lines []map[string]any) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		lines = nil
		for text := range strings.Lines(j.String()) {
			var line map[string]any
			require.NoError(t, json.Unmarshal([]byte(text), &line))
			if line["msg"] == "request" {
				lines = append(lines, line)
			}
		}
		assert.Len(t, lines, n)
	}, patience, time.Millisecond)
	return lines
}

// A connection has one line, at its end, without the user's name.
func TestJournalOfAWebSocket(t *testing.T) {
	for name, tc := range map[string]struct {
		end      func(w *world, c *client)
		code     websocket.StatusCode
		received int
	}{
		"client-leaves": {func(_ *world, c *client) { _ = c.ws.Close(websocket.StatusGoingAway, "") }, websocket.StatusGoingAway, 2},
		"client-is-cut": {func(_ *world, c *client) { _ = c.ws.CloseNow() }, websocket.StatusAbnormalClosure, 2},
		"binary":        {func(_ *world, c *client) { _ = c.ws.Write(c.t.Context(), websocket.MessageBinary, []byte("{}")) }, websocket.StatusUnsupportedData, 3},
		"too-large": {func(_ *world, c *client) {
			_ = c.ws.Write(c.t.Context(), websocket.MessageText, []byte(strings.Repeat("x", 33_000)))
		}, websocket.StatusMessageTooBig, 3},
		"server-closes": {func(w *world, c *client) { go func() { _ = w.server.Close(c.t.Context()) }() }, websocket.StatusServiceRestart, 2},
	} {
		t.Run(name, func(t *testing.T) {
			j := &journal{}
			w := newWorld(t, server.Options{Log: j.log()})
			c := w.dialWith("ann.marked", "?token="+tokenOf(t, "ann.marked"), http.Header{"X-Request-Id": {"req-1"}})
			c.next()
			c.action("timer_start", "one")
			c.update(1, "one", realtime.Running)
			c.action("timer_stop", "one")
			c.update(2, "one", realtime.Stopped)
			assert.NotContains(t, j.String(), `"request"`, "not before its end")
			tc.end(w, c)
			c.closed()
			line := j.requests(t, 1)[0]
			assert.Equal(t, []any{"/ws", "GET", 101.0, "req-1"}, []any{line["route"], line["method"], line["status"], line["request_id"]})
			assert.EqualValues(t, tc.code, line["close_code"])
			assert.EqualValues(t, tc.received, line["received"])
			assert.EqualValues(t, 3, line["sent"], "the state and two changes")
			assert.Positive(t, line["duration_ms"])
			assert.NotContains(t, j.String(), "ann.marked")
			assert.NotContains(t, j.String(), "eyJ", "a token")
		})
	}
}

func TestJournalOfAStream(t *testing.T) {
	j := &journal{}
	w := newWorld(t, server.Options{Log: j.log()})
	s := w.stream("ann", http.Header{"X-Request-Id": {"req-2"}})
	s.next()
	require.NoError(t, s.res.Body.Close())
	line := j.requests(t, 1)[0]
	assert.Equal(t, []any{"/api/timers/stream", 200.0, "req-2", 1.0}, []any{line["route"], line["status"], line["request_id"], line["sent"]})
	assert.EqualValues(t, websocket.StatusAbnormalClosure, line["close_code"])
	assert.NotContains(t, line, "received", "nothing can be")
}

func TestJournalOfTheRefused(t *testing.T) {
	j := &journal{}
	w := newWorld(t, server.Options{Log: j.log()})
	for i, tc := range []struct {
		method, path string
		status       int
		code         string
		header       http.Header
	}{
		{"GET", "/ws?token=marked", 426, "UPGRADE_REQUIRED", nil},
		{"POST", "/ws", 405, "METHOD_NOT_ALLOWED", nil},
		{"GET", "/ws", 401, "UNAUTHORIZED", http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}},
		{"GET", "/ws?token=" + tokenOf(t, "ann"), 426, "UPGRADE_REQUIRED", http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}}},
		{"GET", "/ws?token=" + tokenOf(t, "ann"), 426, "UPGRADE_REQUIRED", http.Header{"Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}},
		{"GET", "/ws?token=" + tokenOf(t, "ann"), 426, "UPGRADE_REQUIRED", http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"short"}}},
		{"GET", "/api/timers/stream?token=marked", 401, "UNAUTHORIZED", nil},
		{"OPTIONS", "/api/timers/stream", 204, "", http.Header{"Origin": {"tauri://localhost"}, "Access-Control-Request-Method": {"GET"}}},
	} {
		r, err := http.NewRequest(tc.method, w.http.URL+tc.path, nil)
		require.NoError(t, err)
		r.Header = tc.header
		res, err := w.http.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		lines := j.requests(t, i+1)
		assert.EqualValues(t, tc.status, lines[i]["status"], "%s %s", tc.method, tc.path)
		assert.Equal(t, res.StatusCode, tc.status)
		if tc.code != "" {
			assert.Equal(t, tc.code, lines[i]["code"])
		}
		assert.Equal(t, res.Header.Get("X-Request-Id"), lines[i]["request_id"])
	}
	assert.NotContains(t, j.String(), "marked")
}

func TestTraffic(t *testing.T) {
	committed := make(chan error, 16)
	w := newWorld(t, server.Options{Committed: func(took time.Duration, err error) {
		if took <= 0 {
			err = assert.AnError
		}
		committed <- err
	}})
	c, _ := w.connect("ann")
	s := w.stream("ann", nil)
	s.next()
	c.action("timer_start", "one")
	c.update(1, "one", realtime.Running)
	s.next()
	require.NoError(t, <-committed)
	want := transport.Traffic{WebSockets: 1, Streams: 1, Received: 1, Sent: 4}
	assert.Equal(t, want, w.server.Traffic())
	_ = c.ws.CloseNow()
	require.NoError(t, s.res.Body.Close())
	require.Eventually(t, func() bool { return w.server.Connections() == 0 }, patience, time.Millisecond)
	want.WebSockets, want.Streams = 0, 0
	assert.Equal(t, want, w.server.Traffic(), "what was sent to those who left stays counted")
}
