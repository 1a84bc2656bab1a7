// Package web is inbound HTTP: reading a request strictly, writing an answer
// or an error in the API's form, request ids, timing and CORS. It knows
// no route and no service.
package web

import (
	"fmt"
	"net/http"
	"time"
)

// Error is an error answer. Message is a sentence that a person can act on; Err is the
// cause, for the log only.
type Error struct {
	Status     int
	Code       string // BAD_REQUEST, TIMER_STATE_UNKNOWN, …
	Message    string
	Field      string        // the one input at fault, if there is one
	Stopped    []string      // issues whose timers were stopped before this failed
	RetryAfter time.Duration // sent as Retry-After, in whole seconds
	Challenge  string        // sent as WWW-Authenticate (RFC 6750)
	Err        error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Code + ": " + e.Message
	}
	return e.Code + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// BadRequest is a 400 for one input.
func BadRequest(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "BAD_REQUEST", Field: field, Message: fmt.Sprintf(format, args...)}
}

// wireError is the body of an error (public/openapi.yaml).
type wireError struct {
	Error      string   `json:"error"`
	Message    string   `json:"message"`
	StatusCode int      `json:"statusCode"`
	Field      string   `json:"field,omitempty"`
	Stopped    []string `json:"stopped,omitempty"`
}
