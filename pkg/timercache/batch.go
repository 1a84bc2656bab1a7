package timercache

import (
	"context"
	"fmt"
	"time"
)

// batch is one atomic write: it happens whole, or not at all because one of
// its guards no longer holds what the batch was computed from.
type batch struct {
	guards    []guard
	values    []entry
	published []message
	reset     bool  // empty the set of active users first
	joined    []any // account ids that begin to run something
	left      []any // account ids that no longer do
	extend    bool  // give the set of active users its lifetime again
}

type guard struct{ key, want string } // want "": the key must be absent

type entry struct {
	keys     []string // all get the same value
	value    string
	lifetime time.Duration
}

type message struct{ channel, text string }

func (b *batch) guard(key, want string) { b.guards = append(b.guards, guard{key, want}) }

func (b *batch) set(value string, lifetime time.Duration, keys ...string) {
	b.values = append(b.values, entry{keys, value, lifetime})
}

func (b *batch) publish(channel, text string) {
	b.published = append(b.published, message{channel, text})
}

// setUser sets one account's value under its keys, and clears that of an
// e-mail address that is no longer its own.
func (b *batch) setUser(v value, oldEmail string) {
	b.set(v.encode(), valueLife, userKeys(v.UserKey, v.Email)...)
	if oldEmail != "" && oldEmail != v.Email {
		v.Timers, v.Email = nil, oldEmail
		b.set(v.encode(), valueLife, timersPrefix+oldEmail)
	}
}

// writeScript compares the guards, then writes. Redis runs a script alone, so
// nobody sees half of it. ARGV holds counted lists in the order read here. A
// text that begins with "@" stands for one that was staged (see stage): "@", its
// place in the part, "@", the part's key. All are read before anything is
// written: what a script wrote before an error stays.
//
// Guards are read 1,000 at a time: Lua's stack is bounded.
const writeScript = `
local a, k = 0, 0
local function arg() a = a + 1; return ARGV[a] end
local function key() k = k + 1; return KEYS[k] end
local function list(n, next) local t = {}; for i = 1, n do t[i] = next() end; return t end

local parts = {}
local function text()
  local given = arg()
  local place, part = string.match(given, '^@(%d+)@(.*)$')
  if not place then return given end
  if not parts[part] then
    local staged = redis.call('GET', part)
    if not staged then error('a staged part has expired') end
    parts[part] = cjson.decode(staged)
  end
  return parts[part][tonumber(place)]
end

local guards = tonumber(arg())
for at = 1, guards, 1000 do
  local n = math.min(1000, guards - at + 1)
  for _, held in ipairs(redis.call('MGET', unpack(list(n, key)))) do
    if (held or '') ~= arg() then return 0 end
  end
end
local values = list(tonumber(arg()), function() return {text(), arg(), tonumber(arg())} end)
local messages = list(tonumber(arg()), function() return {arg(), text()} end)
for _, v in ipairs(values) do
  for _ = 1, v[3] do redis.call('SET', key(), v[1], 'EX', v[2]) end
end
local active = key()
if arg() == '1' then redis.call('DEL', active) end
for _, command in ipairs({'SADD', 'SREM'}) do
  local n = tonumber(arg())
  for at = 1, n, 1000 do redis.call(command, active, unpack(list(math.min(1000, n - at + 1), arg))) end
end
local seconds = tonumber(arg())
if seconds > 0 then redis.call('EXPIRE', active, seconds) end
for _, m in ipairs(messages) do redis.call('PUBLISH', m[1], m[2]) end
return 1
`

// commit runs the batch; false means that a guard no longer holds.
func (c *Cache) commit(ctx context.Context, runID string, b *batch) (bool, error) {
	if b.size() > c.maxRequest {
		if err := c.stage(ctx, runID, b); err != nil {
			return false, err
		}
	}
	reply, err := c.redis.Do(ctx, b.command()...)
	if err != nil {
		return false, fmt.Errorf("%w: write: %w", ErrUnavailable, err)
	}
	return reply == int64(1), nil
}

// command is the EVAL of the batch.
func (b *batch) command() []any {
	var keys, args []any
	args = append(args, len(b.guards))
	for _, g := range b.guards {
		keys, args = append(keys, g.key), append(args, g.want)
	}
	args = append(args, len(b.values))
	for _, v := range b.values {
		args = append(args, v.value, int(v.lifetime/time.Second), len(v.keys))
		for _, key := range v.keys {
			keys = append(keys, key)
		}
	}
	args = append(args, len(b.published))
	for _, m := range b.published {
		args = append(args, m.channel, m.text)
	}
	keys, args = append(keys, activeUsersKey), append(args, flag(b.reset))
	args = append(append(args, len(b.joined)), b.joined...)
	args = append(append(args, len(b.left)), b.left...)
	args = append(args, flag(b.extend || len(b.joined) > 0)*int(activeLife/time.Second)) // a set made anew has none
	return append(append([]any{"EVAL", writeScript, len(keys)}, keys...), args...)
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
