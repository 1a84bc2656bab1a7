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
	"sync"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Request is what a route's function gets: who asks, and what.
type Request struct {
	*http.Request
	Caller auth.Caller
	Query  web.Query

	pass *ratelimit.Pass
}

// Route answers one method of one path. It returns an error for every failure;
// Serve turns it into the contract's answer.
type Route func(ctx context.Context, d *app.Deps, r *Request) (web.Reply, error)

type depsKey struct{}

// WithDeps returns a handler whose requests use d rather than the process's own
// dependencies: for servers and tests.
func WithDeps(d *app.Deps, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), depsKey{}, d)))
	})
}

// own are the process's dependencies, built at its first request: a function is
// one handler, and nobody calls a main of ours.
var own = sync.OnceValues(app.FromEnvironment)

// DepsFrom returns the dependencies that a request is to use. With an error they are
// good for logging only.
func DepsFrom(r *http.Request) (*app.Deps, error) {
	if d, ok := r.Context().Value(depsKey{}).(*app.Deps); ok {
		return d, nil
	}
	return own()
}

// Serve answers a request by route, for a known or allowed caller: one that
// reads what is at hand.
func Serve(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{identify: byMode(r), load: light})
}

// ServeCostly answers a request that costs an upstream's time: Redis counts it
// before it begins.
func ServeCostly(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{identify: byMode(r), load: costly})
}

// ServePublic answers anyone, also where the configuration is not complete.
func ServePublic(w http.ResponseWriter, r *http.Request, method string, route Route) {
	serve(w, r, method, route, doorway{})
}

// doorway is how a request comes in.
type doorway struct {
	identify func(*app.Deps) (auth.Caller, error) // nil: nobody asks who it is
	load     load
	once     bool // the route has a costly request counted, with what else it asks Redis
}

func byMode(r *http.Request) func(*app.Deps) (auth.Caller, error) {
	return func(d *app.Deps) (auth.Caller, error) {
		return auth.Identify(r, d.Config.Auth.Mode, d.Verifier.Verify)
	}
}

func serve(w http.ResponseWriter, r *http.Request, method string, route Route, door doorway) {
	d, depsErr := DepsFrom(r)
	if err := checkHost(d, r); err != nil {
		refuse(w, r, d, nil, err)
		return
	}
	if door.identify == nil || r.Method != method { // the others are counted by admit
		if pass, err := countAddress(d, r, &ratelimit.PerAddress); err != nil {
			refuse(w, r, d, pass, err)
			return
		}
	}
	ctx, cancel, seen := open(w, r, d)
	defer cancel()
	defer func() { seen.end(ctx) }()
	w.Header().Set("Server-Timing", seen.serverTiming()) // a preflight is answered by web.CORS alone

	d.CORS.Serve(w, r, func(w http.ResponseWriter, r *http.Request) {
		in := &Request{Request: r}
		reply, err := answer(ctx, d, in, method, route, door, depsErr)
		in.pass.Tell(w.Header())
		w.Header().Set("Server-Timing", seen.serverTiming())
		known := errorFor(err, r.Context())
		if known == nil {
			seen.status, seen.err = reply.Status, reply.Write(w)
			return
		}
		seen.failed(known, err)
		if known.Status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", method)
		}
		web.WriteError(w, known)
	})
}

// answer checks the request in the order in which a caller can mend it, and
// calls the route.
func answer(ctx context.Context, d *app.Deps, in *Request, method string, route Route, door doorway, depsErr error) (reply web.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if in.Method != method {
		return reply, errMethod
	}
	if door.identify != nil {
		if depsErr != nil {
			return reply, depsErr
		}
		if ctx, err = enter(ctx, d, in, door); err != nil {
			return reply, err
		}
	}
	if in.Query, err = web.ParseQuery(in.URL.RawQuery); err != nil {
		return reply, err
	}
	return route(ctx, d, in)
}

// enter lets a caller in whose quota is not used up. Who may not come in for
// another reason is counted all the same, but costs no more than that.
func enter(ctx context.Context, d *app.Deps, in *Request, door doorway) (context.Context, error) {
	who, unknown := door.identify(d)
	if unknown != nil {
		door.load = light
	}
	in.Caller = who
	caller := "address " + address(d, in.Request) // tokens that nobody has checked could be another each time
	if who.Known {
		caller = "user " + who.UserID
	}
	ctx = upstream.WithCaller(ctx, caller)
	switch err := admit(d, in, door.load); {
	case err != nil:
		return ctx, err
	case unknown != nil:
		return ctx, unknown
	case door.load == costly && !door.once:
		return ctx, in.pass.Ask(ctx)
	}
	return ctx, nil
}
