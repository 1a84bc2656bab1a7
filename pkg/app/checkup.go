package app

import (
	"context"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
)

// checkupLife is how long a result is good enough for the next who asks: anyone
// may ask, and upstreams are not to be hammered through this.
const checkupLife = 5 * time.Second

// checkup finds out what is down, once for all who want to know.
type checkup struct {
	asking  flight.Group[diagnosis]
	outages outages

	mu   sync.Mutex
	last diagnosis
}

// diagnosis is the result of a checkup.
type diagnosis struct {
	checks map[string]check
	at     *time.Time // nil: never
}

// result is the last one's, or a new one where that is too old.
func (c *checkup) result(ctx context.Context, d *Deps) (diagnosis, error) {
	if last := c.recent(d.Now()); last.at != nil {
		return last, nil
	}
	return c.asking.Do(ctx, "all", func(ctx context.Context) (diagnosis, error) {
		at := d.Now().UTC().Truncate(time.Millisecond)
		found := diagnosis{d.checks(ctx), &at}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last = found
		return found, nil
	})
}

func (c *checkup) recent(now time.Time) diagnosis {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.at == nil || now.Sub(*c.last.at) >= checkupLife {
		return diagnosis{}
	}
	return c.last
}
