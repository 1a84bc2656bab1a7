package timercache

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// plan is the write that turns a base into a snapshot.
type plan struct {
	Changes []change `json:"changes"`
	// Expected and State are the sync record before and after.
	Expected string `json:"expected"`
	State    string `json:"state"`
	Legacy   bool   `json:"legacy,omitempty"` // see part
	Began    string `json:"began,omitempty"`  // see part
	// Reset: the set of active users is made again, of those who change and of the
	// joined ones, whose values stay as they are.
	Joined []string `json:"joined,omitempty"`
	Reset  bool     `json:"reset,omitempty"`

	Version int64 `json:"version"`
	Timers  int   `json:"timers"`
	Users   int   `json:"users"`

	renewed bool // the record says more than that it was confirmed
}

// empty reports that nothing but the time of the sync changes.
func (p *plan) empty() bool { return len(p.Changes) == 0 && !p.renewed }

// planner computes a plan.
type planner struct {
	plan   *plan
	state  syncState // after
	now    time.Time
	was    map[string]value
	is     map[string][]timer.Timer
	cached time.Time
	whole  bool              // every value is written, changed or not
	owners map[string]string // who has an address afterwards
	// written are the accounts whose value is replaced.
	written map[string]bool
}

// plan computes what to write so that the cache holds s.
func (c *Cache) plan(s Snapshot, base Base) *plan {
	now := c.clock()
	p := &planner{plan: &plan{Expected: base.raw, Legacy: base.state.Epoch == "", Began: base.began}, now: now, was: base.people(),
		is: timer.ByAccount(s.Timers), cached: s.CachedAt, whole: !base.known, written: map[string]bool{}}
	p.state = base.state.after(s, now)
	if c.site != "" {
		p.state.Site = c.site
	}
	if p.whole {
		p.state.Epoch, p.state.Floor = rand.Text(), p.state.Version
	}
	if p.plan.Reset = p.whole || now.Sub(p.state.ActiveAt) > activeAge; p.plan.Reset {
		p.state.ActiveAt = now
	}
	p.plan.renewed = p.plan.Reset || s.Enriched || s.Unnamed != base.state.Unnamed || s.Unreadable != base.state.Unreadable || !slices.Equal(p.state.UnreadableOf, base.state.UnreadableOf) || p.state.Site != base.state.Site || s.Source != base.state.Source
	p.findOwners()
	for _, account := range union(p.was, p.is) {
		p.compare(account)
	}
	p.successors()
	if p.plan.empty() {
		p.state = base.state.confirmed(s.FetchedAt)
	}
	p.plan.State, p.plan.Version = p.state.encode(), p.state.Version
	p.plan.Timers, p.plan.Users = len(s.Timers), len(p.is)
	return p.plan
}

// after is the sync record once s is written.
func (s syncState) after(snapshot Snapshot, now time.Time) syncState {
	s.Version = nextVersion(s.Version, now)
	s.SyncedAt, s.Source, s.Run = snapshot.FetchedAt, snapshot.Source, rand.Text()
	s.Unnamed, s.Unreadable, s.UnreadableOf = snapshot.Unnamed, snapshot.Unreadable, snapshot.UnreadableOf
	if snapshot.Enriched {
		s.EnrichedAt = now
	}
	return s
}

// confirmed is the sync record once a snapshot equal to it was fetched.
func (s syncState) confirmed(fetchedAt time.Time) syncState {
	s.SyncedAt = fetchedAt
	return s
}

// findOwners decides who is found under an address. In Jira only one account has an
// address at a time; if two run timers under one, the higher id gets it.
func (p *planner) findOwners() {
	p.owners = map[string]string{}
	for account := range p.is {
		if email := p.emailOf(account); email != "" && p.owners[email] < account {
			p.owners[email] = account
		}
	}
}

// emailOf is an account's address afterwards. If Jira did not answer, the known one stays;
// if Jira hides it, it goes.
func (p *planner) emailOf(account string) string {
	email := emailOf(p.is[account])
	if email == "" && (len(p.is[account]) == 0 || p.state.Unnamed) {
		return p.was[account].Email
	}
	return email
}

