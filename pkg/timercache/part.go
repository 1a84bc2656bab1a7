package timercache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errSuperseded means that another sync has written since the one at hand
// began: its comparison says nothing any more.
var errSuperseded = errors.New("another sync came first")

// change is what a part of a snapshot does to one person.
type change struct {
	Account string `json:"account"`
	// Expected is the version that the change was computed from, "" for none.
	Expected string `json:"expected,omitempty"`
	// Value replaces the person's value; "" removes it.
	Value string `json:"value,omitempty"`
	// Message is published to subscribers; "" for nothing.
	Message string `json:"message,omitempty"`
	// Emails are the addresses under which the value is stored too, Gone those
	// under which nobody's is any more.
	Emails []string `json:"emails,omitempty"`
	Gone   []string `json:"gone,omitempty"`
	// Active says what becomes of the person in the set of active users.
	Active member `json:"active,omitempty"`
	// New are the names among account and addresses that had no value before.
	New []string `json:"new,omitempty"`
	// Bindings are what the change says of whose tokens are.
	Bindings []rebinding `json:"bindings,omitempty"`
	// Tally counts the change in the result of a sync.
	Tally tally `json:"tally,omitzero"`
}

// member is what happens to somebody in a set: nothing, if it is empty.
type member string

const (
	joins  member = "SADD"
	leaves member = "SREM"
)

// reset is how a part of a snapshot makes the set of active users again.
type reset string

const (
	resetBegins reset = "begin"
	resetGoesOn reset = "go on"
)

// tally counts what became of timers.
type tally struct {
	Started int `json:"started,omitempty"`
	Stopped int `json:"stopped,omitempty"`
	Edited  int `json:"edited,omitempty"`
}

// part is a part of a snapshot: one script call.
type part struct {
	// expected is the sync record that has to be there; the last part replaces it by
	// state.
	expected, state string
	last            bool
	changes         []change
	reset           reset    // the set of active users becomes those who join it
	joined          []string // those who do, beside those who change
	epoch           string   // of the sync record, and the floor: which values are believed
	floor           int64
	began           string // the mark that a write of everybody has to find; see Cache.begin
	resetKnown      bool   // the buckets of known names are made from the hash of people
	// legacy: the sync record is that of an earlier version, or there is none.
	// That version's list of everybody gives way to the hash, and a snapshot leaves
	// alone who has one of its fences.
	legacy bool
}

