package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// ErrUnavailable means that Redis did not answer.
var ErrUnavailable = errors.New("the settings cannot be read or saved")

// Store holds people's own settings in Redis.
type Store struct {
	Redis interface {
		Do(ctx context.Context, cmd ...any) (any, error)
	}
	Goals Goals // of those who have set nothing
}

// Key is where an account's own settings are stored.
func Key(account string) string { return "clockwork:settings:" + account }

// Load returns the settings of an account. It costs one command.
func (s Store) Load(ctx context.Context, account string) (Settings, error) {
	reply, err := s.Redis.Do(ctx, "GET", Key(account))
	return s.read(account, reply, err)
}

// saveScript changes some members of the stored object, so that two devices of one
// person do not undo each other's change.
const saveScript = `
local ok, value = pcall(cjson.decode, redis.call('GET', KEYS[1]) or '{}')
if not ok or type(value) ~= 'table' then value = {} end
for name, member in pairs(cjson.decode(ARGV[1])) do value[name] = member end
local text = cjson.encode(value)
redis.call('SET', KEYS[1], text)
return text`

// Save changes the settings of an account and returns them.
func (s Store) Save(ctx context.Context, account string, c Change) (Settings, error) {
	own := stored{Target: c.DailyTargetMinutes}
	if c.Workdays != nil {
		digits := ""
		for _, day := range slices.Sorted(slices.Values(*c.Workdays)) {
			digits += strconv.Itoa(day)
		}
		own.Workdays = &digits
	}
	if own == (stored{}) {
		return s.Load(ctx, account)
	}
	text, err := json.Marshal(own)
	if err != nil {
		return Settings{}, fmt.Errorf("encode settings: %w", err)
	}
	reply, err := s.Redis.Do(ctx, "EVAL", saveScript, 1, Key(account), string(text))
	return s.read(account, reply, err)
}

func (s Store) read(account string, reply any, err error) (Settings, error) {
	text, ok := reply.(string)
	if err == nil && !ok && reply != nil {
		err = fmt.Errorf("an answer of type %T", reply)
	}
	if err != nil {
		return Settings{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return s.Goals.Of(account, text), nil
}
