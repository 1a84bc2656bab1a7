package realtime

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/web"
)

// Stream answers GET /api/timers/stream: the messages of WS as Server-Sent
// Events, with seq as their id, so that a browser that reconnects gets what it
// missed by its Last-Event-ID.
func (s *Server) Stream(w http.ResponseWriter, r *http.Request) {
	v, r := s.visit(w, r, routeStream)
	preflight := true
	s.cors.Serve(w, r, func(w http.ResponseWriter, r *http.Request) {
		preflight = false
		if failed := s.stream(w, r, v); failed != nil {
			refuse(w, failed, v)
		}
	})
	if preflight {
		v.end(http.StatusNoContent)
	}
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, v *visit) *web.Error {
	if r.Method != http.MethodGet {
		return errMethod
	}
	if !s.begin() {
		return errShutdown
	}
	defer s.running.Done()
	who, since, failed := s.identify(r)
	if failed != nil {
		return failed
	}
	room, failed := s.enter(r.Context(), who)
	if failed != nil {
		return failed
	}
	ready := make(chan struct{}, 1)
	out := &outbox{start: func() {
		select {
		case ready <- struct{}{}:
		default: // the last call has not been answered yet
		}
	}}
	s.addStream(out, who.Expires)
	defer s.dropStream(out, v)
	room.join(out, since, s.now())
	defer s.exit(room, out)

	web.Protect(w.Header())
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	w.Header().Set("Server-Timing", web.ServerTiming([]string{"total"}, []time.Duration{time.Since(v.began)}))
	e := &eventWriter{w: w, control: http.NewResponseController(w), wait: s.limits.WriteWait}
	// A stream is longer than any request: the server's deadline is not for it.
	_ = e.control.SetReadDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	s.pump(r, e, out, ready)
	return nil
}

// pump writes until the client leaves, its token ends, or the server closes. It
// begins with a comment: who has missed nothing shall know too that it listens.
func (s *Server) pump(r *http.Request, e *eventWriter, out *outbox, ready <-chan struct{}) {
	if e.comment() != nil {
		return
	}
	heartbeat := time.NewTicker(s.limits.Heartbeat)
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

func (s *Server) addStream(out *outbox, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[out] = expires
	if s.closing {
		out.finish(&endClosing)
	}
}

func (s *Server) dropStream(out *outbox, v *visit) {
	sent := out.messages()
	v.end(http.StatusOK, closeCode(out.ended(), nil), slog.Int64("sent", sent))
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, out)
	s.sent += sent
}

// eventWriter writes Server-Sent Events.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	wait    time.Duration
	buffer  []byte
}

// drain writes all that is queued; it reports whether the stream goes on.
func (e *eventWriter) drain(out *outbox) bool {
	var spare []item
	for {
		queued, end, more := out.take(spare)
		switch {
		case !more:
			return true
		case end != nil:
			e.farewell(end)
			return false
		}
		for _, i := range queued {
			if e.add(i); len(e.buffer) > maxBurst && e.flush() != nil {
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

func (e *eventWriter) add(i item) {
	if i.seq > 0 {
		e.buffer = append(e.buffer, "id: "...)
		e.buffer = strconv.AppendInt(e.buffer, i.seq, 10)
		e.buffer = append(e.buffer, '\n')
	}
	e.buffer = append(e.buffer, "data: "...)
	e.buffer = append(append(e.buffer, i.message()...), i.rest...)
	e.buffer = append(e.buffer, "\n\n"...)
}

// farewell says why the stream ends, with the code and reason that a WebSocket
// would be closed with.
func (e *eventWriter) farewell(end *ending) {
	e.buffer = append(e.buffer, "event: close\ndata: "...)
	e.buffer = strconv.AppendInt(e.buffer, int64(end.code), 10)
	e.buffer = append(append(append(e.buffer, ' '), end.reason...), "\n\n"...)
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
