package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// attemptPrefix begins the keys of the limits: how long a user, or an address,
// is busy with attempts. They hold no name and no address, only an HMAC.
const attemptPrefix = "clockwork:login:"

// The limits of failed logins. A person who mistypes is never stopped; who
// guesses at one user's password gets about 1,450 tries a day, who tries many
// users from one address 8,700.
var (
	perUser    = ratelimit.Limit{Burst: 10, Interval: time.Minute}
	perAddress = ratelimit.Limit{Burst: 60, Interval: 10 * time.Second}
)

// AttemptStore is what counting attempts needs of a Redis client.
type AttemptStore = ratelimit.Commands

// Attempts limits failed logins per user and per address, over all instances:
// the state is in Redis. While Redis does not answer each process counts for
// itself, so that people can still log in.
type Attempts struct {
	redis AttemptStore
	key   []byte // of the HMAC
	now   func() time.Time
	log   *slog.Logger
	local localAttempts
}

// NewAttempts returns limits over redis. The key, which every instance must
// have, keeps names and addresses from being guessed from Redis' keys.
func NewAttempts(redis AttemptStore, key []byte, now func() time.Time, log *slog.Logger) *Attempts {
	return &Attempts{redis: redis, key: key, now: now, log: log}
}

// attempt is one login under way.
type attempt struct {
	*Attempts
	counts [2]count
	local  bool // Redis did not answer
}

// count is one limit that applies to an attempt.
type count struct {
	key   string
	limit ratelimit.Limit
}

func (a *Attempts) of(username, address string) *attempt {
	return &attempt{Attempts: a, counts: [2]count{
		{a.keyOf("user", users.Fold(username)), perUser},
		{a.keyOf("address", address), perAddress},
	}}
}

func (a *Attempts) keyOf(kind, value string) string {
	mac := hmac.New(sha256.New, a.key)
	fmt.Fprintf(mac, "login attempts\n%s\n%s", kind, value) // a JWT, signed with the same secret, has no new line
	return attemptPrefix + kind + ":" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// take counts the attempt and returns 0, or returns how long to wait, in which
// case it counts nothing: knocking does not keep the door shut.
func (t *attempt) take(ctx context.Context) time.Duration {
	wait, err := t.run(ctx, 1)
	if err != nil {
		t.log.WarnContext(ctx, "login attempts are counted in this process only", "error", err)
		t.local = true
		return t.Attempts.local.take(t.counts, t.now())
	}
	return wait
}

// giveBack takes the attempt out of the count: it succeeded.
func (t *attempt) giveBack(ctx context.Context) {
	if t.local {
		t.Attempts.local.giveBack(t.counts, t.now())
		return
	}
	if _, err := t.run(ctx, -1); err != nil {
		t.log.WarnContext(ctx, "a login that succeeded stays counted", "error", err)
	}
}

// run is one round trip that takes the attempt, or gives it back.
func (t *attempt) run(ctx context.Context, step int) (time.Duration, error) {
	var counts [2]ratelimit.Count
	for i, c := range t.counts {
		counts[i] = ratelimit.Count{Key: c.key, Limit: c.limit, N: step, Counted: step < 0}
	}
	return ratelimit.Take(ctx, t.redis, counts[:]...)
}
