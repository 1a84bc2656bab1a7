package timercache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// maxAttempts bounds how often a write is computed again because another came
// first. Each time somebody's write succeeded, so this is about fairness only.
const maxAttempts = 50

// pauseAtRandom keeps writers that collide from colliding again, for up to
// 2 ms after the first attempt and 40 ms after many.
func pauseAtRandom(ctx context.Context, n int) error {
	t := time.NewTimer(rand.N(time.Duration(min(n+1, 20)) * 2 * time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}
