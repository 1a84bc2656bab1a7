package upstream

import "context"

// Request is the context of a request that is being answered. It is WithRequestID,
// WithCaller and WithTiming in one, because each request has all three.
type Request struct {
	context.Context
	ID     string
	Caller string // "" until it is known; set it before the first call
	Timing Timing
}

// Value returns what the functions of this package look for.
func (r *Request) Value(key any) any {
	switch key {
	case requestIDKey{}:
		return r.ID
	case callerKey{}:
		return r.Caller
	case timingKey{}:
		return &r.Timing
	}
	return r.Context.Value(key)
}
