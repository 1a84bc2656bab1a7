package telemetry

import (
	"net/http"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Handler records next's requests to the route with the template, until the
// answer begins: for a stream or a WebSocket, which may last for hours. What
// these cause later belongs to no request.
func (t *Telemetry) Handler(route string, next http.HandlerFunc) http.HandlerFunc {
	if t == nil {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		b := &beginning{ResponseWriter: w}
		_, b.request = t.Begin(upstream.WithTraceparent(r.Context(), r.Header.Get(upstream.TraceparentHeader)), r, route, "")
		next(b, r)
		b.begin(http.StatusOK)
	}
}

// beginning notes when an answer begins.
type beginning struct {
	http.ResponseWriter
	request *Request // nil once it has
}

func (b *beginning) begin(status int) {
	b.request.End(status, "")
	b.request = nil
}

func (b *beginning) WriteHeader(status int) {
	b.begin(status)
	b.ResponseWriter.WriteHeader(status)
}

func (b *beginning) Write(p []byte) (int, error) {
	b.begin(http.StatusOK)
	return b.ResponseWriter.Write(p)
}

// Unwrap lets an http.ResponseController reach the connection.
func (b *beginning) Unwrap() http.ResponseWriter { return b.ResponseWriter }
