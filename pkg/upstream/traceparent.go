package upstream

import (
	"context"
	"regexp"
	"strings"
)

type traceparentKey struct{}

// TraceparentHeader carries the trace that a call belongs to (W3C Trace Context).
const TraceparentHeader = "Traceparent"

var traceparentForm = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// WithTraceparent returns a context whose outgoing calls carry a caller's
// traceparent, if it has the form of one.
func WithTraceparent(ctx context.Context, header string) context.Context {
	if header == "" || !traceparentForm.MatchString(header) {
		return ctx
	}
	return context.WithValue(ctx, traceparentKey{}, header)
}

// Traceparent returns what the context carries, or "".
func Traceparent(ctx context.Context) string {
	header, _ := ctx.Value(traceparentKey{}).(string)
	return header
}

// TraceID is the id of the trace that the context belongs to, if that is
// recorded, else "".
func TraceID(ctx context.Context) string {
	header := Traceparent(ctx)
	if header == "" || !strings.Contains("13579bdf", header[len(header)-1:]) { // the lowest bit of the flags
		return ""
	}
	return header[3:35]
}
