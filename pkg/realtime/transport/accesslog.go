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
// the connection has ended.
type logEntry struct {
	web.AccessLog
	log *slog.Logger
}

func (t *Transport) beginEntry(w http.ResponseWriter, r *http.Request, route string) (*logEntry, *http.Request) {
	e := &logEntry{web.AccessLog{Method: telemetry.Method(r.Method), Route: route, ID: web.RequestID(r), Began: time.Now()}, t.Tasks.Log}
	w.Header().Set("X-Request-Id", e.ID)
	ctx, timing := upstream.WithTiming(upstream.WithRequestID(r.Context(), e.ID))
	e.Timing = timing
	return e, r.WithContext(ctx)
}

func (e *logEntry) end(status int, facts ...slog.Attr) {
	e.Write(context.Background(), e.log, status, facts...)
}

// serverTiming is the header of that name.
func (e *logEntry) serverTiming() string { return e.Timing.ServerTiming(time.Since(e.Began)) }

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
