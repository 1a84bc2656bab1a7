// Package redistime shortens the time to live of keys, also in a real Redis, so that
// a test need not wait until a key expires. It moves no clock: Redis's TIME does not
// change.
package redistime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Redis is the part of a Redis client that Pass needs.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// Pass shortens the time to live of every key by d, and deletes the keys that would
// have expired.
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
		case left < 0: // it does not expire, or has just expired
		case left <= d.Milliseconds():
			do("DEL", key)
		default:
			do("PEXPIRE", key, left-d.Milliseconds())
		}
	}
}
