// Package timercache keeps the running timers in Redis: it reads them for one
// user with one command, changes them at a start or stop, and replaces them by
// a snapshot. It fetches nothing from Clockwork.
//
// Three rules hold whatever happens at the same time or in the wrong order:
//
//   - Every write is one script that first compares what it was computed from.
//     If that has changed, nothing is written and the caller computes again, so
//     no value ever mixes two snapshots.
//   - A start or stop leaves a fence. A snapshot fetched before it leaves that
//     user alone; the next snapshot decides.
//   - A newer snapshot is never replaced by an older one.
package timercache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrUnavailable is wrapped by every failure to read or write Redis. "No
// answer" must never look like "no timers".
var ErrUnavailable = errors.New("timer cache unavailable")

// Redis is what the cache needs of a client. Replies are nil, int64, string or
// []any. Upstash bills each command, those in a script too.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
	Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// Lifetimes and ages, as the contract gives them.
const (
	valueLife   = 7 * 24 * time.Hour
	refreshAge  = 3 * 24 * time.Hour // a sync rewrites values older than this
	activeLife  = 24 * time.Hour
	activeAge   = 12 * time.Hour // a sync extends the set's life after this
	fenceLife   = 10 * time.Minute
	stagingLife = 10 * time.Minute
	staleAge    = 10 * time.Minute // older snapshots are answered with stale: true
	forgetAge   = 24 * time.Hour   // older ones count as never synced
	// snapshotLife is how long after its fetch began a snapshot may be written:
	// later, a fence against it may have ended.
	snapshotLife = fenceLife - 30*time.Second
)

// Cache reads and writes the timers. Its zero value is not usable; see New.
type Cache struct {
	redis Redis
	now   func() time.Time
	// maxRequest is the payload, in bytes, above which a write is staged in
	// parts: Upstash refuses requests over 10 MB, and a text grows when it is
	// quoted as JSON, twice where it is staged.
	maxRequest int
	// pause waits before the nth repetition of a write that came too late.
	pause func(ctx context.Context, n int) error
}

// New returns a cache over redis. The clock may be nil.
func New(redis Redis, now func() time.Time) *Cache {
	if now == nil {
		now = time.Now
	}
	return &Cache{redis: redis, now: now, maxRequest: 4 << 20, pause: pauseAtRandom}
}

// clock is the present in UTC and milliseconds, the precision that is stored.
func (c *Cache) clock() time.Time { return c.now().UTC().Truncate(time.Millisecond) }

// mget reads keys with one command; a missing one is "".
func (c *Cache) mget(ctx context.Context, keys ...string) ([]string, error) {
	cmd := make([]any, 0, len(keys)+1)
	cmd = append(cmd, "MGET")
	for _, key := range keys {
		cmd = append(cmd, key)
	}
	reply, err := c.redis.Do(ctx, cmd...)
	if err != nil {
		return nil, fmt.Errorf("%w: mget: %w", ErrUnavailable, err)
	}
	items, ok := reply.([]any)
	if !ok || len(items) != len(keys) {
		return nil, fmt.Errorf("%w: mget answered %T for %d keys", ErrUnavailable, reply, len(keys))
	}
	values := make([]string, len(items))
	for i, item := range items {
		if values[i], ok = item.(string); !ok && item != nil {
			return nil, fmt.Errorf("%w: mget answered %T for a key", ErrUnavailable, item) // no text is not no value
		}
	}
	return values, nil
}