// partScript changes each person on their own: a person is replaced if their
// version is the expected one, else left alone and reported. It writes first and
// restores if that was wrong, because Upstash bills each command: nobody sees
// what happens inside a script. A person's own key may have been evicted, or be
// a leftover; then the hash, which is never evicted in part, decides. If the hash
// itself was lost after the base was read, a sync must not make it look complete: one
// that writes only what changed finds no record there, one that writes everybody not
// the mark of its base.
//
// KEYS: sync record, hash of people, active users, the beginnings of the keys of the
// buckets and of an earlier version's fences; for each person the key, the channel, and the keys of their
// addresses and of the bindings of their tokens. Lua's stack is bounded, so long lists go in portions.
const partScript = scriptFunctions + `
local a, k = 0, 5
local function arg() a = a + 1; return ARGV[a] end
local function key() k = k + 1; return KEYS[k] end
local most = 4000
local function portions(command, first, list)
  for at = 1, #list, most do redis.call(command, first, unpack(list, at, math.min(at + most - 1, #list))) end
end
local week, last, expected, state, epoch, floor, legacy = arg(), arg() == '1', arg(), arg(), arg(), tonumber(arg()), arg() == '1'
local binding_life, began = arg(), arg()

if legacy and redis.call('TYPE', KEYS[2]).ok == 'string' then redis.call('DEL', KEYS[2]) end

-- superseded says, by the record that was held, that another sync has written or that
-- the hash was lost. The last part replaces the hash's record too.
local function superseded(held)
  if held ~= expected and held ~= state then return true end
  local everybody, repeated = epoch_of(expected) ~= epoch, held == state
  local marked = everybody and not repeated
  if marked and (redis.call('HGET', KEYS[2], '@@') or '') ~= began then return true end
  if not last then return not marked and redis.call('HEXISTS', KEYS[2], '@') == 0 end
  if marked then redis.call('HDEL', KEYS[2], '@@') end
  local lost = redis.call('HSET', KEYS[2], '@', state) == 1
  if lost and not marked then
    redis.call('HDEL', KEYS[2], '@')
    return true
  end
  return false
end
local held
if last then held = redis.call('SET', KEYS[1], state, 'EX', week, 'GET') else held = redis.call('GET', KEYS[1]) end
held = held or ''
if superseded(held) then
  if last and held ~= '' then redis.call('SET', KEYS[1], held, 'EX', week) end
  if last and held == '' then redis.call('DEL', KEYS[1]) end
  return {'superseded'}
end

local function with_version(text, n)
  return (string.gsub(text, '"version":%d+', string.format('"version":%.0f', n), 1))
end
-- raised gives an earlier version's value the lowest version that readers of that
-- version believe from now on.
local function raised(text) return with_version(text, floor) end

-- addressed is a value with the address that its writer did not know, false if it has one.
-- It has the next version: what was computed without the address must be computed again.
local function addressed(text, email)
  if string.find(text, '"email":"', 1, true) then return false end
  local with_email, found = string.gsub(text, '"epoch":"', function(epoch) return '"email":' .. cjson.encode(email) .. ',' .. epoch end, 1)
  return found == 1 and with_version(with_email, (tonumber(version(text)) or 0) + 1)
end

local people, unsure, accounts, fences = {}, {}, {}, {}
for i = 1, tonumber(arg()) do
  local p = {account = arg(), expected = arg(), value = arg(), message = arg(), key = key(), channel = key(), emails = {}, gone = {}}
  for j = 1, tonumber(arg()) do p.emails[j] = {arg(), key()} end
  for j = 1, tonumber(arg()) do p.gone[j] = {arg(), key()} end
  p.active = arg()
  p.new = {}
  for j = 1, tonumber(arg()) do p.new[j] = arg() end
  p.bindings = {}
  for j = 1, tonumber(arg()) do p.bindings[j] = {key(), arg()} end
  if p.value == '' then
    p.held = redis.call('GET', p.key)
  else
    p.held = redis.call('SET', p.key, p.value, 'EX', week, 'GET')
  end
  if p.held and believed(p.held, epoch, floor) then
    p.current = p.held
  else
    unsure[#unsure + 1] = p; accounts[#accounts + 1] = p.account; fences[#fences + 1] = KEYS[5] .. p.account
  end
  people[i] = p
end
for at = 1, #unsure, most do
  local to = math.min(at + most - 1, #unsure)
  local listed = redis.call('HMGET', KEYS[2], unpack(accounts, at, to))
  for j = at, to do unsure[j].current = listed[j - at + 1] end
  if legacy then
    local fenced = redis.call('MGET', unpack(fences, at, to))
    for j = at, to do unsure[j].fenced = fenced[j - at + 1] end
  end
end

-- bind writes whose a token is, or is not, unless it is another account's.
local function bind(account, at, record)
  if record == '' then return end -- planned by an earlier version
  local held = redis.call('SET', at, record, 'EX', binding_life, 'GET')
  if held and string.match(held, '^[^|]*') ~= account and not string.find(held, '|another', 1, true) then
    redis.call('SET', at, held, 'EX', binding_life)
  end
end

local members, kept_active = {SADD = {}, SREM = {}}, {}
local fields, emails, removed, gone, names, messages, answer = {}, {}, {}, {}, {}, {}, {'written'}
for i, p in ipairs(people) do
  local same = p.current == p.value
  if not p.fenced and (same or version(p.current) == p.expected) then
    if p.value == '' then
      removed[#removed + 1] = p.account; gone[#gone + 1] = p.key
    else
      fields[#fields + 1] = p.account; fields[#fields + 1] = p.value
    end
    for _, email in ipairs(p.emails) do
      emails[#emails + 1] = email[2]; emails[#emails + 1] = p.value
      fields[#fields + 1] = '@' .. email[1]; fields[#fields + 1] = p.account
    end
    for _, email in ipairs(p.gone) do
      gone[#gone + 1] = email[2]; removed[#removed + 1] = '@' .. email[1]
    end
    if p.active ~= '' then members[p.active][#members[p.active] + 1] = p.account end
    for _, name in ipairs(p.new) do names[#names + 1] = name end
    for _, b in ipairs(p.bindings) do bind(p.account, b[1], b[2]) end
    if not same and p.message ~= '' then messages[#messages + 1] = {p.channel, p.message} end
  else
    local kept = p.held or p.current
    if p.fenced and p.held then kept = raised(p.held) end
    local email = p.emails[1]
    local with_email = email and p.current and addressed(p.current, email[1])
    if with_email then
      kept = with_email
      fields[#fields + 1] = p.account; fields[#fields + 1] = kept
      fields[#fields + 1] = '@' .. email[1]; fields[#fields + 1] = p.account
      emails[#emails + 1] = email[2]; emails[#emails + 1] = kept
      names[#names + 1] = email[1]
    end
    if kept and (p.value ~= '' or kept ~= p.held) then
      redis.call('SET', p.key, kept, 'EX', week)
    elseif p.value ~= '' then
      redis.call('DEL', p.key)
    end
    if p.held and (p.fenced or p.held == p.current) then
      fields[#fields + 1] = p.account; fields[#fields + 1] = kept
      for _, email in ipairs(p.emails) do
        if p.fenced and string.find(kept, '"email":"' .. email[1] .. '"', 1, true) then
          emails[#emails + 1] = email[2]; emails[#emails + 1] = kept
        end
      end
      local email = legacy and string.match(p.held, '"email":"([^"\\]+)"')
      if email then fields[#fields + 1] = '@' .. email; fields[#fields + 1] = p.account end
    end
    if p.current and string.find(p.current, '"listed":true', 1, true) then kept_active[#kept_active + 1] = p.account end
    answer[#answer + 1] = i - 1
  end
end

for at = 1, #emails, most do redis.call('MSET', unpack(emails, at, math.min(at + most - 1, #emails))) end
portions('HDEL', KEYS[2], removed)
portions('HSET', KEYS[2], fields)
if arg() == '1' then
  names = {}
  for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    if field ~= '@' then names[#names + 1] = string.sub(field, 1, 1) == '@' and string.sub(field, 2) or field end
  end
  list_known(KEYS[4], names, epoch)
else
  list_known(KEYS[4], names)
end
for at = 1, #gone, most do redis.call('DEL', unpack(gone, at, math.min(at + most - 1, #gone))) end
local reset = arg()
if reset == 'begin' then redis.call('DEL', KEYS[3]) end
if reset ~= '' then
  for _, account in ipairs(kept_active) do table.insert(members.SADD, account) end
end
for j = 1, tonumber(arg()) do table.insert(members.SADD, arg()) end
for command, accounts in pairs(members) do
  portions(command, KEYS[3], accounts)
end
if #members.SADD > 0 then redis.call('EXPIRE', KEYS[3], arg()) end
for _, m in ipairs(messages) do redis.call('PUBLISH', m[1], m[2]) end
return answer
`

