package realtime

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

const (
	// reconcileTimeout bounds one comparison with the cache.
	reconcileTimeout = 10 * time.Second
	// reconcilesAtOnce bounds the load on the cache when it has come back.
	reconcilesAtOnce = 8
	// reconcileTries is how often a comparison is made at once where the user's
	// timers change meanwhile.
	reconcileTries = 3
	// afterFailure is how long a user who is here waits for the next comparison
	// where one failed.
	afterFailure = 2 * time.Second
	// afterNothing is likewise where there was nothing to compare with, which may
	// last a weekend; it doubles up to mostAfterNothing.
	afterNothing     = 30 * time.Second
	mostAfterNothing = 5 * time.Minute
	// maxWanted bounds the users that wait to be compared; the others are found
	// by the next sweep.
	maxWanted = 4096
)

// comparison is how far a room is known to have what Clockwork's cache has.
// It is guarded by the room's mu.
type comparison struct {
	done  bool
	next  time.Time     // not before this, where it is not done
	pause time.Duration // since there is nothing to compare with
	doubt int           // how often events may have been missed
}

// compareDue reports whether the room is to be compared with Clockwork's cache.
func (r *room) compareDue(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.comparison.done && !now.Before(r.comparison.next)
}

// missed has a user compared of whom an event may not have been heard. Who is
// not here is compared on coming.
func (b *clockwork) missed(user string) {
	r := b.server.hub.find(user)
	if r == nil {
		return
	}
	r.mu.Lock()
	r.comparison = comparison{doubt: r.comparison.doubt + 1}
	r.mu.Unlock()
	b.reconcileLater(user)
}

func (b *clockwork) missedAll() {
	for _, r := range b.server.hub.all() {
		b.missed(r.user)
	}
}

// sweep has those compared who are here and whose time has come, and finds out
// for them whether Clockwork's word has become stale.
func (b *clockwork) sweep(now time.Time) {
	here := false
	for _, r := range b.server.hub.all() {
		if r.empty() {
			continue
		}
		here = true
		if r.compareDue(now) {
			b.reconcileLater(r.user)
		}
	}
	if here && b.freshness.due(now) {
		b.server.spawn("freshness", func() { b.askFreshness(b.server.ctx, now) })
	}
}

func (b *clockwork) askFreshness(ctx context.Context, now time.Time) {
	if err := b.freshness.ask(ctx, now); err != nil && b.server.ctx.Err() == nil {
		b.server.log.Warn("realtime: freshness not read", "error", err)
	}
}

// reconcileLater asks for a comparison of one user with the cache.
func (b *clockwork) reconcileLater(user string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wanted) < maxWanted {
		b.wanted[user] = true
	}
	select {
	case b.wake <- struct{}{}:
	default: // it is awake
	}
}

func (b *clockwork) reconciles() {
	s := b.server
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-b.wake:
		}
		var together errgroup.Group
		together.SetLimit(reconcilesAtOnce)
		for user := range b.take() {
			together.Go(panics.Guard(func() error {
				r := s.hub.enter(user)
				defer func() { s.hub.leave(r, s.now()) }()
				return b.reconcile(s.ctx, r)
			}))
		}
		if err := together.Wait(); err != nil && s.ctx.Err() == nil {
			s.log.Warn("realtime: not compared with the cache", "first_error", err)
		}
	}
}

func (b *clockwork) take() map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.wanted
	b.wanted = map[string]bool{}
	return taken
}

var (
	errMoved   = errors.New("the user's timers changed meanwhile")
	errNothing = errors.New("the cache knows of no sync")
	errTooMany = errors.New("no room for one more of the user's timers")
)

