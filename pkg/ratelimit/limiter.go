// Package ratelimit bounds how often a caller, and an address, may ask. The
// counts are shared through Redis, so that they hold over all instances, and a
// request that is far from its limit costs no command there.
//
// A read is counted in the process. The first Share-1 requests of a caller in a
// window cost nothing; with each Share-th the process tells Redis of all of
// them, by a script in front of the command that the request sends anyway, and
// learns what the other instances have counted. So a quota holds but for what
// the instances have not told: in any window no more than Share × instances
// requests pass beyond it. A bucket that was dropped because a process knew
// too many, a process that ended, and a script whose answer was lost are among
// these: what was not told is not told later.
//
// What costs an upstream's time is strict: Redis is asked about each, and the
// quota holds exactly. Whom the process knows to be over the quota is refused
// without asking.
//
// Without Redis each process counts for itself: nothing fails and nothing
// waits because a count could not be shared.
//
// Keys: clockwork:rate:{policy}:{HMAC of the caller or the address}, until the
// quota is whole again.
package ratelimit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
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

// Claim is one policy that a request falls under, and by whom.
type Claim struct {
	Policy *Policy
	Kind   string // "user", "token" or "address"
	Value  string
}

// Limiter counts for one process. A nil Limiter limits nothing.
type Limiter struct {
	redis Commands
	key   []byte // of the HMAC
	now   func() time.Time
	log   *slog.Logger
	table *table
	// silentUntil is when Redis is asked again after it did not answer, in
	// Unix nanoseconds.
	silentUntil atomic.Int64
}

// New returns a limiter over redis. The key, which every instance must have,
// keeps callers and addresses from being guessed from Redis' keys.
func New(redis Commands, key []byte, now func() time.Time, log *slog.Logger) *Limiter {
	return &Limiter{redis: redis, key: key, now: now, log: log, table: newTable()}
}

// Buckets is how many counts the process holds; at most 8,192.
func (l *Limiter) Buckets() int {
	l.table.mu.Lock()
	defer l.table.mu.Unlock()
	return len(l.table.buckets)
}

// Admit counts a request under at most three claims. The error is an *Exceeded,
// and then the request is counted under none. The Pass, which comes in either
// case, tells the caller; what Redis is still to be asked goes with a command
// of the request's (see With), or by Ask.
func (l *Limiter) Admit(claims ...Claim) (*Pass, error) {
	if l == nil || len(claims) == 0 {
		return nil, nil
	}
	p := &Pass{limiter: l, now: l.now().Truncate(time.Millisecond)} // as Redis counts
	for i, c := range claims {
		h := &p.held[i]
		h.claim, h.hash = c, l.table.key(c)
		var wait time.Duration
		h.bucket, h.due, wait = l.table.take(h.hash, c.Policy, p.now)
		if wait > 0 {
			for _, earlier := range p.held[:i] {
				l.table.giveBack(earlier.hash, earlier.claim.Policy, earlier.due)
			}
			return p, p.refuse(h, wait)
		}
		if p.n++; h.due > 0 {
			p.state.Store(waiting)
		}
	}
	return p, nil
}

// unheard notes that Redis did not answer: for a while nobody waits for it.
func (l *Limiter) unheard(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return // the caller hung up, which says nothing of Redis
	}
	now := l.now()
	if l.silentUntil.Swap(now.Add(askPause).UnixNano()) <= now.UnixNano() {
		l.log.WarnContext(ctx, "requests are counted in this process only", "error", err)
	}
}

// redisKey is a claim's count in Redis.
func (l *Limiter) redisKey(c Claim) string {
	mac := hmac.New(sha256.New, l.key)
	fmt.Fprintf(mac, "rate limit\n%s\n%s", c.Kind, c.Value)
	return keyPrefix + c.Policy.Name + ":" + hex.EncodeToString(mac.Sum(nil)[:16])
}
