package timercache

import (
	"context"
	"fmt"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// fenceFormat is RFC 3339 with milliseconds, in UTC: it sorts as text.
const fenceFormat = "2006-01-02T15:04:05.000Z07:00"

// Result says what a snapshot did to the cache.
type Result struct {
	Version int64 `json:"version"`
	Timers  int   `json:"timers"`
	Users   int   `json:"users"`
	Started int   `json:"started"`
	Stopped int   `json:"stopped"`
	Edited  int   `json:"edited"`
	// Fenced counts users left alone because they started or stopped something
	// after the fetch began.
	Fenced int `json:"fenced"`
	// Superseded: a newer snapshot was there already, and nothing was written.
	Superseded bool `json:"superseded,omitempty"`
}

// Confirm records that the snapshot fetched at fetchedAt equals what mark
// names. Users that started or stopped something since are fenced, so they stay
// as they are; where another snapshot came in between, the comparison says
// nothing any more, and the answer is ErrNotStaged: fetch again.
func (c *Cache) Confirm(ctx context.Context, mark Mark, fetchedAt time.Time) (Result, error) {
	compared, _ := decodeSync(mark.State, c.clock())
	raw := mark.State
	for n := range maxAttempts {
		state, ok := decodeSync(raw, c.clock())
		switch {
		case ok && c.superseded(state, fetchedAt):
			return Result{Version: state.Version, Superseded: true}, nil
		case !ok || !state.SyncedAt.Equal(compared.SyncedAt):
			return Result{}, ErrNotStaged
		}
		state.SyncedAt = fetchedAt
		done, err := c.replaceState(ctx, raw, state)
		if err != nil || done {
			return Result{Version: state.Version}, err
		}
		if err := c.pause(ctx, n); err != nil {
			return Result{}, err
		}
		current, err := c.mget(ctx, syncKey)
		if err != nil {
			return Result{}, err
		}
		raw = current[0]
	}
	return Result{}, fmt.Errorf("%w: %d attempts to confirm a snapshot came too late", ErrUnavailable, maxAttempts)
}

// confirmScript replaces a value by another, if it is as expected. It writes
// first and takes that back where it was wrong: nobody sees what happens inside
// a script, and so the usual case is one command less on the bill.
const confirmScript = `
local held = redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3], 'GET')
if held ~= ARGV[1] then
  if held then redis.call('SET', KEYS[1], held, 'EX', ARGV[3]) else redis.call('DEL', KEYS[1]) end
  return 0
end
if tonumber(ARGV[4]) > 0 then redis.call('EXPIRE', KEYS[2], ARGV[4]) end
return 1
`

// replaceState writes a state in the place of the one that was read; false
// means that another is there.
func (c *Cache) replaceState(ctx context.Context, raw string, state syncState) (bool, error) {
	active := &batch{}
	c.extendActive(active, &state)
	reply, err := c.redis.Do(ctx, "EVAL", confirmScript, 2, syncKey, activeUsersKey,
		raw, state.encode(), int(valueLife/time.Second), flag(active.extend)*int(activeLife/time.Second))
	if err != nil {
		return false, fmt.Errorf("%w: confirm: %w", ErrUnavailable, err)
	}
	return reply == int64(1), nil
}

// superseded reports whether a snapshot at least as new is there already. One
// from the future is not believed: a clock was wrong, and would block every
// sync until that moment.
func (c *Cache) superseded(state syncState, fetchedAt time.Time) bool {
	return !state.SyncedAt.Before(fetchedAt) && state.SyncedAt.Before(c.clock().Add(time.Minute))
}

// extendActive renews the life of the set of active users once it is half over.
func (c *Cache) extendActive(b *batch, state *syncState) {
	if now := c.clock(); now.Sub(state.ActiveAt) > activeAge {
		b.extend, state.ActiveAt = true, now
	}
}

// Commit writes a staged snapshot; ErrNotStaged when it is gone. It may be
// repeated: the second time changes nothing.
func (c *Cache) Commit(ctx context.Context, runID string) (Result, error) {
	s, base, err := c.staged(ctx, runID)
	if err != nil {
		return Result{}, err
	}
	fences := map[string]string{} // at first, assume that there are none: it is nearly always so
	for n := range maxAttempts {
		switch {
		case c.superseded(base.state, s.FetchedAt):
			return Result{Version: base.state.Version, Superseded: true}, nil
		case c.clock().Sub(s.FetchedAt) > snapshotLife:
			return Result{}, fmt.Errorf("%w: it is too old to be written", ErrNotStaged)
		}
		p := c.plan(s, base, fences)
		done, err := c.commit(ctx, runID, p.batch)
		if err != nil || done {
			return p.result, err
		}
		if err := c.pause(ctx, n); err != nil {
			return Result{}, err
		}
		if base, fences, err = c.reread(ctx, p.accounts()); err != nil {
			return Result{}, err
		}
	}
	return Result{}, fmt.Errorf("%w: %d attempts to write a snapshot came too late", ErrUnavailable, maxAttempts)
}

// reread reads the state again together with the fences of accounts, and what
// fenced accounts hold, which a lost list of everybody cannot tell.
func (c *Cache) reread(ctx context.Context, accounts []string) (Base, map[string]string, error) {
	keys := baseKeys()
	for _, account := range accounts {
		keys = append(keys, fenceKey(account))
	}
	raw, err := c.mget(ctx, keys...)
	if err != nil {
		return Base{}, nil, err
	}
	base := c.base(raw)
	fences := map[string]string{}
	for i, account := range accounts {
		if fence := raw[len(baseKeys())+i]; fence != "" {
			fences[account] = fence
		}
	}
	if !base.known {
		err = c.readFenced(ctx, &base, fences)
	}
	return base, fences, err
}

// readFenced fills a base without a list with the fenced accounts' own values.
func (c *Cache) readFenced(ctx context.Context, base *Base, fences map[string]string) error {
	if len(fences) == 0 {
		return nil
	}
	var keys []string
	for account := range fences {
		keys = append(keys, timersPrefix+account)
	}
	raw, err := c.mget(ctx, keys...)
	if err != nil {
		return err
	}
	for _, one := range raw {
		if own, ok := decodeValue(one); ok {
			base.Timers = append(base.Timers, timer.Advance(own.Timers, own.CachedAt, c.clock())...)
		}
	}
	base.cachedAt = c.clock()
	return nil
}
