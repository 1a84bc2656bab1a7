package ratelimit

import (
	"context"
	"fmt"
	"time"
)

// Count is one limit's state in Redis, and what is to be done with it.
type Count struct {
	Key   string
	Limit Limit
	N     int // how many to count; negative to give back
	// Counted says that they have happened: they are counted whatever the limit
	// says. Otherwise they are asked for, and where any wait none is counted.
	Counted bool
}

// Commands is what Redis is asked with.
type Commands interface {
	Do(ctx context.Context, cmd ...any) (any, error)
}

// takeScript is Limit's arithmetic where all instances share the state, in
// milliseconds. ARGV: now, then interval, burst, debt, number, and 1 for
// "counted already" of each key. It answers the longest wait, and each key's
// state.
const takeScript = `
local now, busy, wait = tonumber(ARGV[1]), redis.call('MGET', unpack(KEYS)), 0
local function arg(i, n) return tonumber(ARGV[5 * i - 4 + n]) end
local function clamp(i, busy) return math.min(math.max(busy, now), now + (arg(i, 2) + arg(i, 3)) * arg(i, 1)) end
for i = 1, #KEYS do
  busy[i] = clamp(i, tonumber(busy[i] or '') or now)
  if arg(i, 5) == 0 then wait = math.max(wait, busy[i] - now - (arg(i, 2) - 1) * arg(i, 1)) end
end
local answer = {wait}
for i, key in ipairs(KEYS) do
  if wait == 0 or arg(i, 5) == 1 then
    busy[i] = clamp(i, busy[i] + arg(i, 4) * arg(i, 1))
    if busy[i] > now then
      redis.call('SET', key, string.format('%.0f', busy[i]), 'PX', string.format('%.0f', busy[i] - now))
    else
      redis.call('DEL', key)
    end
  end
  answer[i + 1] = busy[i]
end
return answer`

// command is the script's EVAL. Upstash bills it, its MGET, and a write for
// each key.
func command(now time.Time, counts []Count) []any {
	cmd := make([]any, 0, 4+6*len(counts))
	cmd = append(cmd, "EVAL", takeScript, len(counts))
	for _, c := range counts {
		cmd = append(cmd, c.Key)
	}
	cmd = append(cmd, now.UnixMilli())
	for _, c := range counts {
		counted := 0
		if c.Counted {
			counted = 1
		}
		cmd = append(cmd, c.Limit.Interval.Milliseconds(), c.Limit.Burst, c.Limit.Debt, c.N, counted)
	}
	return cmd
}

// read takes the script's answer apart: the wait, and until when each key's
// limit is busy.
func read(reply any, counts int) (wait time.Duration, busy []time.Time, err error) {
	if failed, ok := reply.(error); ok {
		return 0, nil, failed
	}
	items, ok := reply.([]any)
	if !ok || len(items) != counts+1 {
		return 0, nil, fmt.Errorf("answer of type %T for %d counts", reply, counts)
	}
	busy = make([]time.Time, counts)
	for i, item := range items {
		ms, ok := item.(int64)
		switch {
		case !ok:
			return 0, nil, fmt.Errorf("answer with an item of type %T", item)
		case i == 0:
			wait = time.Duration(ms) * time.Millisecond
		default:
			busy[i-1] = time.UnixMilli(ms)
		}
	}
	return wait, busy, nil
}

// Take asks for all counts in one round trip, and returns how long to wait
// where a limit does not allow it: then none is counted.
func Take(ctx context.Context, redis Commands, now time.Time, counts ...Count) (wait time.Duration, err error) {
	reply, err := redis.Do(ctx, command(now, counts)...)
	if err == nil {
		wait, _, err = read(reply, len(counts))
	}
	if err != nil {
		return 0, fmt.Errorf("count in redis: %w", err)
	}
	return wait, nil
}
