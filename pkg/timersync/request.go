package timersync

import (
	"context"
	"time"
)

const (
	// requestKey is in Redis from the moment at which a sync is requested until
	// one begins to read Clockwork's list.
	requestKey = "clockwork:sync:requested"
	// requestTTL is how long a requested sync may take to begin before it is
	// requested again.
	requestTTL = 5 * time.Second
)

// RequestOnce calls request, unless a sync is requested and has not begun: that one will
// read the list later, and so see this caller's change. While a sync is reading, the
// next caller requests another, so that no change is missed. Without Redis each caller
// requests a sync.
//
// If request fails, only its caller gets the error. Callers who relied on it meanwhile do
// not, and the next one tries again.
func RequestOnce(ctx context.Context, redis Redis, request func(context.Context) error) error {
	reply, unknown := redis.Do(ctx, "SET", requestKey, "1", "NX", "PX", requestTTL.Milliseconds())
	if unknown == nil && reply == nil {
		return nil
	}
	err := request(ctx)
	if err != nil && unknown == nil {
		_, _ = redis.Do(context.WithoutCancel(ctx), "DEL", requestKey) // else it ends soon by itself
	}
	return err
}

// clearRequest lets the next caller request a sync: the sync that calls it may miss what
// changes from now on.
func (s *Syncer) clearRequest(ctx context.Context, requested string) {
	if requested == "" {
		return
	}
	if _, err := s.Tokens.redis.Do(ctx, "DEL", requestKey); err != nil {
		s.Log.WarnContext(ctx, "a sync is requested again only in some seconds", "error", err)
	}
}
