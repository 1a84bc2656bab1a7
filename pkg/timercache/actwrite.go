package timercache

import (
	"context"
	"fmt"
	"time"
)

// actWrite is the write of one start or stop.
type actWrite struct {
	account string
	// expected is the version that the value was computed from, "" for none.
	expected, value string
	message         string // published to subscribers; "" for nothing
	// email is the address under which the value is stored too, gone the one under which
	// nobody's is any more; "" for none.
	email, gone string
	new         []string // those among account and address that had no value before
	epoch       string   // of the sync record, and the floor: which values are believed
	floor       int64
	// legacy: the sync record is that of an earlier version, or there is none.
	// That version's list of everybody gives way to the hash.
	legacy bool
	// forget drops the sync record, which is that of a lost hash: an act of somebody whose
	// address was lost too leaves an old value under it, which nobody may believe.
	forget bool
}

// actScript replaces a person's value if its version is the expected one; else it
// answers 0. It writes first and restores if that was wrong, because Upstash bills
// each command: nobody sees what happens inside a script. The person's own key may have
// been evicted, or be a leftover; then the hash, which is never evicted in part, decides.
//
// KEYS: sync record, hash of people, the beginning of the buckets' keys; the person's
// key, their channel, the keys of email and gone. ARGV ends with the new names.
const actScript = scriptFunctions + `
local sync, people, known, own, channel, email_key, gone_key = unpack(KEYS)
local week, epoch, floor, legacy, forget, account, expected, value, message, email, gone = unpack(ARGV)

if legacy == '1' and redis.call('TYPE', people).ok == 'string' then redis.call('DEL', people) end

local held = redis.call('SET', own, value, 'EX', week, 'GET')
local current = held
if not held or not believed(held, epoch, tonumber(floor)) then current = redis.call('HGET', people, account) end
local repeated = current == value
if not repeated and version(current) ~= expected then
  if held then redis.call('SET', own, held, 'EX', week) else redis.call('DEL', own) end
  return 0
end
if forget == '1' then redis.call('DEL', sync) end

if email ~= '' then
  redis.call('SET', email_key, value, 'EX', week)
  redis.call('HSET', people, account, value, '@' .. email, account)
else
  redis.call('HSET', people, account, value)
end
if gone ~= '' then
  redis.call('HDEL', people, '@' .. gone)
  redis.call('DEL', gone_key)
end
list_known(known, {unpack(ARGV, 12)})
if not repeated and message ~= '' then redis.call('PUBLISH', channel, message) end
return 1
`

// writeAct runs the script, and reports whether the person's version was the expected one.
// The error wraps ErrUnavailable.
func (c *Cache) writeAct(ctx context.Context, w *actWrite) (written bool, err error) {
	reply, err := c.redis.Do(ctx, w.command()...)
	switch {
	case isString(err):
		return false, nil // an earlier version has just synced
	case err != nil:
		return false, fmt.Errorf("%w: write: %w", ErrUnavailable, err)
	}
	n, ok := reply.(int64)
	if !ok {
		return false, fmt.Errorf("%w: write answered %T", ErrUnavailable, reply)
	}
	return n == 1, nil
}

// command is the script's EVAL.
func (w *actWrite) command() []any {
	cmd := []any{"EVAL", actScript, 7,
		syncKey, peopleKey, knownPrefix, timersPrefix + w.account, EventsChannel(w.account), timersPrefix + w.email, timersPrefix + w.gone,
		int(valueLife / time.Second), w.epoch, w.floor, flag(w.legacy), flag(w.forget), w.account, w.expected, w.value, w.message, w.email, w.gone}
	for _, name := range w.new {
		cmd = append(cmd, name)
	}
	return cmd
}
