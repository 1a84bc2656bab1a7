package timercache

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// maxAttempts bounds how often a write is computed again because another came
// first. Each time somebody's write succeeded, so this is about fairness only.
const maxAttempts = 50

// Started records that Clockwork has accepted the start of t for owner, before
// any snapshot shows it. It replaces an older timer of the same issue.
func (c *Cache) Started(ctx context.Context, owner timer.Person, t timer.Timer) error {
	return c.amend(ctx, owner, func(timers []timer.Timer) []timer.Timer {
		timers = slices.DeleteFunc(timers, func(old timer.Timer) bool { return old.Issue.Key == t.Issue.Key })
		timers = append(timers, t)
		timer.SortNewestFirst(timers)
		return timers
	})
}

// Stopped records that owner's timer of the issue no longer runs: Clockwork
// stopped it, or said that it did not run.
func (c *Cache) Stopped(ctx context.Context, owner timer.Person, issueKey string) error {
	return c.amend(ctx, owner, func(timers []timer.Timer) []timer.Timer {
		return slices.DeleteFunc(timers, func(old timer.Timer) bool { return old.Issue.Key == issueKey })
	})
}

// amend changes one account's timers, fences them against snapshots fetched
// before, and publishes what changed.
func (c *Cache) amend(ctx context.Context, owner timer.Person, change func([]timer.Timer) []timer.Timer) error {
	for range maxAttempts {
		now := c.clock()
		raw, err := c.mget(ctx, syncKey, allKey, timersPrefix+owner.AccountID)
		if err != nil {
			return err
		}
		b := c.amendment(owner, change, raw[0], raw[1], raw[2], now)
		done, err := c.commit(ctx, "amend-"+owner.AccountID, b)
		if err != nil || done {
			return err
		}
	}
	return fmt.Errorf("%w: %d attempts to change one user's timers came too late", ErrUnavailable, maxAttempts)
}

// amendment computes the write from what Redis held. Where there was never a
// sync only the user's own value is written: a list of everybody made of one
// person would be false.
func (c *Cache) amendment(owner timer.Person, change func([]timer.Timer) []timer.Timer, rawSync, rawAll, rawOwn string, now time.Time) *batch {
	state, synced := decodeSync(rawSync, now)
	everybody, known := decodeValue(rawAll)
	own, found := decodeValue(rawOwn)
	synced = synced && known

	var before []timer.Timer
	at := now
	switch {
	case synced:
		at = timer.Tick(everybody.CachedAt, now)
		everybody.Timers = timer.Advance(everybody.Timers, everybody.CachedAt, at)
		before = timer.ByAccount(everybody.Timers)[owner.AccountID]
	case found && now.Sub(own.CachedAt) <= fenceLife:
		at = timer.Tick(own.CachedAt, now)
		before = timer.Advance(own.Timers, own.CachedAt, at)
	}
	after := change(slices.Clone(before))

	email := owner.EmailAddress
	if email == "" {
		email = emailOf(before)
	}
	b := &batch{}
	b.guard(syncKey, rawSync)
	b.guard(timersPrefix+owner.AccountID, rawOwn)
	b.set(now.Format(fenceFormat), fenceLife, fenceKey(owner.AccountID))
	version := max(state.nextVersion(now), own.Version+1)
	b.set(value{after, at, owner.AccountID, version}.encode(), valueLife, userKeys(owner.AccountID, email)...)
	if synced {
		rest := slices.DeleteFunc(everybody.Timers, func(t timer.Timer) bool { return t.RunningFor == owner.AccountID })
		rest = append(rest, after...)
		timer.SortNewestFirst(rest)
		b.set(value{rest, at, all, version}.encode(), valueLife, allKey)
		state.Version = version
		b.set(state.encode(), valueLife, syncKey)
		switch {
		case len(before) == 0 && len(after) > 0:
			b.joined = []any{owner.AccountID}
		case len(before) > 0 && len(after) == 0:
			b.left = []any{owner.AccountID}
		}
	}
	for _, ch := range timer.Diff(before, at, after, at) {
		b.publish(EventsChannel(owner.AccountID), encodeEvent(owner.AccountID, ch, now))
	}
	return b
}
