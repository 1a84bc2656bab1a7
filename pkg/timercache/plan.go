package timercache

import (
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// plan is the write that turns a base into a snapshot.
type plan struct {
	batch  *batch
	result Result
	now    time.Time
	// changed are the accounts whose value is written, fenced ones those that
	// would be but for a fence; both sorted, so that equal input gives equal output.
	changed, fenced []string
	events          []message
}

func (p *plan) accounts() []string { return append(slices.Clone(p.changed), p.fenced...) }

// plan computes what to write so that the cache holds s, but for accounts with
// a fence from after the fetch began: they keep what base holds for them.
func (c *Cache) plan(s Snapshot, base Base, fences map[string]string) *plan {
	p := &plan{batch: &batch{}, now: c.clock()}
	before, after := timer.ByAccount(base.Timers), timer.ByAccount(s.Timers)
	at := s.CachedAt
	if !base.cachedAt.IsZero() {
		at = timer.Tick(base.cachedAt, at) // what is kept loses no fraction of a second
	}
	whole := s.Whole || !base.known || p.now.Sub(base.state.RefreshedAt) > refreshAge
	state := c.nextState(s, base, p.now, whole)

	p.batch.guard(syncKey, base.raw)
	p.batch.guard(pendingKey, base.rawPending)
	if base.rawPending != "" {
		p.batch.set("", time.Second, pendingKey)
	}
	for _, account := range base.pending {
		if _, known := before[account]; !known {
			before[account] = nil // looked at all the same
		}
	}
	kept := []timer.Timer{}
	for _, account := range unionOfKeys(before, after) {
		was := timer.Advance(before[account], base.cachedAt, at)
		is := timer.Advance(after[account], s.CachedAt, at)
		if fences[account] >= s.FetchedAt.UTC().Format(fenceFormat) {
			is = was
			p.fenced = append(p.fenced, account)
		}
		if whole || !timer.SameSnapshot(was, at, is, at) {
			p.change(account, was, is, at, state.Version)
		} else {
			is = was // as the account's own value, which stays
		}
		kept = append(kept, is...)
	}
	for _, account := range p.accounts() {
		p.batch.guard(fenceKey(account), fences[account])
	}
	timer.SortNewestFirst(kept)
	users := timer.ByAccount(kept)
	if whole {
		p.replaceActive(users)
		state.ActiveAt = p.now
	}
	p.batch.set(value{Timers: kept, CachedAt: at, UserKey: all, Version: state.Version}.encode(), valueLife, allKey)
	c.extendActive(p.batch, &state)
	p.batch.set(state.encode(), valueLife, syncKey)
	p.batch.published = p.events
	p.result.Version, p.result.Timers, p.result.Fenced = state.Version, len(kept), len(p.fenced)
	p.result.Users = len(users)
	return p
}

// replaceActive makes the set of active users anew.
func (p *plan) replaceActive(users map[string][]timer.Timer) {
	p.batch.reset, p.batch.extend = true, true
	p.batch.joined, p.batch.left = nil, nil
	for _, account := range unionOfKeys(users, nil) {
		p.batch.joined = append(p.batch.joined, account)
	}
}

// nextState is what clockwork:sync holds afterwards.
func (c *Cache) nextState(s Snapshot, base Base, now time.Time, whole bool) syncState {
	state := base.state
	state.Version = state.nextVersion(now)
	state.SyncedAt, state.Source, state.Unnamed = s.FetchedAt, s.Source, s.Unnamed
	if s.Enriched {
		state.EnrichedAt = now
	}
	if whole {
		state.Floor, state.RefreshedAt = state.Version, now
	}
	return state
}

// change adds one account's new value and the events that tell of it; both
// lists are as of at.
func (p *plan) change(account string, was, is []timer.Timer, at time.Time, version int64) {
	p.changed = append(p.changed, account)
	email, oldEmail := emailOf(is), emailOf(was)
	if len(is) == 0 {
		email = oldEmail
	}
	p.batch.setUser(value{Timers: is, CachedAt: at, UserKey: account, Version: version, Email: email}, oldEmail)
	switch {
	case len(is) > 0 && len(was) == 0:
		p.batch.joined = append(p.batch.joined, account)
	case len(is) == 0 && len(was) > 0:
		p.batch.left = append(p.batch.left, account)
	}
	for _, ch := range timer.Diff(was, at, is, at) {
		p.events = append(p.events, message{EventsChannel(account), encodeEvent(account, ch, p.now)})
		switch ch.Kind {
		case timer.Started:
			p.result.Started++
		case timer.Stopped:
			p.result.Stopped++
		case timer.Edited:
			p.result.Edited++
		}
	}
}

func unionOfKeys[V any](a, b map[string]V) []string {
	keys := make([]string, 0, len(a)+len(b))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
