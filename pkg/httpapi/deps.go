package httpapi

import (
	"context"
	"net/http"
	"sync"

	"github.com/clockwork-timer/backend/pkg/app"
)

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

// DepsFrom returns the dependencies that a request is to use. With an error they
// are good for logging only.
func DepsFrom(r *http.Request) (*app.Deps, error) {
	if d, ok := r.Context().Value(depsKey{}).(*app.Deps); ok {
		return d, nil
	}
	return own()
}
