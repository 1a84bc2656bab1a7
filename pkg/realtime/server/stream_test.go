package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
)

// stream is one client of the event stream.
type stream struct {
	t     testing.TB
	res   *http.Response
	lines *bufio.Scanner
}

func (w *world) stream(user string, header http.Header) *stream {
	w.t.Helper()
	all := http.Header{"Authorization": {"Bearer " + tokenOf(w.t, user)}}
	maps.Copy(all, header)
	return w.streamOf("", all)
}

func (w *world) streamOf(query string, header http.Header) *stream {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.http.URL+"/api/timers/stream"+query, nil)
	require.NoError(w.t, err)
	r.Header = header
	res, err := w.http.Client().Do(r)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{w.t, res, bufio.NewScanner(res.Body)}
}

// next reads one event, comments left out, and gives its lines.
func (s *stream) next() []string {
	s.t.Helper()
	var lines []string
	for s.lines.Scan() {
		switch line := s.lines.Text(); {
		case strings.HasPrefix(line, ":"):
		case line != "":
			lines = append(lines, line)
		case len(lines) > 0:
			return lines
		}
	}
	require.Fail(s.t, "the stream ended", "%v", s.lines.Err())
	return nil
}

// message reads one event as the message that it holds.
func (s *stream) message() (m message) {
	s.t.Helper()
	lines := s.next()
	require.NoError(s.t, json.Unmarshal([]byte(strings.TrimPrefix(lines[len(lines)-1], "data: ")), &m))
	return m
}

func TestStream(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{Heartbeat: time.Hour}})
	c, _ := w.connect("ann")
	c.action("timer_start", "one")
	c.update(1, "one", realtime.Running)

	s := w.stream("ann", nil)
	assert.Equal(t, "text/event-stream", s.res.Header.Get("Content-Type"))
	state := s.next()
	assert.Equal(t, fmt.Sprint("id: ", w.epoch+1), state[0])
	assert.Contains(t, state[1], `data: {"event":"state"`)
	c.action("timer_stop", "one")
	update := s.next()
	assert.Equal(t, fmt.Sprint("id: ", w.epoch+2), update[0])
	assert.Contains(t, update[1], `data: {"event":"timer_updated","payload":{"id":"one"`)

	back := w.stream("ann", http.Header{"Last-Event-Id": {fmt.Sprint(w.epoch + 1)}})
	assert.Equal(t, update, back.next(), "what was missed, in the same words")
	assert.Equal(t, http.StatusOK, w.stream("ann", http.Header{"Last-Event-Id": {fmt.Sprint(w.epoch + 2)}}).res.StatusCode, "at once, with nothing to tell")
}

// A browser never tries again after a refusal, so an id of another server's gets
// the whole state.
func TestStreamAfterAnUnknownEvent(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{Heartbeat: time.Hour}})
	for name, last := range map[string]string{"text": "msg-7", "negative": "-1", "fraction": "1.5", "beyond-64-bits": "99999999999999999999", "not-yet-seen": fmt.Sprint(w.epoch + 1e6)} {
		t.Run(name, func(t *testing.T) {
			s := w.stream("ann", http.Header{"Last-Event-Id": {last}})
			require.Equal(t, http.StatusOK, s.res.StatusCode)
			assert.Contains(t, strings.Join(s.next(), " "), `{"event":"state"`)
		})
	}
}

func TestStreamHeartbeat(t *testing.T) {
	w := newWorld(t, server.Options{Limits: server.Limits{Heartbeat: time.Millisecond}})
	s := w.stream("ann", nil)
	for heard := 0; heard < 3; {
		require.True(t, s.lines.Scan())
		if s.lines.Text() == ": heartbeat" {
			heard++
		}
	}
}

func TestStreamEnds(t *testing.T) {
	start := time.Now()
	clock := manualclock.New(start)
	w := newWorld(t, server.Options{Now: clock.Now, Limits: server.Limits{Heartbeat: time.Hour}})
	s := w.stream("ann", nil)
	s.next()
	clock.Set(start.Add(2 * time.Hour))
	w.server.Sweep()
	assert.Equal(t, []string{"event: close", "data: 4401 token expired: log in again"}, s.next())
	require.Eventually(t, func() bool { return w.server.Connections() == 0 }, patience, time.Millisecond)

	clock.Set(start)
	s = w.stream("ann", nil)
	s.next()
	done := make(chan error, 1)
	go func() { done <- w.server.Close(t.Context()) }()
	assert.Equal(t, []string{"event: close", "data: 1012 server restarts: reconnect with since"}, s.next())
	require.NoError(t, <-done)
}

func TestStreamRefuses(t *testing.T) {
	w := newWorld(t, server.Options{})
	for name, tc := range map[string]struct {
		method, query, protocol string
		status                  int
	}{
		"no-token":     {http.MethodGet, "", "", 401},
		"other-method": {http.MethodPost, "?token=" + tokenOf(t, "ann"), "", 405},
		"bad-since":    {http.MethodGet, "?since=x&token=" + tokenOf(t, "ann"), "", 400},
		"subprotocol":  {http.MethodGet, "", "bearer, " + tokenOf(t, "ann"), 401},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, w.http.URL+"/api/timers/stream"+tc.query, nil)
			require.NoError(t, err)
			if tc.protocol != "" {
				r.Header.Set("Sec-WebSocket-Protocol", tc.protocol)
			}
			res, err := w.http.Client().Do(r)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, tc.status, res.StatusCode)
			assert.Contains(t, res.Header.Get("Content-Type"), "application/json")
		})
	}
}
