package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Error is a failed call. Its text is for the log: it never holds a credential,
// the URL, a value or a channel.
type Error struct {
	// Op is the command's name ("GET"), PIPELINE, SUBSCRIBE or PSUBSCRIBE.
	Op string
	// Status is the HTTP status over REST; 0 over TCP, or if no whole answer came.
	// A command that failed inside a pipeline has 200.
	Status int
	// Code is the first word of Redis' error: ERR, WRONGTYPE, NOSCRIPT, WRONGPASS;
	// empty if Redis was not reached or did not answer.
	Code string
	// Message is the rest of it, cut and masked so that it quotes no value.
	Message string
	// RetryAfter is how long to wait before the next call; 0 if nobody said.
	RetryAfter time.Duration
	// Broken reports that the connection failed, for another reason than that time
	// ran out or the client was closed: a new one may work.
	Broken bool
	// Uncounted reports that this failure says nothing about Redis that another
	// one does not: one lost connection failed several calls, or the call waited
	// for its turn until its time was nearly over.
	Uncounted bool
	// Err is the cause if there is one, such as context.DeadlineExceeded.
	Err error
}

// Error names the operation, what Redis or HTTP said, and the cause.
func (e *Error) Error() string {
	text := "redis " + e.Op
	if e.Status != 0 {
		text += fmt.Sprintf(": HTTP %d", e.Status)
	}
	if said := strings.TrimSpace(e.Code + " " + e.Message); said != "" {
		text += ": " + said
	}
	if e.Err != nil {
		text += fmt.Sprintf(": %v", e.Err)
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// RedisCode is Code, for packages that do not import this one.
func (e *Error) RedisCode() string { return e.Code }

// Refused is the error of a command that Redis refused. What it says is masked:
// no argument of the commands is quoted.
func Refused(op, text string, cmds ...[]string) *Error {
	code, message := Explain(text, cmds...)
	code = cmp.Or(code, "ERR") // Redis did answer, only without the usual first word
	return &Error{Op: op, Code: code, Message: message}
}

// Lost is the error of a call that brought no whole answer.
func Lost(op string, err error) *Error {
	return &Error{Op: op, Err: err, Broken: !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)}
}
