package rest

import (
	"context"
	"errors"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// minPatience is the shortest time for an answer after which silence says something
// about the upstream.
const minPatience = time.Second

// attempt sends r once, unless the breaker is open.
func (c *Client) attempt(ctx context.Context, r Request) (*Response, *upstream.Error) {
	leave, _, wait := c.opts.Breaker.Enter(upstream.Caller(ctx))
	if leave == nil {
		return nil, &upstream.Error{Upstream: c.opts.Upstream, Op: r.Op, RetryAfter: wait, Err: upstream.ErrOpen}
	}
	verdict := upstream.Unclear
	defer func() { leave(verdict) }()
	given := left(ctx)
	if r.Attempt > 0 {
		given = min(given, r.Attempt)
	}
	x := c.send(ctx, r)
	failed := c.check(r, x)
	if failed != nil {
		verdict = judge(failed, given)
	} else {
		verdict = upstream.Answered
	}
	return x.resp, failed
}

// judge says what a failed attempt means for the upstream's health.
func judge(failed *upstream.Error, given time.Duration) upstream.Verdict {
	_, unsent := errors.AsType[*notSentError](failed.Err)
	switch {
	case unsent, errors.Is(failed.Err, context.Canceled):
		return upstream.Unclear
	case failed.Timeout() && given < minPatience:
		return upstream.Unclear
	case errors.Is(failed.Err, errTooLarge):
		return upstream.Answered
	case failed.Err != nil, failed.Status >= 500:
		return upstream.Failed
	}
	return upstream.Answered
}