// reconcile makes the store's Clockwork timers of one user what the cache has,
// where that is due. The caller keeps the room.
func (b *clockwork) reconcile(ctx context.Context, r *room) error {
	now := b.server.now()
	if !r.compareDue(now) {
		return nil
	}
	r.mu.Lock()
	before := r.comparison
	r.mu.Unlock()
	err := b.compare(ctx, r)
	for tries := 1; errors.Is(err, errMoved) && tries < reconcileTries; tries++ {
		err = b.compare(ctx, r)
	}
	after := comparison{done: err == nil, doubt: before.doubt}
	if errors.Is(err, errNothing) || errors.Is(err, errTooMany) {
		after.pause = min(max(2*before.pause, afterNothing), mostAfterNothing)
		after.next, err = now.Add(after.pause), nil // as long as it is so, it is no fault
	} else if err != nil {
		after.next = now.Add(afterFailure)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.comparison.doubt == before.doubt {
		r.comparison = after
	}
	return err
}

// compare is void where something changes while it looks.
func (b *clockwork) compare(ctx context.Context, r *room) error {
	s := b.server
	if !timer.IsAccountID(r.user) {
		return nil // a username, which the cache could take for an e-mail address
	}
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	if err := r.ensure(ctx, s.store, s.now()); err != nil {
		return err
	}
	r.mu.Lock()
	seq, known := r.seq, r.list()
	r.mu.Unlock()
	view, err := b.o.Cache.Read(ctx, timercache.Subject{AccountID: r.user})
	if err != nil {
		return err
	}
	if view.SyncedAt == nil {
		return errNothing
	}
	changes, unreadable := ClockworkChanges(r.user, known, view, s.now().UTC().Truncate(time.Millisecond))
	if unreadable != nil {
		s.log.Error("realtime: timer in the cache left out", "error", unreadable)
	}
	// A stale view is no older than what its events said.
	return b.submitAll(ctx, seq, changes)
}

// submitAll has the changes made as long as nothing else happens to the user.
func (b *clockwork) submitAll(ctx context.Context, seq int64, changes []Timer) error {
	results := make(chan outcome, len(changes))
	for _, t := range changes {
		w := write{user: t.UserID, timer: t, ifSeq: seq, done: func(o outcome) { results <- o }}
		if err := b.server.committer.submit(w); err != nil {
			return err
		}
		select {
		case o := <-results:
			switch {
			case o.void:
				return errMoved
			case o.refused != nil && o.refused.Code == CodeTooMany:
				return errTooMany
			case o.refused != nil:
				return ErrUnavailable
			case !o.unchanged:
				seq++
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ClockworkChanges lists what has to change, as of now, for an account's known
// timers to be those that the view of Clockwork has: first what has stopped,
// since that makes room, then the others, the latest start first. Timers that
// are the clients' own stay as they are, and so does one that nobody could read
// if it were changed to what runs: unreadable says why.
func ClockworkChanges(user string, known []Timer, view timercache.View, now time.Time) (changes []Timer, unreadable error) {
	countedAt := now
	if view.CachedAt != nil {
		countedAt = *view.CachedAt
	}
	was, is := map[string]Timer{}, map[string]bool{}
	for _, t := range known {
		was[t.ID] = t
	}
	var begun []Timer
	for _, t := range view.Timers {
		next := fromClockwork(user, view.EventKey(t.Issue), t, countedAt, now)
		if is[next.ID] {
			continue // a newer one of the same issue speaks for both
		}
		is[next.ID] = true
		if err := next.Check(); err != nil {
			unreadable = err
			continue
		}
		old, ok := was[next.ID]
		next.Summary = cmp.Or(next.Summary, old.Summary) // each issue has one: none is not known
		if !ok || !sameStart(&next, &old) {
			begun = append(begun, next)
		}
	}
	var stopped []Timer
	for _, t := range known {
		if t.Source == SourceClockwork && t.Status == Running && !is[t.ID] {
			t.stopAt(now)
			stopped = append(stopped, t)
		}
	}
	return append(stopped, begun...), unreadable
}

// sameStart is same, but for a start that moved by 2 s or less: it was our
// clock's until Clockwork's came. What is counted has to agree all the same.
func sameStart(next, old *Timer) bool {
	moved := next.StartedAt.Sub(old.StartedAt).Abs()
	a := *next
	if moved <= 2*time.Second {
		a.StartedAt = old.StartedAt
	}
	return a.same(old)
}

func fromClockwork(user, eventKey string, t timer.Timer, countedAt, now time.Time) Timer {
	next := Timer{
		ID: clockworkID(user, eventKey), UserID: user, Status: Running, StartedAt: t.StartedAt.UTC(), UpdatedAt: now,
		CountedSeconds: t.TillNow, CountedAt: countedAt.UTC(),
		IssueKey: t.Issue.Key, Summary: t.Issue.Summary, OnHold: !t.WithinWorkingHours, Source: SourceClockwork,
	}
	if t.Comment != nil {
		next.Comment = *t.Comment
	}
	next.shorten()
	return next
}
