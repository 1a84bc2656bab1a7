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
	// would be but for a fence; equal input gives them in equal order.
	changed, fenced []string
	events          []message
	users           map[string][]timer.Timer // who runs something afterwards
	owners          map[string]string        // of their addresses; nil until somebody asks
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
	var changes []change
	for _, account := range unionOfKeys(before, after) {
		was := timer.Advance(before[account], base.cachedAt, at)
		is := timer.Advance(after[account], s.CachedAt, at)
		if fences[account] >= s.FetchedAt.UTC().Format(fenceFormat) {
			is = was
			p.fenced = append(p.fenced, account)
		}
		if whole || !timer.SameSnapshot(was, at, is, at) {
			changes = append(changes, change{account: account, was: was, is: is})
		} else {
			is = was // as the account's own value, which stays
		}
		kept = append(kept, is...)
	}
	timer.SortNewestFirst(kept)
	p.users = timer.ByAccount(kept)
	changes = append(changes, p.heirs(changes)...)
	for i := range changes {
		p.change(&changes[i], at, state.Version)
	}
	for _, account := range p.accounts() {
		p.batch.guard(fenceKey(account), fences[account])
	}
	if whole {
		p.replaceActive()
		state.ActiveAt = p.now
	}
	p.batch.set(value{Timers: kept, CachedAt: at, UserKey: all, Version: state.Version}.encode(), valueLife, allKey)
	c.extendActive(p.batch, &state)
	p.batch.set(state.encode(), valueLife, syncKey)
	p.batch.published = p.events
	p.result.Version, p.result.Timers, p.result.Fenced = state.Version, len(kept), len(p.fenced)
	p.result.Users = len(p.users)
	return p
}

// replaceActive makes the set of active users anew.
func (p *plan) replaceActive() {
	p.batch.reset, p.batch.extend = true, true
	p.batch.joined, p.batch.left = nil, nil
	for _, account := range unionOfKeys(p.users, nil) {
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

// change is what becomes of one account's timers.
type change struct {
	account string
	was, is []timer.Timer
	heir    string // who has the address that the account no longer uses; or ""
}

// change adds one account's new value and the events that tell of it; both
// lists are as of at.
func (p *plan) change(c *change, at time.Time, version int64) {
	p.changed = append(p.changed, c.account)
	email, oldEmail := emailOf(c.is), emailOf(c.was)
	if c.heir != "" {
		oldEmail = ""
	}
	if len(c.is) == 0 {
		email = oldEmail
	}
	p.batch.setUser(value{Timers: c.is, CachedAt: at, UserKey: c.account, Version: version, Email: email}, oldEmail)
	switch {
	case len(c.is) > 0 && len(c.was) == 0:
		p.batch.joined = append(p.batch.joined, c.account)
	case len(c.is) == 0 && len(c.was) > 0:
		p.batch.left = append(p.batch.left, c.account)
	}
	for _, ch := range timer.Diff(c.was, at, c.is, at) {
		p.events = append(p.events, message{EventsChannel(c.account), encodeEvent(c.account, ch, at, p.now)})
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

// heirs finds each change's heir, and lists those whose own timers do not change,
// but are to be found under their address.
func (p *plan) heirs(changes []change) (heirs []change) {
	for i := range changes {
		heir := p.heirOf(&changes[i])
		changes[i].heir = heir
		known := func(c change) bool { return c.account == heir }
		if heir != "" && !slices.Contains(p.fenced, heir) && !slices.ContainsFunc(changes, known) && !slices.ContainsFunc(heirs, known) {
			heirs = append(heirs, change{account: heir, was: p.users[heir], is: p.users[heir]})
		}
	}
	return heirs
}

// heirOf names who runs something under the address that the account no longer
// uses, or "".
func (p *plan) heirOf(c *change) string {
	email := emailOf(c.was)
	if email == "" || email == emailOf(c.is) {
		return ""
	}
	if p.owners == nil {
		p.owners = map[string]string{}
		for account, timers := range p.users {
			if owner := emailOf(timers); p.owners[owner] < account {
				p.owners[owner] = account
			}
		}
	}
	return p.owners[email]
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
