package app

import (
	"context"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// ServeProtocol hands a request to a handler that speaks another party's
// protocol and checks its callers itself.
func ServeProtocol(w http.ResponseWriter, r *http.Request, build func(*Deps) (http.Handler, error)) {
	began := time.Now()
	d, err := Of(r)
	id := web.RequestID(r)
	w.Header().Set("X-Request-Id", id)
	ctx, cancel := context.WithTimeout(upstream.WithRequestID(r.Context(), id), config.RequestTimeout)
	defer cancel()
	ctx, timing := upstream.WithTiming(ctx)
	out := &timedWriter{ResponseWriter: w, status: http.StatusOK, timing: func() string { return serverTiming(time.Since(began), timing) }}

	var next http.Handler
	if err == nil && d.Config.Auth.Mode == config.AuthUndecided {
		err = auth.ErrNotConfigured
	}
	if err == nil {
		next, err = build(d)
	}
	if err != nil {
		web.WriteError(out, errorFor(err, r.Context()))
	} else {
		next.ServeHTTP(out, r.WithContext(ctx))
	}
	logRequest(ctx, d.Log, r, id, out.status, time.Since(began), timing, err)
}

// timedWriter adds Server-Timing when the answer begins, and notes its status.
type timedWriter struct {
	http.ResponseWriter
	timing func() string
	status int
	began  bool
}

func (w *timedWriter) WriteHeader(status int) {
	if !w.began {
		w.began, w.status = true, status
		w.Header().Set("Server-Timing", w.timing())
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *timedWriter) Write(b []byte) (int, error) {
	if !w.began {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}
