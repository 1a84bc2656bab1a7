package tcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	redigo "github.com/gomodule/redigo/redis"

	"github.com/clockwork-timer/backend/pkg/redis"
)

// errorOf turns a refusal, or the reason why no reply came, into an Error.
func errorOf(ctx context.Context, op string, err error, cmds ...[]string) *redis.Error {
	if refused, ok := errors.AsType[redigo.Error](err); ok {
		return redis.Refused(op, refused.Error(), cmds...)
	}
	return lost(ctx, op, err)
}

// ErrQueued means that the time was over before the call's turn came: other
// calls of this process were under way on every connection. Nothing was sent,
// and it says nothing about Redis.
var ErrQueued = errors.New("not sent: it waited for the connections that other calls use")

// errClosed is the answer of a client that is closed.
var errClosed = errors.New("the client is closed")

// errProtocol stands for what the library says of an answer that it cannot read,
// which would quote the answer; the type distinguishes it from a failed TLS handshake.
var errProtocol = errors.New("what answers does not speak Redis, or not the TLS that the URL asks for")

// lost is the error of a call that brought no whole answer.
func lost(ctx context.Context, op string, err error) *redis.Error {
	netErr, network := errors.AsType[net.Error](err)
	closed := errors.Is(err, errClosed)
	switch {
	case ended(ctx) != nil:
		err = ended(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded) || network && netErr.Timeout():
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	case network, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), closed:
	default:
		err = fmt.Errorf("%w (%T)", errProtocol, err)
	}
	failed := redis.Lost(op, err)
	failed.Broken = failed.Broken && !closed
	return failed
}

// ended is ctx.Err(), also in the moment between a connection's deadline, which
// is taken from the context, and the context's own timer.
func ended(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}
