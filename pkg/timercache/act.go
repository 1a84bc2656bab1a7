package timercache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/timer"
)

const (
	// maxAttempts bounds how often a change is computed again because another change of
	// the same person was written first.
	maxAttempts = 20
	// actLife is how long a start or stop is remembered, to compare it with one
	// that was accepted earlier and is written later.
	actLife = 10 * time.Minute
	maxActs = 8
)

// act is a start or stop that Clockwork accepted.
type act struct {
	Issue   string    `json:"issue"` // key and id, such as PORTAL-312/20442
	Started bool      `json:"started,omitempty"`
	At      time.Time `json:"at"` // by Clockwork's clock
	// Token is the HMAC of the start's token, if its owner is not proved yet, until a
	// sync has decided.
	Token string `json:"token,omitempty"`
}

func newAct(issue timer.Issue, started bool, at time.Time) act {
	return act{issue.Key + "/" + strconv.FormatInt(issue.ID, 10), started, at, ""}
}

func (a act) issue() timer.Issue {
	key, id, _ := strings.Cut(a.Issue, "/")
	n, _ := strconv.ParseInt(id, 10, 64)
	return timer.Issue{Key: key, ID: n}
}

// Held is what Redis holds under the HeldKeys of one account or e-mail address.
type Held struct {
	sync   string // the sync record
	own    string // the value
	bucket string // names that have a value
	late   bool

	decoded func() (value, bool) // own
}

// Late is h for a change that could not be written when Clockwork accepted it. It
// is dropped if a sync has been recorded since h was read: Clockwork's own list is
// newer, or the next one will be, and what it shows must not be undone.
func (h *Held) Late() *Held {
	late := *h
	late.late = true
	return &late
}

// HeldKeys are the keys that a read, a start or a stop needs, for callers that read them
// together with other keys.
func HeldKeys(name string) []string { return []string{syncKey, timersPrefix + name, knownKey(name)} }

// NewHeld makes a Held of the values of HeldKeys, "" for a missing one.
func NewHeld(values []string) *Held {
	own := values[1]
	return &Held{sync: values[0], own: own, bucket: values[2], decoded: sync.OnceValues(func() (value, bool) { return decodeValue(own) })}
}

// CheckSite returns ErrOtherSite if what was read belongs to another Jira site.
// Call it before a start or stop is sent to Clockwork.
func (c *Cache) CheckSite(held *Held) error {
	if state, _ := c.sync.decode(held.sync); state.ofAnother(c.site) {
		return fmt.Errorf("%w: it is %s", ErrOtherSite, state.Site)
	}
	return nil
}

// ShownID is the id of the issue if what was read shows a timer on its key; 0 else.
func (c *Cache) ShownID(held *Held, issueKey string) int64 {
	own, _ := held.decoded()
	state, _ := c.sync.decode(held.sync)
	if i := timer.OnIssue(own.Timers, timer.Issue{Key: issueKey}); i >= 0 && state.believes(own.about) {
		return own.Timers[i].Issue.ID
	}
	return 0
}

// Started records that Clockwork accepted the start of t for owner at the moment
// t.StartedAt of Clockwork's clock, before any snapshot shows it. It replaces an
// older timer of the same issue. It changes nothing if a start or stop on that
// issue, accepted later, is there already. The error wraps ErrUnavailable. held
// may be nil; else it spares a read. unproven is the HMAC of a token that only a
// claim, or nothing, binds to owner: the next sync judges that. It proves nothing
// if a timer ran on the issue already, which Clockwork starts for nobody twice.
func (c *Cache) Started(ctx context.Context, owner timer.Person, t timer.Timer, unproven string, held *Held) error {
	return c.amend(ctx, owner, held, func(v *value) bool {
		if v.acted(t.Issue, t.StartedAt) {
			return false
		}
		t.Issue.ID = v.idOf(t.Issue) // by which its events are named if the issue has moved
		latest := newAct(t.Issue, true, t.StartedAt)
		others := func(old timer.Timer) bool { return old.Issue.Same(t.Issue) && old.ID != t.ID } // a repeated write finds its own
		if !slices.ContainsFunc(v.Timers, others) {
			latest.Token = unproven
		}
		v.Timers = slices.DeleteFunc(v.Timers, func(old timer.Timer) bool { return old.Issue.Same(t.Issue) })
		v.Timers = append(v.Timers, t)
		timer.SortNewestFirst(v.Timers)
		v.remember(latest)
		return true
	})
}

