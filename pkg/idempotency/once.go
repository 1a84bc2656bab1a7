// Package idempotency lets a client that lost an answer ask again, by the same
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), without
// anything being done twice.
//
// The first request with a key claims it, for a lease that is longer than any
// request lasts. Its answer is kept for a day, and is what a repetition gets.
// While the first is at it a repetition waits for a few seconds: whoever lost a
// connection asks again at once, and most often the answer is about to come. A
// failure that certainly changed nothing frees the key.
//
// Where nobody knows what became of the first, because the upstream's answer was
// lost or the process was killed, the operation decides: one that may be done
// twice is done again; of another it is looked up whether it was done, and where
// that does not show it stays unknown. It is not done again under this key.
//
// Without Redis the one that may be done twice goes on; the other is refused,
// for a promise to do it once could not be kept.
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

// pauses are those between looks for the first request's answer: 6 seconds in
// all, and as many commands.
var pauses = [...]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second}

// Store remembers what was done.
type Store struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
	Key   []byte        // of the HMAC; every instance must have it
	Lease time.Duration // longer than any operation takes
	Now   func() time.Time
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
	// Repeatable says that to do it twice is as good as once.
	Repeatable bool
	// Find looks whether it was done, where nobody knows; nil where that
	// cannot be told.
	Find func(ctx context.Context) (Answer, bool)
}

// claim is an operation under its key.
type claim struct {
	*Store
	Operation
	name        string // in Redis
	fingerprint string
}

// Once does the operation, or answers what an earlier request with the key got.
func (s *Store) Once(ctx context.Context, op Operation) (Answer, error) {
	c := &claim{Store: s, Operation: op}
	c.name = keyPrefix + s.mac("key", op.Caller, op.Route, op.Key)
	c.fingerprint = s.mac("payload", string(op.Payload))
	for n := 0; ; n++ {
		reply, err := s.Redis.Do(ctx, "SET", c.name, c.mine(), "NX", "EX", int(life/time.Second))
		switch {
		case err != nil:
			return c.unguarded(ctx, err)
		case reply == "OK":
			return c.perform(ctx)
		}
		if reply, err = s.Redis.Do(ctx, "GET", c.name); err != nil {
			return c.unguarded(ctx, err)
		}
		if reply != nil { // else it has just been freed
			if answer, over, err := c.after(ctx, decode(reply, c.fingerprint)); over {
				return answer, err
			}
		}
		if n == len(pauses) || c.pause(ctx, pauses[n]) != nil {
			return Answer{}, ErrInProgress
		}
	}
}

// after answers a repetition by what the first request left; over is false
// while that is at it.
func (c *claim) after(ctx context.Context, first record) (answer Answer, over bool, err error) {
	switch {
	case first.Fingerprint != c.fingerprint:
		return Answer{}, true, ErrReused
	case first.done():
		return Answer{Status: first.Status, Body: first.Body, Replayed: true}, true, nil
	case !first.unknown(c.Now()):
		return Answer{}, false, nil
	case c.Repeatable:
		c.keep(ctx, "SET", c.name, c.mine(), "EX", int(life/time.Second))
		answer, err = c.perform(ctx)
		return answer, true, err
	}
	if c.Find != nil {
		if answer, found := c.Find(ctx); found {
			c.keepAnswer(ctx, answer)
			answer.Replayed = true
			return answer, true, nil
		}
	}
	return Answer{}, true, ErrUnknown
}

// perform does it under the claim.
func (c *claim) perform(ctx context.Context) (Answer, error) {
	working := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var done context.CancelFunc
		working, done = context.WithDeadline(working, deadline)
		defer done()
	}
	answer, err := c.Do(working)
	switch {
	case err == nil:
		c.keepAnswer(ctx, answer)
	case c.Uncertain(err) && !c.Repeatable:
		c.keep(ctx, "SET", c.name, record{Fingerprint: c.fingerprint, Unknown: true}.encode(), "EX", int(life/time.Second))
	default:
		c.keep(ctx, "DEL", c.name)
	}
	return answer, err
}

func (c *claim) unguarded(ctx context.Context, err error) (Answer, error) {
	if c.Repeatable {
		c.Log.WarnContext(ctx, "idempotency key not claimed", "error", err)
		return c.Do(ctx)
	}
	return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// mine is the claim's record.
func (c *claim) mine() string {
	return record{Fingerprint: c.fingerprint, Until: c.Now().Add(c.Lease).UnixMilli()}.encode()
}

func (c *claim) keepAnswer(ctx context.Context, a Answer) {
	c.keep(ctx, "SET", c.name, record{Fingerprint: c.fingerprint, Status: a.Status, Body: a.Body}.encode(), "EX", int(life/time.Second))
}

// keep writes an outcome, also of a caller who hung up. Where it cannot, the
// lease ends and the outcome is unknown.
func (c *claim) keep(ctx context.Context, cmd ...any) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), keeping)
	defer done()
	if _, err := c.Redis.Do(ctx, cmd...); err != nil {
		c.Log.WarnContext(ctx, "outcome not kept under its idempotency key", "error", err)
	}
}

func (c *claim) pause(ctx context.Context, d time.Duration) error {
	if c.Pause != nil {
		return c.Pause(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
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
