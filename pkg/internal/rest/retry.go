package rest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	maxAttempts = 3
	baseBackoff = 200 * time.Millisecond
	maxBackoff  = 2 * time.Second
	// maxPause is the longest pause that a person still waits for. A longer one is
	// returned to the caller as RetryAfter.
	maxPause = 5 * time.Second
)

var retryStatuses = []int{
	http.StatusTooManyRequests,
	http.StatusInternalServerError,
	http.StatusBadGateway,
	http.StatusServiceUnavailable,
	http.StatusGatewayTimeout,
}

// outcome is what one failed attempt came to, as far as the decision needs it.
type outcome struct {
	attempt    int           // 1 for the first
	readOnly   bool          // to repeat it changes nothing upstream
	status     int           // 0: nothing came back
	unsent     bool          // certain: the connection could not be opened
	lost       bool          // the request or its answer was lost on the way, or late
	retryAfter time.Duration // what the upstream asks for; 0: nothing
	backoff    time.Duration // the pause otherwise
	left       time.Duration // of the call's deadline
}

// decide says whether to try again, and after what pause.
func decide(o outcome) (pause time.Duration, again bool) {
	repeatable := o.unsent || o.readOnly && (o.lost || slices.Contains(retryStatuses, o.status))
	if o.attempt >= maxAttempts || !repeatable {
		return 0, false
	}
	pause = o.backoff
	if o.retryAfter > 0 {
		pause = o.retryAfter
	}
	if pause >= o.left || pause > maxPause {
		return 0, false
	}
	return pause, true
}

// retry sends r until an attempt succeeds or decide has had enough. It returns
// the number of attempts too.
func (c *Client) retry(ctx context.Context, r Request) (*Response, int, error) {
	var before *upstream.Error
	for n := 1; ; n++ {
		resp, failed := c.attempt(ctx, r)
		switch {
		case failed == nil:
			return resp, n, nil
		case errors.Is(failed, upstream.ErrOpen):
			return nil, n - 1, cmp.Or(before, failed)
		}
		if failed.Status == http.StatusTooManyRequests && r.TooMany != nil {
			r.TooMany()
		}
		before = failed
		pause, again := decide(outcome{
			attempt:    n,
			readOnly:   r.readOnly(),
			status:     failed.Status,
			unsent:     failed.Undialled(),
			lost:       lostOnTheWay(failed),
			retryAfter: failed.RetryAfter,
			backoff:    backoff(n, c.opts.Jitter()),
			left:       left(ctx),
		})
		if !again || c.opts.Sleep(ctx, pause) != nil {
			return nil, n, failed
		}
	}
}

// backoff doubles with each attempt; jitter in [0, 1) takes up to half of it.
func backoff(attempt int, jitter float64) time.Duration {
	d := min(baseBackoff<<(attempt-1), maxBackoff)
	return d - time.Duration(jitter*float64(d/2))
}

// left is nothing once ctx has ended, by whatever cause.
func left(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline() // Do always sets one
	if ctx.Err() != nil {
		return 0
	}
	return time.Until(deadline)
}

// lostOnTheWay reports a failure below HTTP that another attempt may not meet.
func lostOnTheWay(e *upstream.Error) bool {
	_, unsent := errors.AsType[*notSentError](e.Err)
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](e.Err)
	return e.Err != nil &&
		!unsent &&
		!badCertificate &&
		!errors.Is(e.Err, errTooLarge)
}
