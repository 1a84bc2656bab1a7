package httpapi

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Once is a start or stop that a client may repeat with its Idempotency-Key.
type Once struct {
	Payload any // what is asked for, checked
	// Read is the MGET of what Do needs to know.
	Read []any
	// Do does it, with the reply to Read.
	Do func(ctx context.Context, reply any, err error) (web.Reply, error)
	// Unclaimed says that doing it twice at the same time does no harm.
	Unclaimed bool
	// Repeatable says that doing it again at any later time does no harm either. It
	// implies Unclaimed.
	Repeatable bool
	// Find looks whether it was done, if the outcome of the first request is unknown.
	Find func(ctx context.Context) (web.Reply, bool)
}

// runOnce does it once for each Idempotency-Key of the caller. The rate limit, the key
// and Do's read go to Redis in one round trip.
func runOnce(ctx context.Context, d *app.Deps, r *Request, once Once) (web.Reply, error) {
	var known replies
	attempt, err := newAttempt(d, r, once, &known)
	if err != nil {
		return web.Reply{}, err
	}
	known = firstRoundTrip(ctx, d, r.pass, attempt, once.Read)
	if err := r.pass.Settle(ctx, known.limit, known.limitErr); err != nil {
		if attempt != nil {
			attempt.Release(ctx, known.key)
		}
		return web.Reply{}, err
	}
	if attempt == nil {
		return once.Do(ctx, known.read, known.err)
	}
	answer, err := attempt.Run(ctx, known.key, known.err)
	return web.Reply{Status: answer.Status, Body: web.JSON(answer.Body), Replayed: answer.Replayed}, err
}

// newAttempt returns nil without an Idempotency-Key.
func newAttempt(d *app.Deps, r *Request, once Once, known *replies) (*idempotency.Attempt, error) {
	key, err := idempotency.ParseKey(r.Header.Values(idempotency.Header))
	switch {
	case err != nil:
		return nil, web.BadRequest(idempotency.Header, "%s.", err)
	case key == "":
		return nil, nil
	}
	payload, err := json.Marshal(once.Payload)
	if err != nil {
		return nil, err
	}
	op := idempotency.Operation{
		Caller: credential(r), Route: r.URL.Path, Key: key, Payload: payload, Unclaimed: once.Unclaimed, Repeatable: once.Repeatable,
		Uncertain: func(err error) bool { return errors.Is(err, timercontrol.ErrOutcomeUnknown) },
		Do: func(ctx context.Context) (idempotency.Answer, error) {
			reply, err := once.Do(ctx, known.read, known.err)
			if err != nil {
				return idempotency.Answer{}, err
			}
			return storedAnswer(reply)
		},
	}
	if once.Find != nil {
		op.Find = func(ctx context.Context) (idempotency.Answer, bool) {
			reply, found := once.Find(ctx)
			answer, err := storedAnswer(reply)
			return answer, found && err == nil
		}
	}
	return d.Idempotency.Attempt(op), nil
}

func storedAnswer(reply web.Reply) (answer idempotency.Answer, err error) {
	answer.Status = reply.Status
	answer.Body, err = json.Marshal(reply.Body)
	return answer, err
}

// credential identifies the caller: by their user id, since a login has a new bearer
// token each day, or by their Clockwork token.
func credential(r *Request) string {
	if r.Caller.Known {
		return "user\n" + r.Caller.UserID
	}
	return "token\n" + r.Caller.ClockworkToken.Reveal()
}
