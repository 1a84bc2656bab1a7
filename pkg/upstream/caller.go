package upstream

import "context"

type callerKey struct{}

// WithCaller returns a context whose outgoing calls are made for a caller, identified by
// any text that differs between callers.
func WithCaller(ctx context.Context, caller string) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// Caller returns the caller that the context carries, or "".
func Caller(ctx context.Context) string {
	caller, _ := ctx.Value(callerKey{}).(string)
	return caller
}
