package realtime

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// visit is a request as the log has it: one line, when the answer is out or,
// for a connection, at its end. Whose it is stays untold.
type visit struct {
	log               *slog.Logger
	began             time.Time
	method, route, id string
	timing            *upstream.Timing
}

// visit begins the line of a request.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, route string) (*visit, *http.Request) {
	v := &visit{log: s.log, began: time.Now(), method: telemetry.Method(r.Method), route: route, id: web.RequestID(r)}
	w.Header().Set("X-Request-Id", v.id)
	ctx, timing := upstream.WithTiming(upstream.WithRequestID(r.Context(), v.id))
	v.timing = timing
	return v, r.WithContext(ctx)
}

func (v *visit) end(status int, facts ...slog.Attr) {
	spent := v.timing.Summary()
	attrs := append([]slog.Attr{
		slog.String("method", v.method), slog.String("route", v.route), slog.Int("status", status),
		slog.Float64("duration_ms", upstream.Milliseconds(time.Since(v.began))),
		slog.Float64("upstream_ms", upstream.Milliseconds(spent.Upstreams)), slog.Float64("redis_ms", upstream.Milliseconds(spent.Redis)),
		slog.String("request_id", v.id),
	}, facts...)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	v.log.LogAttrs(context.Background(), level, "request", attrs...)
}

// closeCode tells how a connection ended: by whoever ended it first.
func closeCode(ours *ending, err error) slog.Attr {
	code := websocket.StatusAbnormalClosure // nobody said a word
	switch said := websocket.CloseStatus(err); {
	case ours != nil && ours.code != 0:
		code = ours.code
	case said != -1:
		code = said
	case errors.Is(err, websocket.ErrMessageTooBig):
		code = websocket.StatusMessageTooBig // the library's
	}
	return slog.Int("close_code", int(code))
}

// Traffic is what a Server has to do with.
type Traffic struct {
	WebSockets, Streams int   // that are open
	Received, Sent      int64 // messages since the start
}

// Traffic adds up what each connection counts for itself.
func (s *Server) Traffic() Traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := Traffic{WebSockets: len(s.conns), Streams: len(s.streams), Received: s.received, Sent: s.sent}
	for c := range s.conns {
		t.Received += c.received.Load()
		t.Sent += c.out.messages()
	}
	for o := range s.streams {
		t.Sent += o.messages()
	}
	return t
}
