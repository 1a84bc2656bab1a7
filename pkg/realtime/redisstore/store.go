// Package redisstore keeps realtime timers in Redis, for any number of instances: each
// gets the others' commits by pub/sub. It works over TCP and over Upstash's REST API.
//
// Per user there are two keys and a channel, and one key for all of them:
//
//	clockwork:realtime:timers:{user}  hash: seq, t:{id} → the timer, and the number
//	                                  and bytes of the recent events
//	clockwork:realtime:events:{user}  list: the recent events
//	clockwork:realtime:{user}         channel: announcements
//	clockwork:realtime:epoch          the seq that users start from
//
// Upstash bills each command, also inside a script: a commit costs one, and for each
// user in it four, or one more if timers are dropped or the user is new. One commit in
// 64 costs two more, to trim the recent events.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Redis is what the store needs of a client.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// Store is a realtime.Store and a realtime.Feed.
type Store struct{ redis Redis }

// New returns a store over redis.
func New(redis Redis) *Store { return &Store{redis} }

const (
	channelPrefix = "clockwork:realtime:"
	timersPrefix  = channelPrefix + "timers:"
	eventsPrefix  = channelPrefix + "events:"
	epochKey      = channelPrefix + "epoch"
	timerField    = "t:"
	seqField      = "seq"
)

var errReply = errors.New("unexpected reply of Redis")

// loadScript reads both keys at one moment, or for a new user the epoch. If there is
// none the store is new, and its epoch is ARGV[1].
const loadScript = `
local timers = redis.call('HGETALL', KEYS[1])
if #timers > 0 then return {timers, redis.call('LRANGE', KEYS[2], 0, -1)} end
redis.call('SET', KEYS[3], ARGV[1], 'NX')
return {{'seq', redis.call('GET', KEYS[3])}, {}}`

// Load reads a user's timers, with one command.
func (s *Store) Load(ctx context.Context, user string) (realtime.State, error) {
	reply, err := s.redis.Do(ctx, "EVAL", loadScript, 3, timersPrefix+user, eventsPrefix+user, epochKey, realtime.NewEpoch(time.Now()))
	if err != nil {
		return realtime.State{}, fmt.Errorf("read timers: %w", err)
	}
	both, ok := reply.([]any)
	if !ok || len(both) != 2 {
		return realtime.State{}, errReply
	}
	fields, ok1 := both[0].([]any)
	events, ok2 := both[1].([]any)
	if !ok1 || !ok2 || len(fields)%2 != 0 {
		return realtime.State{}, errReply
	}
	return decodeState(fields, events)
}

func decodeState(fields, events []any) (state realtime.State, err error) {
	for i := 0; i < len(fields); i += 2 {
		name, _ := fields[i].(string)
		value, _ := fields[i+1].(string)
		if name == seqField {
			if state.Seq, err = strconv.ParseInt(value, 10, 64); err != nil {
				return realtime.State{}, fmt.Errorf("%w: seq is no number", errReply)
			}
		} else if strings.HasPrefix(name, timerField) {
			e, err := realtime.DecodeEvent([]byte(value))
			if err != nil {
				state.Unreadable = fmt.Errorf("decode timer: %w", err)
				continue
			}
			state.Timers = append(state.Timers, e.Timer)
		}
	}
	for _, encoded := range events {
		text, _ := encoded.(string)
		e, err := realtime.DecodeEvent([]byte(text))
		if err != nil {
			state.Unreadable = fmt.Errorf("decode event: %w", err)
			continue
		}
		state.Recent = append(state.Recent, e)
	}
	state.Recent = state.Recent[max(0, len(state.Recent)-realtime.MaxRecent):]
	return state, nil
}

// commitScript makes each change whose user is at the seq that it follows. KEYS has the
// epoch's and, for each change, the two of its user and the channel. ARGV has the bounds
// of a user's recent events, in number and bytes, and then for each change: after, seq,
// announcement, the number of events and these, the number of timers and field and value
// of each, the number of dropped fields and these. If Redis refuses one change, for a
// key of another type, the others are made.
//
// The hash counts the list's events and bytes, so that the list is read and trimmed only
// when it has grown beyond a bound.
const commitScript = `
local made, a, most, mostBytes = {}, 2, tonumber(ARGV[1]), tonumber(ARGV[2])
local function some(first, n) return unpack(ARGV, first, first + n - 1) end
for k = 2, #KEYS, 3 do
  local after, seq, announcement = some(a + 1, 3)
  local events = a + 5
  local timers = events + ARGV[events - 1] + 1
  local dropped = timers + 2 * ARGV[timers - 1] + 1
  a = dropped + ARGV[dropped - 1] - 1
  local ok, done = pcall(function()
    local user, list = KEYS[k], KEYS[k + 1]
    local was = redis.call('HMGET', user, 'seq', 'events', 'bytes')
    if (was[1] or redis.call('GET', KEYS[1])) ~= after then return 0 end
    redis.call('RPUSH', list, some(events, timers - events - 1))
    local n, bytes = (was[2] or 0) + timers - events - 1, was[3] or 0
    for i = events, timers - 2 do bytes = bytes + #ARGV[i] end
    if n > most * 5 / 4 or bytes > mostBytes or was[1] and not was[2] then
      local all = redis.call('LRANGE', list, 0, -1)
      n, bytes = 0, 0
      for i = #all, 1, -1 do
        if n == most or n > 0 and bytes + #all[i] > mostBytes * 3 / 4 then break end
        n, bytes = n + 1, bytes + #all[i]
      end
      redis.call('LTRIM', list, -n, -1)
    end
    redis.call('HSET', user, 'seq', seq, 'events', n, 'bytes', bytes, some(timers, dropped - timers - 1))
    if a >= dropped then redis.call('HDEL', user, some(dropped, a - dropped + 1)) end
    redis.call('PUBLISH', KEYS[k + 2], announcement)
    return 1
  end)
  made[#made + 1] = ok and done or -1
end
return made`

