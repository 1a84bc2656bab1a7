package tcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/clockwork-timer/backend/pkg/redis"
)

// Error is a failed call. Its text is for the log: it never holds the
// password, the URL, a value or a channel.
type Error struct {
	// Op is the command's name ("GET"), PIPELINE, SUBSCRIBE or PSUBSCRIBE.
	Op string
	// Code is the first word of Redis' error: ERR, WRONGTYPE, NOSCRIPT,
	// WRONGPASS; empty when Redis was not reached or did not answer.
	Code string
	// Message is the rest of it, cut and masked so that it quotes no value.
	Message string
	// Retryable reports that the same call may well pass later: the server was
	// not reached, is loading, or is full of clients.
	Retryable bool
	// Uncounted reports that the failure says nothing about Redis that another
	// one does not: one lost connection failed several calls, or the call's time
	// was nearly over when its turn came. Whoever counts failures leaves it out.
	Uncounted bool
	// Err is the cause where there is one, context.DeadlineExceeded for one.
	Err error
}

// Error names the operation, what Redis said, and the cause.
func (e *Error) Error() string {
	text := "redis " + e.Op
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

// RedisCode is Code, as a method that the client over REST has too: empty means
// that Redis was not reached or did not answer, anything else is its refusal.
func (e *Error) RedisCode() string { return e.Code }

// unconnected reports that the connection failed, for another reason than that
// time ran out or that the client was closed.
func (e *Error) unconnected() bool {
	return e.Code == "" && e.Err != nil && !isContextError(e.Err) && !errors.Is(e.Err, goredis.ErrClosed)
}

// failed turns what go-redis returned into an Error.
func failed(ctx context.Context, op string, err error, cmds ...[]string) *Error {
	refused, ok := errors.AsType[goredis.Error](err)
	if ok {
		return redisError(op, refused.Error(), cmds...)
	}
	return lost(ctx, op, err)
}

func redisError(op, text string, cmds ...[]string) *Error {
	code, message := redis.Explain(text, cmds...)
	if code == "" {
		code = "ERR" // Redis did answer, only without the usual first word
	}
	busy := code == "LOADING" || code == "TRYAGAIN" || code == "MASTERDOWN" || strings.HasPrefix(message, "max number of clients")
	return &Error{Op: op, Code: code, Message: message, Retryable: busy}
}

// ErrQueued means that the time was over before the call's turn came: other
// calls of this process were under way on every connection. Nothing was sent,
// and it says nothing about Redis.
var ErrQueued = errors.New("not sent: it waited for the connections that other calls use")

// errProtocol stands for what go-redis says of an answer that it cannot read,
// which would quote the answer; the type tells it from a failed TLS handshake.
var errProtocol = errors.New("what answers does not speak Redis, or not the TLS that the URL asks for")

// lost is the error of a call that brought no whole answer.
func lost(ctx context.Context, op string, err error) *Error {
	netErr, isNetwork := errors.AsType[net.Error](err)
	switch {
	case ended(ctx) != nil:
		err = ended(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded) || isNetwork && netErr.Timeout() || errors.Is(err, goredis.ErrPoolTimeout):
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	case isNetwork, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, goredis.ErrClosed):
	default:
		err = fmt.Errorf("%w (%T)", errProtocol, err)
	}
	return &Error{Op: op, Retryable: !errors.Is(err, context.Canceled), Err: err}
}

// ended is ctx.Err(), also in the moment between a connection's deadline, which
// is taken from the context, and the context's own timer.
func ended(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func isContextError(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
