// Package idempotency lets a client that lost an answer ask again, by the same
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), without
// anything being done twice.
//
// The first request with a key claims it. Its answer is kept for a day, and is
// what a repetition gets. While the first is under way a repetition waits for a
// few seconds: whoever lost a connection asks again at once, and most often the
// answer is about to come. A failure that certainly changed nothing frees the
// key.
//
// A claim that is older than any request lasts, by its lifetime in Redis, is
// that of a process that was killed. If so, or if the upstream's answer was
// lost, nobody knows what became of the first: then it is looked up whether it
// was done, and if that does not show it stays unknown. It is not done again
// under this key.
//
// An operation that does no more harm twice at the same time than once needs no
// claim, and so one command less: its key is read with whatever else it needs,
// and a repetition that comes before the first has answered is sent too, or
// after its process was killed. Of two answers the one that was kept first stays.
//
// Without Redis an operation that may be repeated goes on; any other is refused,
// because a promise to do it once could not be kept.
//
// Keys: clockwork:idempotency:{HMAC of the caller, the route and the key}, a day.
package idempotency

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Errors of an operation that was not begun.
var (
	ErrInProgress  = errors.New("the first request with this key is not finished")
	ErrReused      = errors.New("this key was used for something else")
	ErrUnknown     = errors.New("it is not known what became of the first request with this key")
	ErrUnavailable = errors.New("keys cannot be read")
)

const (
	keyPrefix = "clockwork:idempotency:"
	life      = 24 * time.Hour
)

// keeping bounds the wait for Redis to keep an outcome; tests have more.
var keeping = 2 * time.Second

// Store remembers what was done.
type Store struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
		Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
	}
	Key   []byte                                           // of the HMAC; every instance must have it
	Lease time.Duration                                    // longer than any operation takes
	Pause func(ctx context.Context, d time.Duration) error // nil: a timer that ends with ctx
	Log   *slog.Logger
}

// Answer is what a client is told of success.
type Answer struct {
	Status int
	Body   json.RawMessage
	// Replayed says that an earlier request with the key has done it.
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
	// Unclaimed says that twice at the same time is as good as once.
	Unclaimed bool
	// Repeatable says that at any later time, too, twice is as good as once. It
	// is for an operation that is Unclaimed.
	Repeatable bool
	// Find looks whether a claimed operation was done, if nobody knows.
	Find func(ctx context.Context) (Answer, bool)
}

// Attempt is an operation under its key. Whoever makes it sends Claim, or reads
// the key with the Name if there is no claim, and hands the reply to Run.
type Attempt struct {
	Name        string // of the key in Redis
	store       *Store
	op          Operation
	fingerprint string
}

// Attempt does no I/O.
func (s *Store) Attempt(op Operation) *Attempt {
	return &Attempt{Name: keyPrefix + s.mac("key", op.Caller, op.Route, op.Key), store: s, op: op,
		fingerprint: s.mac("payload", string(op.Payload))}
}

// Claim is the command that claims the key; nil for an operation that is
// Unclaimed.
func (a *Attempt) Claim() []any {
	if a.op.Unclaimed {
		return nil
	}
	return []any{"SET", a.Name, record{Fingerprint: a.fingerprint}.encode(), "NX", "EX", int(life / time.Second)}
}

// Release gives back the claim that reply says was made, because the operation
// is not begun.
func (a *Attempt) Release(ctx context.Context, reply any) {
	if !a.op.Unclaimed && reply == "OK" {
		a.keep(ctx, "DEL", a.Name)
	}
}

// Run does the operation, or answers what an earlier request with the key got.
// The reply is that to Claim, or what the key held.
func (a *Attempt) Run(ctx context.Context, reply any, err error) (Answer, error) {
	if failed, ok := reply.(error); ok {
		err = failed
	}
	switch {
	case err != nil && a.op.Repeatable:
		a.store.Log.WarnContext(ctx, "idempotency key not read", "error", err)
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

// unlessDone does an operation that needs no claim, if what its key holds does
// not say that it was done.
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

// after is what the record of an earlier request says.
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

// find is the answer to a repetition of what nobody knows the outcome of.
func (a *Attempt) find(ctx context.Context) (Answer, error) {
	if a.op.Find != nil {
		if answer, found := a.op.Find(ctx); found {
			a.keepAnswer(ctx, answer)
			answer.Replayed = true
			return answer, nil
		}
	}
	return Answer{}, ErrUnknown
}

// perform does it.
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
		a.keepAnswer(ctx, answer)
	case a.op.Uncertain(err) && !a.op.Repeatable:
		a.keep(ctx, "SET", a.Name, record{Fingerprint: a.fingerprint, Unknown: true}.encode(), "EX", int(life/time.Second))
	case !a.op.Unclaimed:
		a.keep(ctx, "DEL", a.Name)
	}
	return answer, err
}

func (a *Attempt) keepAnswer(ctx context.Context, answer Answer) {
	cmd := []any{"SET", a.Name, record{Fingerprint: a.fingerprint, Status: answer.Status, Body: answer.Body}.encode(), "EX", int(life / time.Second)}
	if a.op.Unclaimed { // an answer to the same request may be there already
		cmd = append(cmd, "NX")
	}
	a.keep(ctx, cmd...)
}

// keep writes an outcome, also of a caller who hung up. If it cannot, the claim
// stays, and the outcome is unknown.
func (a *Attempt) keep(ctx context.Context, cmd ...any) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), keeping)
	defer done()
	if _, err := a.store.Redis.Do(ctx, cmd...); err != nil {
		a.store.Log.WarnContext(ctx, "outcome not kept under its idempotency key", "error", err)
	}
}

// mac is an HMAC over parts, each with its length: no two lists of parts are
// the same text.
func (s *Store) mac(parts ...string) string {
	mac := hmac.New(sha256.New, s.Key)
	for _, part := range append([]string{"idempotency"}, parts...) {
		fmt.Fprintf(mac, "%d:%s\n", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
