// Package ratelimit bounds how often a caller, and an address, may ask.
//
// Most requests are counted in the process alone, evenly (see Limit), and cost
// no command in Redis: so a quota for reads holds in each instance by itself.
//
// What costs an upstream's time has one count that all instances share. Redis
// is asked before the work, with one command as a rule: the first request of a
// window creates the count together with its lifetime, which is the window, and
// the others add to it. Whoever does not know that a window is open tries to
// create one first, and then needs a second command. The lifetime is Redis' own,
// so no clock of an instance decides anything. Who was refused is refused in
// this process until the window ends, without asking again.
//
// Without Redis each process counts for itself: nothing fails and nothing
// waits because a count could not be shared.
//
// Keys: clockwork:rate:{policy}:{HMAC of the caller or the address}, a window.
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
	// Shared says that all instances count together, in Redis.
	Shared bool
}

// Limiter counts for one process. A nil Limiter limits nothing.
type Limiter struct {
	redis Commands
	key   []byte // of the HMAC
	now   func() time.Time
	log   *slog.Logger
	table *table
	// silentUntil is when Redis is asked again after it did not answer.
	silentUntil atomic.Pointer[time.Time]
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

// Admit counts a request under at most three claims, of which at most one is
// shared: that is counted by Ask, or by Command and Settle. The error is an
// *Exceeded, and then the request is counted under none. The Pass, which comes
// in either case, writes the headers.
func (l *Limiter) Admit(claims ...Claim) (*Pass, error) {
	if l == nil || len(claims) == 0 {
		return nil, nil
	}
	p := &Pass{limiter: l, now: l.now(), n: len(claims)}
	for i, c := range claims {
		h := &p.held[i]
		h.claim, h.hash = c, l.table.key(c)
		if wait := p.count(h); wait > 0 {
			p.giveBack(i)
			return p, p.refuse(h, wait)
		}
	}
	return p, nil
}

// silent reports that Redis is not asked at the moment.
func (l *Limiter) silent(now time.Time) bool {
	until := l.silentUntil.Load()
	return until != nil && now.Before(*until) && !until.After(now.Add(askPause))
}

// unheard notes that Redis did not answer: for a while nobody waits for it.
func (l *Limiter) unheard(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) {
		return // the caller hung up, which says nothing of Redis
	}
	now := l.now()
	until := now.Add(askPause)
	if before := l.silentUntil.Swap(&until); before == nil || !now.Before(*before) {
		l.log.WarnContext(ctx, "requests are counted in this process only", "error", err)
	}
}

// redisKey is a claim's count in Redis.
func (l *Limiter) redisKey(c Claim) string {
	mac := hmac.New(sha256.New, l.key)
	fmt.Fprintf(mac, "rate limit by window\n%s\n%s", c.Kind, c.Value)
	return keyPrefix + c.Policy.Name + ":" + hex.EncodeToString(mac.Sum(nil)[:16])
}
