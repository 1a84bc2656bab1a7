package ratelimit

import (
	"context"
	"fmt"
	"time"
)

// Count is one Limit's state in Redis, and what is to be done with it.
type Count struct {
	Key   string
	Limit Limit
	N     int // how many to count; negative to give back
	// Counted says that they have happened already, so the limit cannot refuse them.
	// Otherwise nothing is counted if any of the limits refuses.
	Counted bool
}

// Commands runs commands in Redis.
type Commands interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// takeScript is Limit's arithmetic for a state that all instances share, in
// milliseconds. A key's lifetime is the state, how long the limit is busy, so
// that no clock but Redis' own is involved. ARGV has interval, burst, number,
// and 1 for "counted already" of each key. The answer is the longest wait.
// Upstash bills the script, a PTTL and a write for each key.
const takeScript = `
local busy, wait = {}, 0
local function arg(i, n) return tonumber(ARGV[4 * i - 4 + n]) end
local function clamp(i, busy) return math.min(math.max(busy, 0), arg(i, 2) * arg(i, 1)) end
for i, key in ipairs(KEYS) do
  busy[i] = clamp(i, redis.call('PTTL', key))
  if arg(i, 4) == 0 then wait = math.max(wait, busy[i] - (arg(i, 2) - 1) * arg(i, 1)) end
end
for i, key in ipairs(KEYS) do
  if wait == 0 or arg(i, 4) == 1 then
    local after = clamp(i, busy[i] + arg(i, 3) * arg(i, 1))
    if after > 0 then
      redis.call('SET', key, 1, 'PX', string.format('%.0f', after))
    else
      redis.call('DEL', key)
    end
  end
end
return wait`

// Take asks for all counts in one round trip, and returns how long to wait if
// a limit does not allow it: then none is counted that has not happened.
func Take(ctx context.Context, redis Commands, counts ...Count) (wait time.Duration, err error) {
	cmd := make([]any, 0, 3+5*len(counts))
	cmd = append(cmd, "EVAL", takeScript, len(counts))
	for _, c := range counts {
		cmd = append(cmd, c.Key)
	}
	for _, c := range counts {
		counted := 0
		if c.Counted {
			counted = 1
		}
		cmd = append(cmd, c.Limit.Interval.Milliseconds(), c.Limit.Burst, c.N, counted)
	}
	reply, err := redis.Do(ctx, cmd...)
	if err != nil {
		return 0, fmt.Errorf("count in redis: %w", err)
	}
	ms, ok := reply.(int64)
	if !ok {
		return 0, fmt.Errorf("count in redis: answer of type %T", reply)
	}
	return time.Duration(ms) * time.Millisecond, nil
}
