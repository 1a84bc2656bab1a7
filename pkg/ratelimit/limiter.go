// Package ratelimit limits the requests of a caller and of an address.
//
// Reads are counted in the process alone, evenly (see Limit), without Redis. So each
// instance allows the whole quota.
//
// Requests that cost an upstream's time have one count in Redis that all instances
// share. It usually costs one command before the work: the first request of a window
// creates the count, whose lifetime is the window, and the others add to it. A process
// that does not know of an open window tries to create one, and then needs a second
// command. Only Redis' clock matters. After a refusal this process refuses until the
// window ends, without asking again.
//
// Without Redis each process counts for itself: no request fails or waits for that.
//
// Keys: clockwork:rate:{policy}:{HMAC of the caller or the address}, a window.
package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/keyed"
)

const keyPrefix = "clockwork:rate:"

// Exceeded refuses a request.
type Exceeded struct {
	Policy     string
	RetryAfter time.Duration
}

func (e *Exceeded) Error() string {
	return fmt.Sprintf("quota %q used up, the next request in %s", e.Policy, e.RetryAfter)
}

// Claim is one policy that applies to a request, and who is counted.
type Claim struct {
	Policy *Policy
	Kind   string // "user", "token", "session" or "address"
	Value  string
	// Shared says that all instances count together, in Redis.
	Shared bool
}

// Limiter counts for one process. A nil Limiter limits nothing.
type Limiter struct {
	redis Commands
	key   *keyed.Key
	now   func() time.Time
	log   *slog.Logger
	table *table
	// silentUntil is when Redis is asked again after it did not answer.
	silentUntil atomic.Pointer[time.Time]
}

// New returns a limiter over redis. Every instance must have the same key, with which
// callers and addresses are hashed.
func New(redis Commands, key *keyed.Key, now func() time.Time, log *slog.Logger) *Limiter {
	return &Limiter{redis: redis, key: key, now: now, log: log, table: newTable()}
}

// Buckets is how many counts the process holds; at most 8,192.
func (l *Limiter) Buckets() int {
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	return len(l.table.buckets)
}

// Admit counts a request under at most three claims. At most one is shared: Ask, or
// Command and Settle, count that one. The error is an *Exceeded, and then nothing is
// counted. The Pass is returned in both cases and writes the headers.
func (l *Limiter) Admit(claims ...Claim) (*Pass, error) {
	if l == nil || len(claims) == 0 {
		return nil, nil
	}
	p := &Pass{limiter: l, now: l.now(), n: len(claims)}
	for i, c := range claims {
		h := &p.held[i]
		h.claim, h.hash = c, l.table.key(c)
		if wait := p.count(h); wait > 0 {
			p.refund(i)
			return p, p.refuse(h, wait)
		}
	}
	return p, nil
}

// silent reports that Redis is not asked because it has just failed.
func (l *Limiter) silent(now time.Time) bool {
	until := l.silentUntil.Load()
	return until != nil && now.Before(*until) && !until.After(now.Add(askPause))
}

// redisFailed stops asking Redis for askPause.
func (l *Limiter) redisFailed(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return // the caller hung up
	}
	now := l.now()
	if before := l.silentUntil.Swap(new(now.Add(askPause))); before == nil || !now.Before(*before) {
		l.log.WarnContext(ctx, "requests are counted in this process only", "error", err)
	}
}

// redisKey is a claim's count in Redis.
func (l *Limiter) redisKey(c Claim) string {
	return keyPrefix + c.Policy.Name + ":" + l.key.Name("rate limit by window\n"+c.Kind+"\n"+c.Value)
}
