// Package redistime lets time pass in a Redis, a real one too, so that a test
// need not wait for a key's end. It moves no clock, neither Redis' nor a
// process's: TIME answers as before.
package redistime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Redis is what is needed of a Redis client.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// Pass makes every key that has an end reach it earlier by d.
func Pass(t testing.TB, redis Redis, d time.Duration) {
	t.Helper()
	do := func(cmd ...any) any {
		reply, err := redis.Do(t.Context(), cmd...)
		require.NoError(t, err)
		return reply
	}
	keys, _ := do("KEYS", "*").([]any)
	for _, key := range keys {
		left, _ := do("PTTL", key).(int64)
		switch {
		case left < 0: // it has no end, or has just ended
		case left <= d.Milliseconds():
			do("DEL", key)
		default:
			do("PEXPIRE", key, left-d.Milliseconds())
		}
	}
}
