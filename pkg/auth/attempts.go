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

// attemptPrefix begins the keys of the limits: how long a name at an address,
// an address, a name, or a device is busy with attempts. They hold none of
// these, only an HMAC.
const attemptPrefix = "clockwork:login:"

// The limits of failed logins. Somebody who mistypes is never stopped. Somebody
// who guesses gets about 1,450 tries a day for one name from one address, and
// 8,700 for all names from there. Over all addresses a name is only slowed down:
// whoever can make strangers fail could otherwise lock its owner out. A device
// on which its user has logged in before is counted by itself, so that nobody
// else's failures, not even those behind the same address, concern it.
var (
	perPair    = ratelimit.Limit{Burst: 10, Interval: time.Minute}
	perAddress = ratelimit.Limit{Burst: 60, Interval: 10 * time.Second}
	perName    = ratelimit.Limit{Burst: 20, Interval: time.Minute}
	perDevice  = ratelimit.Limit{Burst: 10, Interval: time.Minute}
)

// slowest is the longest that an attempt waits for its name.
const slowest = 3 * time.Second

// AttemptStore is what counting attempts needs of a Redis client.
type AttemptStore = ratelimit.Commands

// Attempts limits failed logins over all instances: the state is in Redis.
// While Redis does not answer each process counts for itself, so that people can
// still log in; strangers cannot use up the room that devices have there.
type Attempts struct {
	redis     AttemptStore
	key       []byte // of the HMAC
	now       func() time.Time
	log       *slog.Logger
	strangers ratelimit.Local
	devices   ratelimit.Local
}

// NewAttempts returns limits over redis. The key, which every instance must
// have, keeps names and addresses from being guessed from Redis' keys.
func NewAttempts(redis AttemptStore, key []byte, now func() time.Time, log *slog.Logger) *Attempts {
	return &Attempts{redis: redis, key: key, now: now, log: log}
}

// attempt is one login under way.
type attempt struct {
	*Attempts
	counts []ratelimit.Count // that refuse it
	name   []ratelimit.Count // that only slow it down
	memory *ratelimit.Local
	local  bool // Redis did not answer
}

// of is an attempt for a name: from a known device, else from an address.
func (a *Attempts) of(username, address, device string) *attempt {
	name := users.Fold(username)
	if device != "" {
		return &attempt{Attempts: a, memory: &a.devices, counts: []ratelimit.Count{a.count(perDevice, "device", device)}}
	}
	return &attempt{Attempts: a, memory: &a.strangers,
		counts: []ratelimit.Count{a.count(perPair, "pair", name+"\n"+address), a.count(perAddress, "address", address)},
		name:   []ratelimit.Count{a.count(perName, "name", name)}}
}

func (a *Attempts) count(limit ratelimit.Limit, kind, value string) ratelimit.Count {
	mac := hmac.New(sha256.New, a.key)
	fmt.Fprintf(mac, "login attempts\n%s\n%s", kind, value) // a JWT, signed with the same secret, has no new line
	return ratelimit.Count{Key: attemptPrefix + kind + ":" + hex.EncodeToString(mac.Sum(nil)[:16]), Limit: limit, N: 1}
}

// take counts the attempt. It returns for how long it is refused, in which case
// nothing is counted: knocking does not keep the door shut. Otherwise it returns
// how long the attempt has to wait.
func (t *attempt) take(ctx context.Context) (refused, delay time.Duration) {
	all := append(append([]ratelimit.Count{}, t.counts...), t.name...)
	wait := t.run(ctx, all)
	if wait == 0 {
		t.counts = all
		return 0, 0
	}
	if len(t.name) == 0 {
		return wait, 0
	}
	if refused = t.run(ctx, t.counts); refused > 0 {
		return refused, 0
	}
	return 0, min(wait, slowest)
}

// giveBack takes the attempt out of the counts: it succeeded.
func (t *attempt) giveBack(ctx context.Context) {
	back := make([]ratelimit.Count, len(t.counts))
	for i, c := range t.counts {
		back[i] = ratelimit.Count{Key: c.Key, Limit: c.Limit, N: -c.N, Counted: true}
	}
	if t.local {
		t.memory.Take(t.now(), back...)
		return
	}
	if _, err := ratelimit.Take(ctx, t.redis, back...); err != nil {
		t.log.WarnContext(ctx, "a login that succeeded stays counted", "error", err)
	}
}

// run is one round trip that counts, or returns how long to wait.
func (t *attempt) run(ctx context.Context, counts []ratelimit.Count) time.Duration {
	if !t.local {
		wait, err := ratelimit.Take(ctx, t.redis, counts...)
		if err == nil {
			return wait
		}
		t.log.WarnContext(ctx, "login attempts are counted in this process only", "error", err)
		t.local = true
	}
	return t.memory.Take(t.now(), counts...)
}
