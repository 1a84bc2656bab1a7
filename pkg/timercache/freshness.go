package timercache

import (
	"context"
	"time"
)

// Freshness is how old the last snapshot is, for those who look after the sync.
type Freshness struct {
	SyncedAt  time.Time // zero: never, or over a week ago
	Stale     bool      // shown to readers as old
	Forgotten bool      // readers are shown no timers
	OtherSite string    // the Jira site whose timers this Redis holds, if it is another; then no sync is known
}

// Freshness reads it, with one Redis command.
func (c *Cache) Freshness(ctx context.Context) (Freshness, error) {
	raw, err := c.mget(ctx, syncKey)
	if err != nil {
		return Freshness{}, err
	}
	state, _ := decodeSync(raw[0])
	if state.ofAnother(c.site) {
		return Freshness{Stale: true, Forgotten: true, OtherSite: state.Site}, nil
	}
	age := c.clock().Sub(state.SyncedAt)
	return Freshness{SyncedAt: state.SyncedAt, Stale: age > staleAge, Forgotten: age >= forgetAge}, nil
}
