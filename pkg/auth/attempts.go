package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// attemptPrefix begins the keys of the limits of a name at an address, an address, a
// name and a device. They have an HMAC of these.
const attemptPrefix = "clockwork:login:"

// The limits of failed logins. A person who mistypes is never stopped. A person who
// guesses gets about 1,450 tries a day for one name from one address, and 8,700 for all
// names from there. Over all addresses a name is only slowed down: otherwise attackers
// could lock its owner out. A device on which its user has logged in before has a count
// of its own, so that failures of others do not affect it.
var (
	perPair    = ratelimit.Limit{Burst: 10, Interval: time.Minute}
	perAddress = ratelimit.Limit{Burst: 60, Interval: 10 * time.Second}
	perName    = ratelimit.Limit{Burst: 20, Interval: time.Minute}
	perDevice  = ratelimit.Limit{Burst: 10, Interval: time.Minute}
)

// slowest is the longest delay of an attempt.
const slowest = 3 * time.Second

// AttemptStore is what counting attempts needs of a Redis client.
type AttemptStore = ratelimit.Commands

// Attempts limits failed logins over all instances: the state is in Redis.
// While Redis does not answer, each process counts for itself, so that people can still
// log in. Known devices have a table of their own then, which attackers cannot fill.
type Attempts struct {
	redis   AttemptStore
	key     *keyed.Key
	now     func() time.Time
	log     *slog.Logger
	others  ratelimit.Local
	devices ratelimit.Local
}

// NewAttempts returns limits over redis. Every instance must have the same key, with which
// names and addresses are hashed.
func NewAttempts(redis AttemptStore, key []byte, now func() time.Time, log *slog.Logger) *Attempts {
	return &Attempts{redis: redis, key: keyed.New(key), now: now, log: log}
}

// attempt is one login in progress.
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
	return &attempt{Attempts: a, memory: &a.others,
		counts: []ratelimit.Count{a.count(perPair, "pair", name+"\n"+address), a.count(perAddress, "address", address)},
		name:   []ratelimit.Count{a.count(perName, "name", name)}}
}

func (a *Attempts) count(limit ratelimit.Limit, kind, value string) ratelimit.Count {
	name := a.key.Name("login attempts\n" + kind + "\n" + value) // a JWT, signed with the same secret, has no new line
	return ratelimit.Count{Key: attemptPrefix + kind + ":" + name, Limit: limit, N: 1}
}

// take counts the attempt. It returns how long it is refused, and then counts nothing:
// further attempts do not prolong that. Otherwise it returns how long the attempt has to
// wait.
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

// refund removes an attempt that succeeded from the counts.
func (t *attempt) refund(ctx context.Context) {
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

// run counts in one round trip, or returns how long to wait.
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
