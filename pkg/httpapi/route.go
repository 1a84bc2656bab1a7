package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Route is how one method of one path is answered.
type Route struct {
	Method string
	Path   string // "/api/issues/{key}": a segment in braces stands for any
	Auth   Auth
	Cost   Cost
	// ReadsTimers says that Handle reads one person's timers, so that a personal token
	// can be checked in the same command.
	ReadsTimers bool
	// LongQuery allows long parameters, such as the code of a sign-in provider.
	LongQuery bool
	// Handle returns an error for every failure; Serve turns it into the API's
	// answer.
	Handle func(ctx context.Context, d *app.Deps, r *Request) (web.Reply, error)
	// Once, instead of Handle, checks a request to start or stop something, and says
	// how that is done. It is done once for each Idempotency-Key of the caller.
	Once func(ctx context.Context, d *app.Deps, r *Request) (Once, error)
}

// Auth says who may call a route.
type Auth int

const (
	// LoginByMode wants a bearer token, unless AUTH_MODE is open. There a start or
	// stop without a Clockwork token may bring one, for the token that was saved.
	LoginByMode Auth = iota
	// Login wants a bearer token in open mode too: only that says whose data to show.
	Login
	// NoLogin lets anybody in, once the configuration is complete.
	NoLogin
	// Public lets anybody in, even if the configuration is not complete.
	Public
)

// Cost says what a request costs, and so how it is counted.
type Cost int

const (
	// Cached requests cost Redis at most, as a rule. Each process counts them alone.
	Cached Cost = iota
	// Upstream requests cost an upstream's time. All instances count them together,
	// in Redis, before the work begins.
	Upstream
)

// Request is what a route's function gets: who asks, and what.
type Request struct {
	*http.Request
	Caller auth.Caller
	Query  web.Query

	address string
	pass    *ratelimit.Pass
	// unchecked is a personal token that has to be checked before the answer.
	unchecked *unchecked
	calls     *upstream.Request // what calls of upstreams are made with
}

// find returns the route for a request. The path of one whose method does not fit
// comes with the methods that do; without any the path is not known.
func find(routes []Route, r *http.Request) (found Route, allowed []string) {
	for _, route := range routes {
		if found.Path != "" && route.Path != found.Path || !route.matches(r) {
			continue
		}
		if route.Method == r.Method {
			return route, nil
		}
		found, allowed = Route{Path: route.Path, Auth: Public}, append(allowed, route.Method)
	}
	if allowed == nil {
		found = notFound
	}
	return found, allowed
}

var notFound = Route{Auth: Public, Handle: func(context.Context, *app.Deps, *Request) (web.Reply, error) {
	return web.Reply{}, &web.Error{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "There is nothing at this address."}
}}

func (route *Route) matches(r *http.Request) bool {
	if !strings.Contains(route.Path, "{") {
		return route.Path == r.URL.Path
	}
	template := strings.Split(route.Path, "/")
	path := strings.Split(r.URL.EscapedPath(), "/") // an escaped slash belongs to its segment
	return slices.EqualFunc(template, path, func(t, p string) bool { return t == p || strings.HasPrefix(t, "{") && p != "" })
}
