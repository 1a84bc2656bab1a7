package upstream

import "context"

type requestIDKey struct{}

// RequestIDHeader carries the request id to an upstream.
const RequestIDHeader = "X-Request-Id"

// WithRequestID returns a context whose outgoing calls carry id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id that the context carries, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
