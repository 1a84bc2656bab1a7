package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// guardedRedis answers at once while Redis is down: a request may need it three
// times, at two seconds each where it hangs, and would hold its goroutine and
// its caller for as long. What is sent to see whether it is back is a PING of
// its own with little time, not somebody's command, which may rightly take long.
type guardedRedis struct {
	Redis
	breaker *upstream.Breaker
}

// RedisDown is the failure of a command that was not sent.
type RedisDown struct{ Wait time.Duration }

func (e *RedisDown) Error() string { return fmt.Sprintf("redis: %v", upstream.ErrOpen) }

// Unwrap tells that nothing was sent.
func (e *RedisDown) Unwrap() error { return upstream.ErrOpen }

// RedisCode is "", as for every command that got no answer of Redis.
func (e *RedisDown) RedisCode() string { return "" }

// Do runs one command.
func (g guardedRedis) Do(ctx context.Context, cmd ...any) (reply any, err error) {
	err = g.run(ctx, func() error { reply, err = g.Redis.Do(ctx, cmd...); return err })
	return reply, err
}

// Pipeline runs commands in one round trip.
func (g guardedRedis) Pipeline(ctx context.Context, cmds ...[]any) (replies []any, err error) {
	err = g.run(ctx, func() error { replies, err = g.Redis.Pipeline(ctx, cmds...); return err })
	return replies, err
}

// Subscribe is not begun while Redis is down. What becomes of it counts
// neither way: it lasts.
func (g guardedRedis) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	if err := g.run(ctx, nil); err != nil {
		return err
	}
	return g.Redis.Subscribe(ctx, onReady, onMessage, channels...)
}

// PSubscribe is Subscribe for patterns.
func (g guardedRedis) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	if err := g.run(ctx, nil); err != nil {
		return err
	}
	return g.Redis.PSubscribe(ctx, onReady, onMessage, patterns...)
}

// run makes a call, which may be nil, if Redis is up or turns out to be.
func (g guardedRedis) run(ctx context.Context, call func() error) error {
	leave, probe, wait := g.breaker.Enter("")
	if probe {
		if err := g.ping(ctx, leave); err != nil {
			return err
		}
		leave, _, wait = g.breaker.Enter("")
	}
	if leave == nil {
		return &RedisDown{wait}
	}
	told := upstream.Unclear
	defer func() { leave(told) }()
	if call == nil {
		return nil
	}
	given, limited := ctx.Deadline()
	hurried := limited && time.Until(given) < redisProbe
	err := call()
	told = redisVerdict(err)
	if told == upstream.Failed && hurried && errors.Is(err, context.DeadlineExceeded) {
		told = upstream.Unclear // the caller was late already
	}
	return err
}

// ping asks whether Redis is back, on behalf of all: a caller who hangs up does
// not end it.
func (g guardedRedis) ping(ctx context.Context, leave func(upstream.Verdict)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisProbe)
	defer cancel()
	_, err := g.Redis.Do(ctx, "PING")
	leave(redisVerdict(err))
	return err
}

// redisVerdict says what the end of a call tells of Redis' health. A refusal by
// Redis itself is an answer, and so is a word of whatever stands before it, but
// for 5xx.
func redisVerdict(err error) upstream.Verdict {
	coded, byRedis := errors.AsType[redis.Error](err)
	overREST, isREST := errors.AsType[*upstash.Error](err)
	overTCP, isTCP := errors.AsType[*tcp.Error](err)
	switch {
	case err == nil:
		return upstream.Answered
	case errors.Is(err, context.Canceled), !byRedis:
		return upstream.Unclear // also a command that could not be encoded
	case isTCP && overTCP.Uncounted:
		return upstream.Unclear // a queue of our own must not look like a Redis that is down
	case coded.RedisCode() != "":
		return upstream.Answered
	case isREST && overREST.Status != 0 && overREST.Status < http.StatusInternalServerError:
		return upstream.Answered
	}
	return upstream.Failed
}
