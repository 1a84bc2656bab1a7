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
)

// attemptPrefix begins the keys of the limits: how long a user, or an address,
// is busy with attempts. They hold no name and no address, only an HMAC.
const attemptPrefix = "clockwork:login:"

// AttemptStore is what counting attempts needs of a Redis client.
type AttemptStore interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

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
	limit limit
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

// attemptScript is limit's arithmetic where all instances share the state, in
// milliseconds. ARGV: now, 1 to take or -1 to give back, then interval and
// burst of each key.
const attemptScript = `
local now, step = tonumber(ARGV[1]), tonumber(ARGV[2])
local busy, wait = redis.call('MGET', unpack(KEYS)), 0
for i = 1, #KEYS do
  local interval, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local till = math.min(math.max(tonumber(busy[i] or '') or now, now), now + burst * interval)
  wait = math.max(wait, till - now - (burst - 1) * interval)
  busy[i] = till + step * interval
end
if step > 0 and wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  if busy[i] > now then
    redis.call('SET', key, string.format('%.0f', busy[i]), 'PX', string.format('%.0f', busy[i] - now))
  else
    redis.call('DEL', key)
  end
end
return 0`

// run is one round trip.
func (t *attempt) run(ctx context.Context, step int) (time.Duration, error) {
	cmd := []any{"EVAL", attemptScript, len(t.counts)}
	args := []any{t.now().UnixMilli(), step}
	for _, c := range t.counts {
		cmd = append(cmd, c.key)
		args = append(args, c.limit.interval.Milliseconds(), c.limit.burst)
	}
	reply, err := t.redis.Do(ctx, append(cmd, args...)...)
	if err != nil {
		return 0, fmt.Errorf("count login attempts: %w", err)
	}
	wait, ok := reply.(int64)
	if !ok {
		return 0, fmt.Errorf("count login attempts: answer of type %T", reply)
	}
	return time.Duration(wait) * time.Millisecond, nil
}
