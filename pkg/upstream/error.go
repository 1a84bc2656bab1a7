// Package upstream is what the clients of other services share with those who
// call them: the type of a failed call, the request id that travels along, and
// the time spent waiting for answers. It does no I/O, and anyone may import it.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Codes that this backend gives itself, if the upstream has no word of its own or
// its word would mislead.
const (
	CodeAuthFailed = "AUTH_FAILED"    // the upstream refuses the credential of this server, not of the caller
	CodeBadBody    = "BAD_BODY"       // it answered 2xx with something that cannot be read, or 403 or 404 with a page that is not its own
	CodeTooLarge   = "BODY_TOO_LARGE" // its answer is over the limit
	CodeRedirect   = "REDIRECT"       // it answered 3xx; redirects are never followed
	CodeGone       = "GONE"           // 410: the endpoint was removed, the client needs a change
)

// Error is a failed call to an upstream. Its text is for the log only.
type Error struct {
	Upstream   string        // "clockwork", "jira"
	Op         string        // "timers.stop"; a constant, so that log lines group
	Status     int           // HTTP status; 0 when nothing came back
	Code       string        // the upstream's own word, or one of the codes above
	Message    string        // the upstream's own sentence, bounded and without credentials; for the log only
	RetryAfter time.Duration // how long the upstream asks to wait; 0 when it does not say
	At         time.Time     // of a refusal, by the upstream's clock; zero if it does not say
	Err        error         // what failed below HTTP, if anything
}

// StatusOf is the HTTP status that err carries, or 0.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

// Error gives everything that is known, on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Upstream, e.Op)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns what failed below HTTP, or nil.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether the answer did not come in time: the deadline of
// the call, of its caller, or of the connection.
func (e *Error) Timeout() bool {
	ne, ok := errors.AsType[net.Error](e.Err)
	return errors.Is(e.Err, context.DeadlineExceeded) || ok && ne.Timeout()
}

// Unsent reports that the call certainly did not arrive: no connection was
// opened, or the upstream was not asked at all.
func (e *Error) Unsent() bool {
	return errors.Is(e.Err, ErrOpen) || e.Undialled()
}

// Undialled reports that no connection was opened.
func (e *Error) Undialled() bool {
	op, ok := errors.AsType[*net.OpError](e.Err)
	return ok && op.Op == "dial"
}
