package idempotency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
)

// pauses are those between looks for the first request's answer: 6 seconds in
// all, and as many commands.
var pauses = [...]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second}

// wait answers a repetition that found the key claimed.
func (a *Attempt) wait(ctx context.Context) (Answer, error) {
	held, age, err := a.look(ctx)
	for n := 0; ; n++ {
		if err == nil && held == nil { // the first has just freed the key
			held, err = a.store.Redis.Do(ctx, a.Claim()...)
			if err == nil && held == "OK" {
				return a.perform(ctx)
			}
			held, age, err = a.look(ctx)
		}
		if err != nil {
			return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if held != nil {
			answer, err := a.after(decode(held, a.fingerprint))
			if errors.Is(err, ErrUnknown) || errors.Is(err, ErrInProgress) && age > a.store.Lease {
				return a.find(ctx)
			}
			if !errors.Is(err, ErrInProgress) {
				return answer, err
			}
		}
		if n == len(pauses) || a.pause(ctx, pauses[n]) != nil {
			return Answer{}, ErrInProgress
		}
		held, err = a.store.Redis.Do(ctx, "GET", a.Name)
	}
}

// look reads what the key holds, and how long it has held it by Redis' clock.
func (a *Attempt) look(ctx context.Context) (held any, age time.Duration, err error) {
	replies, err := a.store.Redis.Pipeline(ctx, []any{"GET", a.Name}, []any{"PTTL", a.Name})
	if err == nil && len(replies) != 2 {
		err = fmt.Errorf("%d answers to two commands", len(replies))
	}
	if err != nil {
		return nil, 0, err
	}
	for _, reply := range replies {
		if failed, ok := reply.(error); ok {
			return nil, 0, failed
		}
	}
	left, _ := replies[1].(int64) // below zero without a lifetime: then it is as old as can be
	return replies[0], life - time.Duration(left)*time.Millisecond, nil
}

func (a *Attempt) pause(ctx context.Context, d time.Duration) error {
	if a.store.Pause != nil {
		return a.store.Pause(ctx, d)
	}
	return sleep.For(ctx, d)
}
