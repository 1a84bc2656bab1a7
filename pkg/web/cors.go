package web

import (
	"net/http"

	"github.com/rs/cors"
)

// clientOrigins are the pages of the desktop clients: Tauri 2 by platform, whose
// own HTTP calls leave from Rust and need no CORS, and Electron.
var clientOrigins = []string{"tauri://localhost", "http://tauri.localhost", "https://tauri.localhost", "app://clockwork"}

// preflightAge is how long a browser may cache a preflight, in seconds: Chromium's
// maximum.
const preflightAge = 7200

// CORS are the rules for pages of other origins. Cookies are never allowed, so
// an origin proves nothing and gains nothing.
type CORS struct{ rules *cors.Cors }

// NewCORS allows the desktop clients' origins and those configured.
func NewCORS(configured []string) *CORS {
	return &CORS{cors.New(cors.Options{
		AllowedOrigins: append(append([]string{}, clientOrigins...), configured...),
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders: []string{"Content-Type", "Authorization", "X-Clockwork-Token", "X-Request-Id", "If-None-Match", "Idempotency-Key", "Last-Event-ID"},
		ExposedHeaders: []string{"ETag", "Retry-After", "X-Request-Id", "Server-Timing", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed"},
		MaxAge:         preflightAge,
	})}
}

// Answer answers a preflight, and returns true. For any other request it only sets the
// headers that say whether a page of its origin may read the answer.
func (c *CORS) Answer(w http.ResponseWriter, r *http.Request) bool {
	c.rules.HandlerFunc(w, r)
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// Serve answers a preflight, or has next answer any other request.
func (c *CORS) Serve(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	if !c.Answer(w, r) {
		next(w, r)
	}
}

// Allows reports whether a page of the request's Origin may read the answer: for
// WebSockets, which browsers open to any host.
func (c *CORS) Allows(r *http.Request) bool { return c.rules.OriginAllowed(r) }
