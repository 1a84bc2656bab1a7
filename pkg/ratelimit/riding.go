package ratelimit

import (
	"context"
	"errors"
)

type passKey struct{}

// With returns a context whose first reading command in Redis takes along what
// p has for it.
func With(ctx context.Context, p *Pass) context.Context {
	if p == nil || p.state.Load() != waiting {
		return ctx
	}
	return context.WithValue(ctx, passKey{}, p)
}

// Client is a Redis client.
type Client interface {
	Commands
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
	Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// Carrying is a client whose GET and MGET take along what a Pass has for
// Redis, in the same round trip.
type Carrying struct{ Client }

// Do runs one command. The error is an *Exceeded where the limit that it took
// along does not allow the request.
func (c Carrying) Do(ctx context.Context, cmd ...any) (any, error) {
	if p, _ := ctx.Value(passKey{}).(*Pass); p != nil && reads(cmd) && p.take() {
		return c.carry(ctx, p, cmd)
	}
	return c.Client.Do(ctx, cmd...)
}

// reads reports a command that may be sent again.
func reads(cmd []any) bool { return len(cmd) > 0 && (cmd[0] == "GET" || cmd[0] == "MGET") }

func (c Carrying) carry(ctx context.Context, p *Pass, cmd []any) (any, error) {
	replies, err := c.Client.Pipeline(ctx, command(p.now, p.counts()), cmd)
	if err == nil && len(replies) != 2 {
		err = errors.New("a pipeline of two has another number of answers")
	}
	if err != nil {
		_ = p.settle(ctx, nil, err)
		if timedOut(err) {
			return nil, err
		}
		return c.Client.Do(ctx, cmd...) // which repeats a read whose connection broke, as it would have alone
	}
	if err := p.settle(ctx, replies[0], nil); err != nil {
		return nil, err
	}
	if failed, ok := replies[1].(error); ok {
		return nil, failed
	}
	return replies[1], nil
}

// timedOut reports that the time for the command is used up as well.
func timedOut(err error) bool {
	var late interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.As(err, &late) && late.Timeout()
}
