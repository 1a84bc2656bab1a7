package upstash

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
)

// Error is a failed call. Its text is for the log: it never holds the token,
// the URL, a value or a channel.
type Error struct {
	// Op is the command's name ("GET"), PIPELINE, SUBSCRIBE or PSUBSCRIBE.
	Op string
	// Status is the HTTP status, 0 when no whole answer came back. A command
	// that failed inside a pipeline has 200.
	Status int
	// Code is the first word of Redis' error: ERR, WRONGTYPE, NOSCRIPT,
	// WRONGPASS; empty when it was not Redis that refused.
	Code string
	// Message is the rest of it, cut and masked so that it quotes no value.
	Message string
	// Retryable reports that the same call may well pass later: the service
	// was not reached, was busy, or is broken. False for what Redis refused
	// and for a used-up quota.
	Retryable bool
	// RetryAfter is the wait that the service asked for, 0 when it did not.
	RetryAfter time.Duration
	// Err is the cause where there is one, context.DeadlineExceeded for one.
	Err error
}

// Error names the operation, what Redis or HTTP said, and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "upstash %s", e.Op)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if said := strings.TrimSpace(e.Code + " " + e.Message); said != "" {
		fmt.Fprintf(&b, ": %s", said)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// RedisCode is Code, as a method that the client over TCP has too: empty means
// that Redis was not reached or did not answer, anything else is its refusal.
func (e *Error) RedisCode() string { return e.Code }

// unconnected reports that the connection failed before a whole answer was
// read, for another reason than that time ran out.
func (e *Error) unconnected() bool {
	return e.Status == 0 && e.Code == "" && e.Err != nil && !isContextError(e.Err)
}

func (c *Client) redisError(op string, status int, text string, cmds ...[]string) *Error {
	masked := append([][]string{{"", c.token.Reveal()}}, cmds...)
	code, message := redis.Explain(text, masked...)
	if code == "" {
		code = "ERR" // Redis did answer, only without the usual first word
	}
	return &Error{Op: op, Status: status, Code: code, Message: message, Retryable: mayPass(status, text)}
}

// mayPass decides Retryable for an answer of the service. Every quota and
// limit has "exceeded" in its text (Upstash: troubleshooting).
func mayPass(status int, text string) bool {
	busy := status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
	return busy && !strings.Contains(text, "exceeded")
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}

func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