// Named gives the timer that Started recorded the names that were looked up
// meanwhile, unless it no longer runs. The error wraps ErrUnavailable.
func (c *Cache) Named(ctx context.Context, owner timer.Person, t timer.Timer) error {
	return c.amend(ctx, owner, nil, func(v *value) bool {
		i := slices.IndexFunc(v.Timers, func(old timer.Timer) bool { return old.ID == t.ID })
		if i < 0 {
			return false
		}
		v.Timers[i].Issue, v.Timers[i].Author = t.Issue, t.Author
		for j := range v.Acts {
			if v.Acts[j].Started && v.Acts[j].At.Equal(t.StartedAt) {
				v.Acts[j].Issue = newAct(t.Issue, true, t.StartedAt).Issue
			}
		}
		return true
	})
}

// Stopped records that owner's timer of the issue no longer runs: Clockwork
// stopped it, or said that it did not run, at the moment at of Clockwork's clock.
// It changes nothing if a start on that issue, accepted later, is there already; a
// zero at is taken for the latest. The error wraps ErrUnavailable. held may be
// nil; else it spares a read.
func (c *Cache) Stopped(ctx context.Context, owner timer.Person, issue timer.Issue, at time.Time, held *Held) error {
	return c.amend(ctx, owner, held, func(v *value) bool {
		if !at.IsZero() && v.acted(issue, at) {
			return false
		}
		running, stopped := len(v.Timers), timer.Issue{Key: issue.Key, ID: v.idOf(issue)}
		v.Timers = slices.DeleteFunc(v.Timers, func(old timer.Timer) bool { return old.Issue.Same(stopped) })
		if !at.IsZero() {
			v.remember(newAct(issue, false, at))
		}
		return len(v.Timers) < running || !at.IsZero()
	})
}

// idOf is the issue's id, or that of a timer on the issue, found by the issue's key or by
// the key it had when the timer was first seen: Jira and Clockwork know an issue by both.
// It is 0 if there is none.
func (v *value) idOf(issue timer.Issue) int64 {
	if issue.ID > 0 {
		return issue.ID
	}
	i := timer.OnIssue(v.Timers, issue)
	if i < 0 {
		i = slices.IndexFunc(v.Timers, func(t timer.Timer) bool { return v.eventKey(t.Issue) == issue.Key })
	}
	if i < 0 {
		return 0
	}
	return v.Timers[i].Issue.ID
}

// acted reports whether a start or stop on the issue was accepted after at.
// Clockwork reports whole seconds: within one, the last write wins.
func (v *value) acted(issue timer.Issue, at time.Time) bool {
	return slices.ContainsFunc(v.Acts, func(a act) bool { return a.issue().Same(issue) && a.At.After(at) })
}

// remember keeps the latest act on each issue.
func (v *value) remember(latest act) {
	v.Acts = slices.DeleteFunc(v.Acts, func(a act) bool {
		return a.issue().Same(latest.issue()) || latest.At.Sub(a.At) > actLife
	})
	v.Acts = append(v.Acts, latest)
	v.Acts = v.Acts[max(0, len(v.Acts)-maxActs):]
}

