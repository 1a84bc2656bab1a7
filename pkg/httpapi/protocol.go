package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/web"
)

// ServeProtocol hands a request with one of the methods to a handler that
// speaks another party's protocol and checks its callers itself.
func ServeProtocol(w http.ResponseWriter, r *http.Request, path string, methods []string, build func(*app.Deps) (http.Handler, error)) {
	d, configErr := DepsFrom(r)
	in := &Request{Request: r, address: address(d, r)}
	if err := admitAddress(d, in, true, &ratelimit.PerAddress); err != nil {
		refuse(w, in, d, path, err)
		return
	}
	ctx, cancel, log := open(w, r, d, path)
	defer cancel()
	defer func() { log.end(ctx) }()
	out := &timedWriter{ResponseWriter: w, status: http.StatusOK, timing: log.serverTiming}

	if err := protocol(out, r.WithContext(ctx), d, configErr, methods, build); err != nil {
		known := errorFor(err, r.Context())
		log.failed(known, err)
		if !out.began {
			if errors.Is(err, errMethod) {
				w.Header().Set("Allow", strings.Join(methods, ", "))
			}
			web.WriteError(out, known)
		}
	}
	log.status = out.status
}

// pageRoute stands for every page.
const pageRoute = "/{page...}"

// pages are the quota of what is served from memory: a page is a dozen files.
var pages = ratelimit.NewPolicy("page", 1500, time.Minute)

// ServePage has next answer a request for a page, and logs it as any other request.
func ServePage(w http.ResponseWriter, r *http.Request, d *app.Deps, next http.HandlerFunc) {
	in := &Request{Request: r, address: address(d, r)}
	if err := admitAddress(d, in, true, &pages); err != nil {
		refuse(w, in, d, pageRoute, err)
		return
	}
	ctx, log := observe(r.Context(), w, r, d, pageRoute)
	out := &timedWriter{ResponseWriter: w, status: http.StatusOK, timing: log.serverTiming}
	next(out, r.WithContext(ctx))
	log.status = out.status
	log.end(ctx)
}

func protocol(w http.ResponseWriter, r *http.Request, d *app.Deps, depsErr error, methods []string, build func(*app.Deps) (http.Handler, error)) (err error) {
	defer recoverInto(&err)
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

// timedWriter sets Server-Timing when the answer begins, and records its status.
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
