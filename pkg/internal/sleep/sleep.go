// Package sleep waits, but no longer than a context allows.
package sleep

import (
	"context"
	"time"
)

// For waits for d. It returns ctx.Err() if ctx ends first.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
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
