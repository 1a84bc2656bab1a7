// Package timercache keeps the running timers in Redis: it reads them for one
// person with one command, changes them at a start or stop, and replaces them by
// a snapshot. It fetches nothing from Clockwork.
//
// Three rules hold whatever happens at the same time or in the wrong order:
//
//   - A start or stop replaces one person's value. In the keys that people share (a
//     hash of all values, buckets of names) it touches only that person's entry. It
//     costs the same on a site of ten people and of ten thousand.
//   - Each value has a version, and one script replaces it only if the version is the
//     one that the change was computed from. No clock of ours decides. A snapshot is
//     compared with what the cache held before its fetch began: whoever started or
//     stopped something since has another version, and is left alone. A second sync
//     that wrote meanwhile makes the first fetch again.
//   - A missing key is not "nothing runs". What Redis evicts in whole or not at
//     all, the hash of all values, says so.
//
// The keys of one person and the hash are written by the same script. That needs
// a Redis that is not in cluster mode, from version 6.2 on.
package timercache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
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

// Lifetimes and ages.
const (
	valueLife   = 7 * 24 * time.Hour
	refreshAge  = 3 * 24 * time.Hour // a sync rewrites values older than this
	activeLife  = 24 * time.Hour
	activeAge   = 12 * time.Hour // a sync writes the set again after this
	stagingLife = 10 * time.Minute
	staleAge    = 10 * time.Minute // older snapshots are answered with stale: true
	forgetAge   = 24 * time.Hour   // older ones count as never synced
)

// Cache reads and writes the timers. Its zero value is not usable; see New.
type Cache struct {
	redis Redis
	site  string
	now   func() time.Time
	sync  syncMemo
	last  lastTeam
	// maxRequest is the payload, in bytes, above which a snapshot is written in
	// parts: Upstash refuses requests over 10 MB, and a text grows when it is
	// quoted as JSON.
	maxRequest int
	maxStaged  int // the same for a snapshot between two steps, which is in one piece
	// pause waits before the nth repetition of a write that came too late.
	pause func(ctx context.Context, n int) error
}

// New returns a cache over redis for one Jira site, by its host name. A Redis that
// holds the timers of another site reads as never synced. The clock may be nil.
func New(redis Redis, site string, now func() time.Time) *Cache {
	if now == nil {
		now = time.Now
	}
	return &Cache{redis: redis, site: site, now: now, sync: syncMemo{site: site}, maxRequest: 4 << 20, maxStaged: 8 << 20, pause: pauseAtRandom}
}

// clock is the present in UTC and milliseconds, the precision that is stored.
func (c *Cache) clock() time.Time { return c.now().UTC().Truncate(time.Millisecond) }

// mget reads keys with one command; a missing one is "".
func (c *Cache) mget(ctx context.Context, keys ...string) ([]string, error) {
	also, _ := ctx.Value(alsoKey{}).(*Also)
	if also != nil {
		keys = append(slices.Clip(keys), also.Key)
	}
	values, err := redis.GetAll(ctx, c.redis, keys)
	if err != nil {
		return nil, fmt.Errorf("%w: mget: %w", ErrUnavailable, err)
	}
	if also != nil {
		last := len(values) - 1
		also.Value, also.Read, values = values[last], true, values[:last]
	}
	return values, nil
}

// Also is one more key that a read of one person's timers asks Redis for, because
// the request needs it too.
type Also struct {
	Key   string
	Value string // "" if there is none
	Read  bool   // Value is what Redis holds
}

type alsoKey struct{}

// WithAlso returns a context for reads, one at a time, that read a's key too.
func WithAlso(ctx context.Context, a *Also) context.Context {
	return context.WithValue(ctx, alsoKey{}, a)
}

// texts reads an answer of n strings; a missing one is "".
func texts(reply any, n int) ([]string, error) {
	values, err := redis.Texts(reply, n)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return values, nil
}
