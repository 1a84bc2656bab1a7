package timercache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

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
	if owner.AccountID == "" || owner.AccountID == all {
		return errors.New("change timers: no account named") // "all" would replace everybody's
	}
	for n := range maxAttempts {
		now := c.clock()
		raw, err := c.mget(ctx, append(baseKeys(), timersPrefix+owner.AccountID)...)
		if err != nil {
			return err
		}
		done, err := c.commit(ctx, "amend-"+owner.AccountID, amendment(owner, change, raw, now))
		if err != nil || done {
			return err
		}
		if err := c.pause(ctx, n); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %d attempts to change one user's timers came too late", ErrUnavailable, maxAttempts)
}

// amendment computes the write from what Redis held: the values of baseKeys
// and the account's own. Where there was never a sync only the latter is
// written, with a note for the next snapshot: a list of everybody made of one
// person would be false.
func amendment(owner timer.Person, change func([]timer.Timer) []timer.Timer, raw []string, now time.Time) *batch {
	state, synced := decodeSync(raw[0], now)
	everybody, known := decodeValue(raw[1])
	own, found := decodeValue(raw[3])
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
	oldEmail := cmp.Or(emailOf(before), own.Email)
	email := cmp.Or(emailOf([]timer.Timer{{RunningFor: owner.AccountID, Author: &owner}}), emailOf(after), oldEmail)
	after = withEmail(after, owner.AccountID, email)

	b := &batch{}
	b.guard(syncKey, raw[0])
	b.guard(timersPrefix+owner.AccountID, raw[3])
	b.set(now.Format(fenceFormat), fenceLife, fenceKey(owner.AccountID))
	version := max(state.nextVersion(now), own.Version+1)
	b.setUser(value{Timers: after, CachedAt: at, UserKey: owner.AccountID, Version: version, Email: email}, oldEmail)
	if synced {
		rest := slices.DeleteFunc(everybody.Timers, func(t timer.Timer) bool { return t.RunningFor == owner.AccountID })
		rest = append(rest, after...)
		timer.SortNewestFirst(rest)
		state.Version = version
		b.set(value{Timers: rest, CachedAt: at, UserKey: all, Version: version}.encode(), valueLife, allKey)
		b.set(state.encode(), valueLife, syncKey)
	} else {
		b.guard(pendingKey, raw[2])
		b.set(encodePending(append(decodePending(raw[2]), owner.AccountID)), fenceLife, pendingKey)
	}
	b.tell(owner.AccountID, before, after, at, now, synced)
	return b
}

// tell adds what others learn of a change: the set of active users, which
// exists once there was a sync, and events.
func (b *batch) tell(account string, before, after []timer.Timer, at, now time.Time, synced bool) {
	switch {
	case synced && len(before) == 0 && len(after) > 0:
		b.joined = []any{account}
	case synced && len(before) > 0 && len(after) == 0:
		b.left = []any{account}
	}
	for _, ch := range timer.Diff(before, at, after, at) {
		b.publish(EventsChannel(account), encodeEvent(account, ch, at, now))
	}
}