// writePart runs the script, and returns the places of the changes that did not
// happen because the person's version is another than the expected one. The
// error is errSuperseded, or wraps ErrUnavailable.
func (c *Cache) writePart(ctx context.Context, p *part) (refused []int64, err error) {
	reply, err := c.redis.Do(ctx, p.command()...)
	switch {
	case isString(err):
		return nil, errSuperseded // an earlier version has just synced
	case err != nil:
		return nil, fmt.Errorf("%w: write: %w", ErrUnavailable, err)
	}
	items, ok := reply.([]any)
	switch {
	case !ok || len(items) == 0:
		return nil, fmt.Errorf("%w: write answered %T", ErrUnavailable, reply)
	case items[0] == "superseded":
		return nil, errSuperseded
	}
	for _, item := range items[1:] {
		place, ok := item.(int64)
		if !ok || place < 0 || place >= int64(len(p.changes)) {
			return nil, fmt.Errorf("%w: write answered an item of type %T", ErrUnavailable, item)
		}
		refused = append(refused, place)
	}
	return refused, nil
}

// command is the script's EVAL.
func (p *part) command() []any {
	keys := make([]any, 0, 5+4*len(p.changes))
	args := make([]any, 0, 10+8*len(p.changes)+len(p.joined))
	keys = append(keys, syncKey, peopleKey, activeUsersKey, knownPrefix, fencePrefix)
	args = append(args, int(valueLife/time.Second), flag(p.last), p.expected, p.state, p.epoch, p.floor, flag(p.legacy), int(BindingLife/time.Second), p.began, len(p.changes))
	for i := range p.changes {
		change := &p.changes[i]
		keys = append(keys, timersPrefix+change.Account, EventsChannel(change.Account))
		args = append(args, change.Account, change.Expected, change.Value, change.Message)
		for _, emails := range [][]string{change.Emails, change.Gone} {
			args = append(args, len(emails))
			for _, email := range emails {
				keys, args = append(keys, timersPrefix+email), append(args, email)
			}
		}
		args = append(args, string(change.Active), len(change.New))
		for _, name := range change.New {
			args = append(args, name)
		}
		args = append(args, len(change.Bindings))
		for _, b := range change.Bindings {
			keys, args = append(keys, BindingKey(b.Token)), append(args, b.Record)
		}
	}
	args = append(args, flag(p.resetKnown), string(p.reset))
	args = append(args, len(p.joined))
	for _, account := range p.joined {
		args = append(args, account)
	}
	args = append(args, int(activeLife/time.Second))
	return append(append([]any{"EVAL", partScript, len(keys)}, keys...), args...)
}
