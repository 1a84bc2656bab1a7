package transport

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// logEntry is a request's line in the access log, written when the answer is out or
// the connection has ended. It does not name the user.
type logEntry struct {
	log               *slog.Logger
	began             time.Time
	method, route, id string
	timing            *upstream.Timing
}

func (t *Transport) beginEntry(w http.ResponseWriter, r *http.Request, route string) (*logEntry, *http.Request) {
	e := &logEntry{log: t.Tasks.Log, began: time.Now(), method: telemetry.Method(r.Method), route: route, id: web.RequestID(r)}
	w.Header().Set("X-Request-Id", e.id)
	ctx, timing := upstream.WithTiming(upstream.WithRequestID(r.Context(), e.id))
	e.timing = timing
	return e, r.WithContext(ctx)
}

func (e *logEntry) end(status int, facts ...slog.Attr) {
	spent := e.timing.Summary()
	attrs := append([]slog.Attr{
		slog.String("method", e.method), slog.String("route", e.route), slog.Int("status", status),
		slog.Float64("duration_ms", upstream.Milliseconds(time.Since(e.began))),
		slog.Float64("upstream_ms", upstream.Milliseconds(spent.Upstreams)), slog.Float64("redis_ms", upstream.Milliseconds(spent.Redis)),
		slog.String("request_id", e.id),
	}, facts...)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	e.log.LogAttrs(context.Background(), level, "request", attrs...)
}

// closeCode is the code with which a connection ended: that of the side which ended
// it first.
func closeCode(ours *fanout.CloseFrame, err error) slog.Attr {
	code := websocket.StatusAbnormalClosure
	switch theirs := websocket.CloseStatus(err); {
	case ours != nil && ours.Code != 0:
		code = ours.Code
	case theirs != -1:
		code = theirs
	case errors.Is(err, websocket.ErrMessageTooBig):
		code = websocket.StatusMessageTooBig // sent by the library
	}
	return slog.Int("close_code", int(code))
}
