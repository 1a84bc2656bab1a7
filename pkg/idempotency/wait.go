package idempotency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
)

// waits are the pauses between reads of the first request's answer: 6 seconds in all.
var waits = [...]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second}

// wait answers a repetition that found the key claimed.
func (a *Attempt) wait(ctx context.Context) (Answer, error) {
	held, age, err := a.readKey(ctx)
	for n := 0; ; n++ {
		if err == nil && held == nil { // the first request has just freed the key
			held, err = a.keys.Redis.Do(ctx, a.Claim()...)
			if err == nil && held == "OK" {
				return a.perform(ctx)
			}
			held, age, err = a.readKey(ctx)
		}
		if err != nil {
			return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if held != nil {
			answer, err := a.after(decode(held, a.fingerprint))
			if errors.Is(err, ErrUnknown) || errors.Is(err, ErrInProgress) && age > a.keys.Lease {
				return a.find(ctx)
			}
			if !errors.Is(err, ErrInProgress) {
				return answer, err
			}
		}
		if n == len(waits) || a.pause(ctx, waits[n]) != nil {
			return Answer{}, ErrInProgress
		}
		held, err = a.keys.Redis.Do(ctx, "GET", a.Name)
	}
}

// readKey returns the key's value, and its age by Redis' clock.
func (a *Attempt) readKey(ctx context.Context) (held any, age time.Duration, err error) {
	replies, err := a.keys.Redis.Pipeline(ctx, []any{"GET", a.Name}, []any{"PTTL", a.Name})
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
	return replies[0], recordTTL - time.Duration(left)*time.Millisecond, nil
}

func (a *Attempt) pause(ctx context.Context, d time.Duration) error {
	if a.keys.Pause != nil {
		return a.keys.Pause(ctx, d)
	}
	return sleep.For(ctx, d)
}
