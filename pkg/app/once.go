package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/web"
)

// leaseSlack is what a request may take beyond its deadline: what follows a
// change in Clockwork is still done then.
const leaseSlack = 10 * time.Second

// Once is a start or stop that a client may ask for again by its
// Idempotency-Key.
type Once struct {
	Payload any // what is asked for, checked
	// Do does it.
	Do func(ctx context.Context) (web.Reply, error)
	// Repeatable says that to do it twice is as good as once.
	Repeatable bool
	// Find looks whether it was done, where nobody knows.
	Find func(ctx context.Context) (web.Reply, bool)
}

// newOnce has a client of its own: that of Deps takes a question along that
// must be answered before anything is done, and after the key is claimed.
func (d *Deps) newOnce(redis Redis) *idempotency.Store {
	return &idempotency.Store{Redis: redis, Key: ownerKey(d.Config), Lease: d.Deadlines.Request + leaseSlack, Now: d.Now, Log: d.Log}
}

// Once does what the request asks for, once for each Idempotency-Key of its
// caller. Without that header it costs nothing.
func (d *Deps) Once(ctx context.Context, r *Request, once Once) (web.Reply, error) {
	key, err := idempotency.ParseKey(r.Header.Values(idempotency.Header))
	switch {
	case err != nil:
		return web.Reply{}, web.BadRequest(idempotency.Header, "%s.", err)
	case key == "":
		return once.Do(ctx)
	}
	payload, err := json.Marshal(once.Payload)
	if err != nil {
		return web.Reply{}, err
	}
	answer, err := d.once.Once(ctx, idempotency.Operation{
		Caller: credential(r), Route: r.URL.Path, Key: key, Payload: payload, Repeatable: once.Repeatable,
		Uncertain: func(err error) bool { return errors.Is(err, timercontrol.ErrOutcomeUnknown) },
		Do: func(ctx context.Context) (idempotency.Answer, error) {
			reply, err := once.Do(ctx)
			if err != nil {
				return idempotency.Answer{}, err
			}
			return keepable(reply)
		},
		Find: func(ctx context.Context) (answer idempotency.Answer, found bool) {
			if once.Find == nil {
				return answer, false
			}
			reply, found := once.Find(ctx)
			answer, err := keepable(reply)
			return answer, found && err == nil
		},
	})
	return web.Reply{Status: answer.Status, Body: answer.Body, Replayed: answer.Replayed}, err
}

func keepable(reply web.Reply) (answer idempotency.Answer, err error) {
	answer.Status = reply.Status
	answer.Body, err = json.Marshal(reply.Body)
	return answer, err
}

// credential is by what the caller is known. The same login has another bearer
// token each day, but is the same user.
func credential(r *Request) string {
	if r.Caller.Known {
		return "user\n" + r.Caller.UserID
	}
	return "token\n" + r.Caller.ClockworkToken.Reveal()
}

// keyRetry is when the first request with a key may be finished.
const keyRetry = 2 * time.Second

// keyError says why a start or stop with an Idempotency-Key was not begun; nil
// for another error.
func keyError(err error) *web.Error {
	switch {
	case errors.Is(err, idempotency.ErrInProgress):
		return &web.Error{Status: http.StatusConflict, Code: "IDEMPOTENCY_IN_PROGRESS", RetryAfter: keyRetry, Err: err,
			Message: "The first request with this Idempotency-Key is not finished. Ask again in a moment."}
	case errors.Is(err, idempotency.ErrUnknown):
		return &web.Error{Status: http.StatusConflict, Code: "IDEMPOTENCY_OUTCOME_UNKNOWN", RetryAfter: keyRetry, Err: err,
			Message: "It is not known whether Clockwork did this. Look at your timers; if it is not done, do it again."}
	case errors.Is(err, idempotency.ErrReused):
		return &web.Error{Status: http.StatusUnprocessableEntity, Code: "IDEMPOTENCY_KEY_REUSED", Field: idempotency.Header, Err: err,
			Message: "This Idempotency-Key was used for something else. Use a new one for each start or stop."}
	case errors.Is(err, idempotency.ErrUnavailable):
		return &web.Error{Status: http.StatusServiceUnavailable, Code: "IDEMPOTENCY_UNAVAILABLE", RetryAfter: keyRetry, Err: err,
			Message: "That this happens only once cannot be promised at the moment. Try again shortly."}
	}
	return nil
}
