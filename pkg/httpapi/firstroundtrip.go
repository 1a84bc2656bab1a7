package httpapi

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// replies are those of Redis to the first round trip of a start or stop. A reply may be
// an error.
type replies struct {
	limit    any // of the rate limit
	limitErr error
	key      any // to the claim, or the value of the Idempotency-Key
	read     any // of the route's own read
	err      error
}

// firstRoundTrip sends the rate limit's command, the claim of the key and the route's
// own read. A key that is not claimed is added to that read. A caller who hangs up does
// not cancel it, because a claim would be left behind.
func firstRoundTrip(ctx context.Context, d *app.Deps, pass *ratelimit.Pass, attempt *idempotency.Attempt, read []any) (r replies) {
	ctx = context.WithoutCancel(ctx)
	limit := pass.Command()
	var claim []any
	reads := attempt != nil // the key
	if reads {
		claim = attempt.Claim()
		if reads = claim == nil; reads {
			read = append(slices.Clip(read), attempt.Name)
		}
	}
	cmds := slices.DeleteFunc([][]any{limit, claim, read}, func(cmd []any) bool { return cmd == nil })
	answers, err := d.Redis.Pipeline(ctx, cmds...)
	if err == nil && len(answers) != len(cmds) {
		err = fmt.Errorf("a pipeline of %d commands has %d answers", len(cmds), len(answers))
	}
	if err != nil {
		r.limitErr, r.err = err, err
		if claim == nil && !timedOut(err) { // the connection broke, and a read may be repeated
			r.read, r.err = d.Redis.Do(ctx, read...)
		}
	} else {
		next := func(cmd []any) (reply any) {
			if cmd != nil {
				reply, answers = answers[0], answers[1:]
			}
			return reply
		}
		r.limit, r.key, r.read = next(limit), next(claim), next(read)
	}
	if reads {
		r.splitKey()
	}
	return r
}

// splitKey moves the key's value from the end of the read to key.
func (r *replies) splitKey() {
	items, ok := r.read.([]any)
	if failed, refused := r.read.(error); refused && r.err == nil {
		r.err = failed
	}
	if r.err == nil && (!ok || len(items) == 0) {
		r.err = fmt.Errorf("mget answered %T", r.read)
	}
	if r.err == nil {
		last := len(items) - 1
		r.key, r.read = items[last], items[:last]
	}
}

func timedOut(err error) bool {
	late, ok := errors.AsType[timeouter](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && late.Timeout()
}

type timeouter interface {
	error
	Timeout() bool
}
