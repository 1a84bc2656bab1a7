package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/web"
)

// ServeProtocol hands a request with one of the methods to a handler that
// speaks another party's protocol and checks its callers itself.
func ServeProtocol(w http.ResponseWriter, r *http.Request, methods []string, build func(*app.Deps) (http.Handler, error)) {
	d, err := DepsFrom(r)
	if err := checkHost(d, r); err != nil {
		refuse(w, r, d, nil, err)
		return
	}
	if pass, limited := countAddress(d, r, &ratelimit.PerAddress); limited != nil {
		refuse(w, r, d, pass, limited)
		return
	}
	ctx, cancel, seen := open(w, r, d)
	defer cancel()
	defer func() { seen.end(ctx) }()
	out := &timedWriter{ResponseWriter: w, status: http.StatusOK, timing: seen.serverTiming}

	if err = protocol(out, r.WithContext(ctx), d, err, methods, build); err != nil {
		known := errorFor(err, r.Context())
		seen.failed(known, err)
		if !out.began {
			if errors.Is(err, errMethod) {
				w.Header().Set("Allow", strings.Join(methods, ", "))
			}
			web.WriteError(out, known)
		}
	}
	seen.status = out.status
}

// pageRoute stands for whatever page there is.
const pageRoute = "/{page...}"

// ServePage has next answer a request for a page, which the log and telemetry
// learn of as of any other request.
func ServePage(w http.ResponseWriter, r *http.Request, d *app.Deps, next http.HandlerFunc) {
	if pass, limited := countAddress(d, r, &pages); limited != nil {
		refuse(w, r, d, pass, limited)
		return
	}
	ctx, seen := observe(r.Context(), w, r, d, pageRoute)
	out := &timedWriter{ResponseWriter: w, status: http.StatusOK, timing: seen.serverTiming}
	next(out, r.WithContext(ctx))
	seen.status = out.status
	seen.end(ctx)
}

func protocol(w http.ResponseWriter, r *http.Request, d *app.Deps, depsErr error, methods []string, build func(*app.Deps) (http.Handler, error)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	switch {
	case !slices.Contains(methods, r.Method):
		return errMethod
	case depsErr != nil:
		return depsErr
	case d.Config.Auth.Mode == config.AuthUndecided:
		return auth.ErrNotConfigured
	}
	next, err := build(d)
	if err != nil {
		return err
	}
	next.ServeHTTP(w, r)
	return nil
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

// Unwrap lets an http.ResponseController reach the connection.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
