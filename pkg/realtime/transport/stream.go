package transport

import (
	"net/http"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Stream answers GET /api/timers/stream: the messages of WS as Server-Sent Events.
// Their id is the seq, so that a browser that reconnects gets what it missed by its
// Last-Event-ID.
func (t *Transport) Stream(w http.ResponseWriter, r *http.Request) {
	entry, r := t.beginEntry(w, r, routeStream)
	preflight := true
	t.CORS.Serve(w, r, func(w http.ResponseWriter, r *http.Request) {
		preflight = false
		if failed := t.stream(w, r, entry); failed != nil {
			refuse(w, failed, entry)
		}
	})
	if preflight {
		entry.end(http.StatusNoContent)
	}
}

func (t *Transport) stream(w http.ResponseWriter, r *http.Request, entry *logEntry) *web.Error {
	if r.Method != http.MethodGet {
		return errMethod
	}
	return t.admit(r, func(a admission) { t.send(w, r, a, entry) })
}

// send opens a stream, and returns when it has ended.
func (t *Transport) send(w http.ResponseWriter, r *http.Request, a admission, entry *logEntry) {
	ready := make(chan struct{}, 1)
	c := &client{place: a.place, entry: entry, credential: credentialOf(a.caller), out: fanout.NewOutbox(func() {
		select {
		case ready <- struct{}{}:
		default: // the last signal was not received yet
		}
	})}
	t.add(c, nil, a.since)
	defer t.drop(c, http.StatusOK, nil)

	web.Protect(w.Header())
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not buffer
	w.Header().Set("Server-Timing", entry.serverTiming())
	e := &eventWriter{w: w, control: http.NewResponseController(w), wait: t.Limits.WriteWait}
	// The server's deadline for requests does not apply to a stream.
	_ = e.control.SetReadDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	t.pump(r, e, c.out, ready)
}

// pump writes until the client leaves, its token expires, or the server closes. It
// begins with a comment, so that a client that has missed nothing also learns that it
// is connected.
func (t *Transport) pump(r *http.Request, e *eventWriter, out *fanout.Outbox, ready <-chan struct{}) {
	if e.comment() != nil {
		return
	}
	heartbeat := time.NewTicker(t.Limits.Heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-heartbeat.C:
			if e.comment() != nil {
				return
			}
		case <-ready:
			if !e.drain(out) {
				return
			}
		}
	}
}

// eventWriter writes Server-Sent Events.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	wait    time.Duration
	buffer  []byte
}

// drain writes everything that is queued. It reports whether the stream continues.
func (e *eventWriter) drain(out *fanout.Outbox) bool {
	var spare []fanout.Message
	for {
		queued, closed, more := out.Take(spare)
		switch {
		case !more:
			return true
		case closed != nil:
			e.close(closed)
			return false
		}
		for _, m := range queued {
			if e.add(m); len(e.buffer) > maxBurst && e.flush() != nil {
				return false
			}
		}
		if e.flush() != nil {
			return false
		}
		clear(queued)
		spare = queued
	}
}

func (e *eventWriter) add(m fanout.Message) {
	if m.Seq > 0 {
		e.buffer = append(e.buffer, "id: "...)
		e.buffer = strconv.AppendInt(e.buffer, m.Seq, 10)
		e.buffer = append(e.buffer, '\n')
	}
	head, rest := m.Text()
	e.buffer = append(e.buffer, "data: "...)
	e.buffer = append(append(e.buffer, head...), rest...)
	e.buffer = append(e.buffer, "\n\n"...)
}

// close writes the code and reason that a WebSocket would be closed with.
func (e *eventWriter) close(frame *fanout.CloseFrame) {
	e.buffer = append(e.buffer, "event: close\ndata: "...)
	e.buffer = strconv.AppendInt(e.buffer, int64(frame.Code), 10)
	e.buffer = append(append(append(e.buffer, ' '), frame.Reason...), "\n\n"...)
	_ = e.flush()
}

func (e *eventWriter) comment() error {
	e.buffer = append(e.buffer, ": heartbeat\n\n"...)
	return e.flush()
}

func (e *eventWriter) flush() error {
	_ = e.control.SetWriteDeadline(time.Now().Add(e.wait)) // not every ResponseWriter has one
	_, err := e.w.Write(e.buffer)
	if e.buffer = e.buffer[:0]; cap(e.buffer) > 2*maxBurst {
		e.buffer = nil // it was for one long message
	}
	if err != nil {
		return err
	}
	return e.control.Flush()
}