// Bounds of one script, unless a single user's change is larger. Lua can unpack some
// thousand arguments at once, and a script blocks Redis. Upstash refuses a request over
// 10 MB, and text grows when it is quoted.
const (
	maxArguments = 4000
	maxBytes     = 1 << 20
)

var errRefused = errors.New("write timers: Redis refuses a user's keys")

// Commit writes and announces the changes with one script, or several if they are many
// or large.
func (s *Store) Commit(ctx context.Context, changes []realtime.Change) ([]bool, error) {
	made := make([]bool, 0, len(changes))
	var failed realtime.Failures
	for rest := changes; len(rest) > 0; {
		n := fitting(rest)
		answers, err := s.commit(ctx, rest[:n])
		for i := range n {
			one := err
			if err == nil && answers[i] < 0 {
				one = errRefused
			}
			made, failed = append(made, one == nil && answers[i] == 1), append(failed, one)
		}
		rest = rest[n:]
	}
	return made, failed.Any()
}

// fitting counts the changes that go into one script.
func fitting(changes []realtime.Change) int {
	arguments, bytes := 0, 0
	for i := range changes {
		c := &changes[i]
		arguments += 7 + 3*len(c.Events) + len(c.Dropped)
		bytes += len(c.Announcement)
		for e := range c.Events {
			bytes += 2 * len(c.Events[e].JSON) // as an event, and as the timer's state
		}
		if i > 0 && (arguments > maxArguments || bytes > maxBytes) {
			return i
		}
	}
	return len(changes)
}

func (s *Store) commit(ctx context.Context, changes []realtime.Change) (answers []int64, err error) {
	command := []any{"EVAL", commitScript, 1 + 3*len(changes), epochKey}
	for i := range changes {
		user := changes[i].User
		command = append(command, timersPrefix+user, eventsPrefix+user, channelPrefix+user)
	}
	command = append(command, realtime.MaxRecent, realtime.MaxRecentBytes)
	for i := range changes {
		command = appendChange(command, &changes[i])
	}
	reply, err := s.redis.Do(ctx, command...)
	if err != nil {
		return nil, fmt.Errorf("write timers: %w", err)
	}
	items, ok := reply.([]any)
	if !ok || len(items) != len(changes) {
		return nil, errReply
	}
	answers = make([]int64, len(changes))
	for i := range items {
		if answers[i], ok = items[i].(int64); !ok {
			return nil, errReply
		}
	}
	return answers, nil
}

func appendChange(command []any, c *realtime.Change) []any {
	command = append(command, c.After, c.Seq(), c.Announcement, len(c.Events))
	for i := range c.Events {
		command = append(command, c.Events[i].JSON)
	}
	latest := make(map[string][]byte, len(c.Events))
	for i := range c.Events {
		latest[c.Events[i].Timer.ID] = c.Events[i].JSON
	}
	command = append(command, len(latest))
	for id, encoded := range latest {
		command = append(command, timerField+id, encoded)
	}
	command = append(command, len(c.Dropped))
	for _, id := range c.Dropped {
		command = append(command, timerField+id)
	}
	return command
}

// Listen receives the announcements of all instances, including this one.
func (s *Store) Listen(ctx context.Context, onReady func(), onAnnouncement func(user, announcement string)) error {
	return s.redis.PSubscribe(ctx, onReady, func(channel, payload string) {
		if user, ok := strings.CutPrefix(channel, channelPrefix); ok {
			onAnnouncement(user, payload)
		}
	}, channelPrefix+"*")
}

// Announce publishes an announcement that belongs to no change.
func (s *Store) Announce(ctx context.Context, user, announcement string) error {
	if _, err := s.redis.Do(ctx, "PUBLISH", channelPrefix+user, announcement); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	return nil
}