// compare adds what changes for one account.
func (p *planner) compare(account string) {
	was, exists := p.was[account]
	before, after, at := p.lists(account)
	email := p.emailOf(account)
	changed := !timer.SameSnapshot(before, at, after, at) || email != was.Email
	age := p.now.Sub(was.CachedAt)
	switch {
	case changed, p.whole, was.unproven(), was.Listed != (len(after) > 0), exists && was.Epoch != p.state.Epoch:
		p.rewrite(account, email, nextVersion(was.Version, p.now))
	case len(after) > 0 && age > refreshAge:
		p.rewrite(account, email, was.Version) // before Redis forgets it
	case len(after) == 0 && age > valueLife:
		forgotten := change{Account: account, Expected: was.mark}
		p.addresses(&forgotten, was.Email, "")
		p.plan.Changes = append(p.plan.Changes, forgotten)
	}
	if p.plan.Reset && len(after) > 0 && !p.written[account] {
		p.plan.Joined = append(p.plan.Joined, account)
	}
}

// lists are an account's timers before and after, both as of at: what is kept
// loses no fraction of a second.
func (p *planner) lists(account string) (before, after []timer.Timer, at time.Time) {
	was := p.was[account]
	at = p.cached
	if !was.CachedAt.IsZero() {
		at = timer.Tick(was.CachedAt, at)
	}
	return timer.Advance(was.Timers, was.CachedAt, at), timer.Advance(p.is[account], p.cached, at), at
}

// rewrite adds the account's new value, and the message that says what changed.
func (p *planner) rewrite(account, email string, version int64) {
	was := p.was[account]
	before, after, at := p.lists(account)
	next := was
	next.Timers, next.SeenAs = after, seenAs(was.about, before, after)
	next.CachedAt, next.UserKey, next.Epoch, next.Email, next.Version = at, account, p.state.Epoch, email, version
	next.Listed, next.Acts = len(after) > 0, judged(was.Acts)
	next.LastSeen = was.lastSeen(account, before, after, at)
	ch := change{Account: account, Expected: was.mark, Value: next.encode()}
	events, count := eventsOf(next.about, before, after, at)
	bindings, failed := p.judge(account)
	ch.Message, ch.Tally, ch.Bindings = message(append(events, failed...)), count, bindings
	switch {
	case next.Listed && (!was.Listed || p.plan.Reset):
		ch.Active = joins
	case !next.Listed && was.Listed:
		ch.Active = leaves
	}
	p.addresses(&ch, was.Email, email)
	if !p.whole { // else all are listed anyway
		ch.New = newNames(was.about, account, ch.Emails...)
	}
	p.plan.Changes = append(p.plan.Changes, ch)
	p.written[account] = true
}

// successors writes those who are found under an address that somebody else's
// change may have left behind: their own timers need not have changed.
func (p *planner) successors() {
	for _, ch := range slices.Clone(p.plan.Changes) {
		account := p.owners[p.was[ch.Account].Email]
		if account != "" && account != ch.Account && !p.written[account] {
			p.rewrite(account, p.emailOf(account), nextVersion(p.was[account].Version, p.now))
		}
	}
}

// addresses are the keys by which the person is found too. One that another
// person has now is written by that one.
func (p *planner) addresses(ch *change, old, now string) {
	owner, running := p.owners[now]
	if now != "" && (!running || owner == ch.Account) {
		ch.Emails = []string{now}
	}
	if _, taken := p.owners[old]; old != "" && old != now && !taken {
		ch.Gone = []string{old}
	}
}

// newNames are the names, among an account and its addresses, under which a value is
// written for the first time.
func newNames(was about, account string, emails ...string) (names []string) {
	if was.mark == "" {
		names = append(names, account)
	}
	for _, email := range emails {
		if email != was.Email {
			names = append(names, email)
		}
	}
	return names
}

func union[A, B any](a map[string]A, b map[string]B) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
