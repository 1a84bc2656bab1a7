// Package httpapi answers the API's requests: it lets a caller in (login, rate
// limits), reads what is asked for, calls the route, and turns its error into the
// contract's answer. It writes one access log line for each request. It holds no
// route.
package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Serve answers a request by the route that fits it: 404 if none has its path, 405
// if none has its method.
func Serve(w http.ResponseWriter, r *http.Request, routes ...Route) {
	route, allowed := find(routes, r)
	serve(w, r, route, allowed)
}

// NotFound answers every path as one without a route.
func NotFound(d *app.Deps) http.Handler {
	return WithDeps(d, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { Serve(w, r) }))
}

// Refuse answers a request with an error, whatever its path.
func Refuse(w http.ResponseWriter, r *http.Request, d *app.Deps, err error) {
	serve(w, r.WithContext(context.WithValue(r.Context(), depsKey{}, d)), Route{Auth: Public, Handle: func(context.Context, *app.Deps, *Request) (web.Reply, error) { return web.Reply{}, err }}, nil)
}

func serve(w http.ResponseWriter, r *http.Request, route Route, allowed []string) {
	d, configErr := DepsFrom(r)
	in := &Request{Request: r, address: address(d, r)}
	if err := admitAddress(d, in, route.Auth == Public, &ratelimit.PerAddress); err != nil {
		refuse(w, in, d, route.Path, err)
		return
	}
	ctx, cancel, log := open(w, r, d, route.Path)
	defer cancel()
	defer func() { log.end(ctx) }()
	in.calls = &log.request
	header := w.Header()
	if r.Method == http.MethodOptions { // perhaps a preflight
		header["Server-Timing"] = []string{log.serverTiming()}
	}
	if d.CORS.Answer(w, r) {
		return
	}
	reply, err := answer(ctx, d, in, route, allowed, configErr)
	in.pass.WriteHeader(header)
	header["Server-Timing"] = []string{log.serverTiming()}
	if err == nil {
		log.status, log.err = reply.Status, reply.Write(w)
		return
	}
	if allowed != nil {
		header.Set("Allow", strings.Join(allowed, ", "))
	}
	known := errorFor(err, r.Context())
	log.failed(known, err)
	web.WriteError(w, known)
}

// answer checks the request in the order in which a caller can correct it, and
// calls the route.
func answer(ctx context.Context, d *app.Deps, in *Request, route Route, allowed []string, configErr error) (reply web.Reply, err error) {
	defer recoverInto(&err)
	if allowed != nil {
		return reply, errMethod
	}
	if route.Auth != Public {
		if configErr != nil {
			return reply, configErr
		}
		if err = admit(ctx, d, in, route); err != nil {
			return reply, err
		}
	}
	parse := web.ParseQuery
	if route.LongQuery {
		parse = web.ParseLongQuery
	}
	if in.Query, err = parse(in.URL.RawQuery); err != nil {
		return reply, err
	}
	if in.unchecked != nil {
		reply, err = route.Handle(timercache.WithAlso(ctx, &in.unchecked.asked), d, in)
		if refused := in.unchecked.check(ctx, d); refused != nil {
			return web.Reply{}, refused
		}
		return reply, err
	}
	if route.Once == nil {
		return route.Handle(ctx, d, in)
	}
	once, err := route.Once(ctx, d, in)
	if err != nil {
		return reply, err
	}
	return runOnce(ctx, d, in, once)
}

// recoverInto turns a panic into an error, with its stack for the log.
func recoverInto(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}
