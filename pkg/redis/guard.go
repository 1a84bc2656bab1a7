package redis

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Redis is asked by every request, so it has to show within a second that it is
// back: the open time and the longest probe together take less.
const (
	breakerFailures = 5
	breakerOpen     = 400 * time.Millisecond
)

// NewBreaker returns a breaker with the settings that suit Redis.
func NewBreaker(log *slog.Logger, now func() time.Time) *upstream.Breaker {
	return upstream.NewBreaker(upstream.BreakerOptions{Upstream: "redis", Log: log, Now: now, Failures: breakerFailures, OpenFor: breakerOpen})
}

// probeTimeout bounds the PING that asks whether Redis is back. It is sent for
// all callers, in place of one caller's command, which may rightly take long.
const probeTimeout = 300 * time.Millisecond

// guard makes a call, which may be nil, if Redis is up or has just come back.
// While Redis is down it fails at once: a request may need Redis three times,
// and would otherwise wait for the whole timeout each time.
func (c *Client) guard(ctx context.Context, op string, call func() error) error {
	leave, probe, wait := c.options.Breaker.Enter("")
	if probe {
		if err := c.ping(ctx, leave); err != nil {
			return err
		}
		leave, _, wait = c.options.Breaker.Enter("")
	}
	if leave == nil {
		return &Error{Op: op, RetryAfter: wait, Err: upstream.ErrOpen}
	}
	verdict := upstream.Unclear
	defer func() { leave(verdict) }()
	if call == nil {
		return nil
	}
	deadline, limited := ctx.Deadline()
	late := limited && time.Until(deadline) < probeTimeout
	err := call()
	verdict = verdictOf(err)
	if verdict == upstream.Failed && late && errors.Is(err, context.DeadlineExceeded) {
		verdict = upstream.Unclear // the caller had no time left for an answer
	}
	return err
}

// ping ends the probe. A caller who hangs up does not cancel it.
func (c *Client) ping(ctx context.Context, leave func(upstream.Verdict)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	_, err := c.send(ctx, "PING", [][]string{{"PING"}})
	leave(verdictOf(err))
	return err
}

// verdictOf says what the end of a call tells about Redis' health. A refusal is
// an answer, and so is any HTTP status under 500.
func verdictOf(err error) upstream.Verdict {
	failed, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return upstream.Answered
	case !ok, errors.Is(err, context.Canceled), failed.Uncounted:
		return upstream.Unclear
	case failed.Code != "", failed.Status != 0 && failed.Status < http.StatusInternalServerError:
		return upstream.Answered
	}
	return upstream.Failed
}
