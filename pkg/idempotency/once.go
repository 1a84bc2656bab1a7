// Package idempotency lets a client that lost an answer repeat its request with the same
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), without anything being
// done twice.
//
// The first request with a key claims it. Its answer is stored for a day, and a
// repetition gets that. While the first is in progress, a repetition waits for a few
// seconds. A failure that certainly changed nothing frees the key.
//
// If a claim is older than any request can be, by its lifetime in Redis, its process was
// killed. Then, or if the upstream's answer was lost, the outcome is unknown: a
// repetition looks whether it was done. If that does not show, the outcome stays unknown,
// and it is not done again under this key.
//
// An operation that does no harm when done twice at the same time needs no claim, which
// saves a command: its key is read together with what else it needs. A repetition that
// comes before the first answer, or after the first process was killed, does it again.
// Of two answers the first stays stored.
//
// Without Redis an operation that may be repeated goes on. Any other is refused, because
// doing it only once cannot be promised.
//
// Keys: clockwork:idempotency:{HMAC of the caller, the route and the key}, a day.
package idempotency

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
)

// Errors of an operation that was not begun.
var (
	ErrInProgress  = errors.New("the first request with this key is not finished")
	ErrReused      = errors.New("this key was used for something else")
	ErrUnknown     = errors.New("the outcome of the first request with this key is unknown")
	ErrUnavailable = errors.New("keys cannot be read")
)

const (
	keyPrefix = "clockwork:idempotency:"
	recordTTL = 24 * time.Hour
)

// Store stores what was done under each key.
type Store struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
		Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
	}
	Key   *keyed.Key                                       // every instance must have it
	Lease time.Duration                                    // longer than any operation takes
	Pause func(ctx context.Context, d time.Duration) error // nil: a timer that ends with ctx
	Log   *slog.Logger
}

// Answer is the answer to a success.
type Answer struct {
	Status int
	Body   json.RawMessage
	// Replayed says that it is the answer to an earlier request with the key.
	Replayed bool
}

// Operation is what is to be done once.
type Operation struct {
	Caller, Route, Key string // the same key of another caller, or for another route, is another
	Payload            []byte // what is asked for
	// Do does it. It is not stopped by a caller who hangs up.
	Do func(ctx context.Context) (Answer, error)
	// Uncertain reports an error of Do after which it may have been done.
	Uncertain func(error) bool
	// Unclaimed says that doing it twice at the same time does no harm.
	Unclaimed bool
	// Repeatable says that doing it again at any later time does no harm either. It
	// implies Unclaimed.
	Repeatable bool
	// Find looks whether a claimed operation of unknown outcome was done.
	Find func(ctx context.Context) (Answer, bool)
}

// Attempt is an operation under its key. Its user sends Claim, or if that is nil reads
// the key called Name, and passes the reply to Run.
type Attempt struct {
	Name        string // of the key in Redis
	keys        *Store
	op          Operation
	fingerprint string
}

// Attempt does no I/O.
func (s *Store) Attempt(op Operation) *Attempt {
	return &Attempt{Name: keyPrefix + s.mac("key", op.Caller, op.Route, op.Key), keys: s, op: op,
		fingerprint: s.mac("payload", string(op.Payload))}
}

// Claim is the command that claims the key; nil for an operation that is
// Unclaimed.
func (a *Attempt) Claim() []any {
	if a.op.Unclaimed {
		return nil
	}
	return []any{"SET", a.Name, record{Fingerprint: a.fingerprint}.encode(), "NX", "EX", int(recordTTL / time.Second)}
}

// Release deletes the claim, if reply says that one was made, because the operation was
// not begun.
func (a *Attempt) Release(ctx context.Context, reply any) {
	if !a.op.Unclaimed && reply == "OK" {
		a.store(ctx, "DEL", a.Name)
	}
}

// Run does the operation, or returns the answer to an earlier request with the key. reply
// is that to Claim, or the key's value.
func (a *Attempt) Run(ctx context.Context, reply any, err error) (Answer, error) {
	if failed, ok := reply.(error); ok {
		err = failed
	}
	switch {
	case err != nil && a.op.Repeatable:
		a.keys.Log.WarnContext(ctx, "idempotency key not read", "error", err)
		return a.op.Do(ctx)
	case err != nil:
		return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case a.op.Unclaimed:
		return a.unlessDone(ctx, reply)
	case reply == "OK":
		return a.perform(ctx)
	}
	return a.wait(ctx)
}

// unlessDone does an operation that needs no claim, unless its key's value says that it
// was done.
func (a *Attempt) unlessDone(ctx context.Context, held any) (Answer, error) {
	if held == nil {
		return a.perform(ctx)
	}
	answer, err := a.after(decode(held, a.fingerprint))
	if errors.Is(err, ErrInProgress) || errors.Is(err, ErrUnknown) && a.op.Repeatable {
		return a.perform(ctx)
	}
	return answer, err
}

// after is the outcome of an earlier request by its record.
func (a *Attempt) after(first record) (Answer, error) {
	switch {
	case first.Fingerprint != a.fingerprint:
		return Answer{}, ErrReused
	case first.done():
		return Answer{Status: first.Status, Body: first.Body, Replayed: true}, nil
	case first.Unknown:
		return Answer{}, ErrUnknown
	}
	return Answer{}, ErrInProgress
}

// find answers a repetition of a request whose outcome is unknown.
func (a *Attempt) find(ctx context.Context) (Answer, error) {
	if a.op.Find != nil {
		if answer, found := a.op.Find(ctx); found {
			a.storeAnswer(ctx, answer)
			answer.Replayed = true
			return answer, nil
		}
	}
	return Answer{}, ErrUnknown
}

// perform does the operation, and stores its outcome.
func (a *Attempt) perform(ctx context.Context) (Answer, error) {
	working := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var done context.CancelFunc
		working, done = context.WithDeadline(working, deadline)
		defer done()
	}
	answer, err := a.op.Do(working)
	switch {
	case err == nil:
		a.storeAnswer(ctx, answer)
	case a.op.Uncertain(err) && !a.op.Repeatable:
		a.store(ctx, "SET", a.Name, record{Fingerprint: a.fingerprint, Unknown: true}.encode(), "EX", int(recordTTL/time.Second))
	case !a.op.Unclaimed:
		a.store(ctx, "DEL", a.Name)
	}
	return answer, err
}

func (a *Attempt) storeAnswer(ctx context.Context, answer Answer) {
	cmd := []any{"SET", a.Name, record{Fingerprint: a.fingerprint, Status: answer.Status, Body: answer.Body}.encode(), "EX", int(recordTTL / time.Second)}
	if a.op.Unclaimed { // an answer to the same request may be there already
		cmd = append(cmd, "NX")
	}
	a.store(ctx, cmd...)
}

// store writes an outcome, even if the caller hung up. If that fails, the claim stays,
// and the outcome is unknown.
func (a *Attempt) store(ctx context.Context, cmd ...any) {
	ctx = context.WithoutCancel(ctx) // the Redis client has a deadline of its own
	if _, err := a.keys.Redis.Do(ctx, cmd...); err != nil {
		a.keys.Log.WarnContext(ctx, "outcome not stored under its idempotency key", "error", err)
	}
}

// mac is an HMAC over parts, each with its length, so that different parts never make
// the same text.
func (s *Store) mac(parts ...string) string {
	text := make([]byte, 0, 256)
	for _, part := range append([]string{"idempotency"}, parts...) {
		text = append(strconv.AppendInt(text, int64(len(part)), 10), ':')
		text = append(append(text, part...), '\n')
	}
	return s.Key.Name(string(text))
}
