package web

import (
	"net/http"

	"github.com/rs/cors"
)

// clientOrigins are the webviews of the desktop clients. Tauri 2 uses the
// first three by platform; its own HTTP calls leave from Rust and need no CORS.
var clientOrigins = []string{
	"tauri://localhost", "http://tauri.localhost", "https://tauri.localhost", "http://localhost:1420",
}

// CORS answers preflights and marks answers for the desktop clients' origins
// and those of CORS_ALLOWED_ORIGINS. Cookies are never allowed, so an origin
// proves nothing and gains nothing.
func CORS(next http.Handler, configured []string) http.Handler {
	return rules(configured).Handler(next)
}

// OriginAllowed reports whether CORS would let the request's Origin read the
// answer: for WebSockets, which browsers open to any host.
func OriginAllowed(r *http.Request, configured []string) bool {
	return rules(configured).OriginAllowed(r)
}

func rules(configured []string) *cors.Cors {
	return cors.New(cors.Options{
		AllowedOrigins: append(append([]string{}, clientOrigins...), configured...),
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Content-Type", "Authorization", "X-Clockwork-Token", "X-Request-Id", "If-None-Match"},
		ExposedHeaders: []string{"ETag", "Retry-After", "X-Request-Id", "Server-Timing"},
		MaxAge:         600,
	})
}