// amend changes one person's value, touching no key of anybody else. The change
// reports false if there is nothing to write. Who computed it from a value that
// is no longer there computes it again.
func (c *Cache) amend(ctx context.Context, owner timer.Person, held *Held, change func(*value) bool) error {
	if owner.AccountID == "" || owner.AccountID == all {
		return errors.New("change timers: no account named")
	}
	for n := range maxAttempts {
		if held == nil || held.late {
			before := held
			raw, err := c.mget(ctx, HeldKeys(owner.AccountID)...)
			if err != nil {
				return err
			}
			if held = NewHeld(raw); before != nil && held.sync != before.sync {
				return nil
			}
		}
		w, err := c.amendment(ctx, owner, held, change)
		if err != nil || w == nil {
			return err
		}
		written, err := c.writeAct(ctx, w)
		if err != nil || written {
			return err
		}
		held = nil
		if err := c.pause(ctx, n); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %d attempts to change one person's timers came too late", ErrUnavailable, maxAttempts)
}

// amendment computes the write of one start or stop; nil if nothing changes.
func (c *Cache) amendment(ctx context.Context, owner timer.Person, held *Held, amend func(*value) bool) (*actWrite, error) {
	now := c.clock()
	own, state, lost, err := c.own(ctx, owner.AccountID, held)
	if err != nil {
		return nil, err
	}
	at := now
	if !own.CachedAt.IsZero() {
		at = timer.Tick(own.CachedAt, now) // what goes on loses no fraction of a second
	}
	before := timer.Advance(own.Timers, own.CachedAt, at)
	next := own
	next.Timers, next.Acts = slices.Clone(before), slices.Clone(own.Acts)
	if !amend(&next) {
		return nil, nil
	}
	oldEmail := cmp.Or(own.Email, emailOf(before))
	next.Email = cmp.Or(emailOf([]timer.Timer{{RunningFor: owner.AccountID, Author: &owner}}), oldEmail, emailOf(next.Timers))
	next.Timers = withEmail(next.Timers, owner.AccountID, next.Email)
	next.CachedAt, next.UserKey, next.Epoch = at, owner.AccountID, state.Epoch
	whole := state.tellsAll(now)
	if !whole {
		next.Epoch = unsureEpoch
	}
	next.Version = nextVersion(max(own.Version, state.Version), now)
	next.SeenAs = seenAs(own.about, before, next.Timers)
	next.LastSeen = own.lastSeen(owner.AccountID, before, next.Timers, at)

	w := &actWrite{account: owner.AccountID, expected: own.mark, value: next.encode(), email: next.Email, epoch: state.Epoch, floor: state.Floor,
		legacy: state.Epoch == "", forget: lost && state.Epoch == unsureEpoch && next.Email == ""}
	events, _ := eventsOf(next.about, before, next.Timers, at)
	w.message = message(events)
	if oldEmail != next.Email {
		w.gone = oldEmail
	}
	listed := about{mark: own.mark, Email: own.Email}
	if !whole { // the value may be a leftover, which no bucket lists
		listed = about{}
	}
	w.new = newNames(listed, w.account, next.Email)
	return w, nil
}

// own finds an account's value, with the mark that the script will find, and the sync
// record. If the key is missing or a leftover, the hash of people decides; so it does if
// the record is missing. If the hash was lost too, or without a sync of the last day,
// only the last few starts and stops count, and the state does not tell all: the account
// may run more. lost says that the hash is not that of the record.
func (c *Cache) own(ctx context.Context, account string, held *Held) (v value, state syncState, lost bool, err error) {
	raw := held.own
	state, recorded := c.sync.decode(held.sync)
	if err := c.CheckSite(held); err != nil {
		return v, state, false, err
	}
	marks := marksOf(raw)
	fromHash := raw == "" || !state.believes(marks)
	if raw == "" && unlisted(held.bucket, state.Epoch, account) {
		return v, state, false, nil
	}
	if fromHash || !recorded {
		reply, err := c.redis.Do(ctx, "HMGET", peopleKey, stateField, account)
		if isString(err) {
			reply, err = []any{nil, nil}, nil
		}
		if err != nil {
			return value{}, state, false, fmt.Errorf("%w: hmget: %w", ErrUnavailable, err)
		}
		listed, err := texts(reply, 2)
		if err != nil {
			return value{}, state, false, err
		}
		hash, _ := decodeSync(listed[0])
		if !recorded {
			state = hash
			fromHash = fromHash || !state.believes(marks)
		}
		lost = hash.Epoch != state.Epoch
		if fromHash && !(lost && marks.Epoch == unsureEpoch) {
			raw = listed[1]
			marks = marksOf(raw)
		}
		if fromHash && (lost && !state.believes(marks) || marks.Epoch == unsureEpoch) {
			state.Epoch = unsureEpoch
		}
	}
	if raw == held.own {
		v, _ = held.decoded()
	} else {
		v, _ = decodeValue(raw)
	}
	v.mark = marks.mark
	now := c.clock()
	whole := state.tellsAll(now)
	switch {
	case !whole && now.Sub(v.CachedAt) > actLife, // as no reader is shown them
		whole && fromHash && state.Epoch == "": // an earlier version synced, which knows no hash
		v.Timers, v.Acts, v.SeenAs, v.CachedAt = nil, nil, nil, time.Time{}
	}
	return v, state, lost, nil
}

// pauseAtRandom keeps writers that collide from colliding again, for up to
// 2 ms after the first attempt and 40 ms after many.
func pauseAtRandom(ctx context.Context, n int) error {
	if err := sleep.For(ctx, rand.N(time.Duration(min(n+1, 20))*2*time.Millisecond)); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}
