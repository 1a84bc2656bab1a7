package timercache

import (
	"context"
	"time"
)

// Freshness is how old the last snapshot is, for those who look after the sync.
type Freshness struct {
	SyncedAt  time.Time // zero: never, or over a week ago
	Stale     bool      // readers are told that it is old
	Forgotten bool      // readers are shown no timers
}

// Freshness reads it, with one Redis command.
func (c *Cache) Freshness(ctx context.Context) (Freshness, error) {
	raw, err := c.mget(ctx, syncKey)
	if err != nil {
		return Freshness{}, err
	}
	state, _ := decodeSync(raw[0])
	age := c.clock().Sub(state.SyncedAt)
	return Freshness{state.SyncedAt, age > staleAge, age >= forgetAge}, nil
}
