package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

const (
	eventsPattern = "clockwork:events:*"
	// clockworkPrefix begins the ids of Clockwork's timers: cw:{accountId}:{issueKey}.
	clockworkPrefix = "cw:"
	// reconcileTimeout bounds one comparison with the cache.
	reconcileTimeout = 10 * time.Second
	// maxWanted bounds the users that wait to be compared; a connection that is
	// opened later asks again.
	maxWanted = 4096
)

func clockworkID(account, issueKey string) string { return clockworkPrefix + account + ":" + issueKey }

// clockwork brings Clockwork's timers into the store: from the events that
// package timercache publishes and, where events may have been missed, from
// what it has cached. Every instance hears every event; the first to commit
// one makes the change.
type clockwork struct {
	server *Server
	o      ClockworkOptions

	mu     sync.Mutex
	wanted map[string]bool // users to compare with the cache
	wake   chan struct{}
}

func newClockwork(s *Server, o ClockworkOptions) *clockwork {
	return &clockwork{server: s, o: o, wanted: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// run listens, and compares when asked to, until the server closes.
func (b *clockwork) run() {
	b.server.running.Go(b.reconciles)
	b.server.keep("clockwork events", func(ready func()) error {
		return b.o.Events.PSubscribe(b.server.ctx, func() { ready(); b.reconcileAll() }, b.event, eventsPattern)
	})
}

// event applies one published change.
func (b *clockwork) event(_, payload string) {
	t, err := parseEvent(payload)
	if err == nil {
		err = b.server.committer.submit(write{user: t.UserID, timer: t, relayed: true, ifSeq: -1, done: func(o outcome) {
			if o.refused != nil {
				b.reconcileLater(t.UserID) // once the store is back
			}
		}})
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		b.reconcileLater(t.UserID)
	case err != nil && !errors.Is(err, errClosing):
		b.server.log.Error("realtime: clockwork event not understood", "error", err)
	}
}

var errNotAnUpdate = errors.New("not a timer_updated of a Clockwork timer")

func parseEvent(payload string) (Timer, error) {
	var message struct {
		Event   string
		Payload Timer
	}
	if err := json.Unmarshal([]byte(payload), &message); err != nil {
		return Timer{}, err
	}
	t := message.Payload
	if message.Event != "timer_updated" || t.UserID == "" || t.UpdatedAt.IsZero() || t.ID != clockworkID(t.UserID, t.IssueKey) ||
		(t.Status != Running && t.Status != Stopped) {
		return t, errNotAnUpdate
	}
	t.Seq, t.Source = 0, SourceClockwork
	return t, nil
}

// reconcileAll compares everybody who is connected here. Others are compared
// when they come.
func (b *clockwork) reconcileAll() {
	for _, r := range b.server.hub.all() {
		b.reconcileLater(r.user)
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
	s, backoff := b.server, minBackoff
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-b.wake:
		}
		for user := range b.take() {
			err := b.reconcile(user)
			if err == nil {
				backoff = minBackoff
				continue
			}
			if s.ctx.Err() != nil {
				return
			}
			s.log.Warn("realtime: not compared with the cache", "error", err, "again_in", backoff)
			_ = s.sleep(s.ctx, backoff)
			backoff = min(2*backoff, maxBackoff)
			b.reconcileLater(user)
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

var errMoved = errors.New("the user's timers changed meanwhile")

// reconcile makes the store's Clockwork timers of one user what the cache has.
// It is void where something changes while it looks, and done again then.
func (b *clockwork) reconcile(user string) error {
	s := b.server
	ctx, cancel := context.WithTimeout(s.ctx, reconcileTimeout)
	defer cancel()
	r := s.hub.enter(user)
	defer func() { s.hub.leave(r, s.now()) }()
	if _, err := r.ensure(ctx, s.store, s.now()); err != nil {
		return err
	}
	r.mu.Lock()
	seq, known := r.seq, r.list()
	r.mu.Unlock()
	view, err := b.o.Cache.Read(ctx, timercache.Subject{AccountID: user})
	if err != nil {
		return err
	}
	if view.SyncedAt == nil || view.Stale {
		return nil // it says nothing
	}
	return b.submitAll(ctx, seq, ClockworkChanges(user, known, view.Timers, s.now().UTC().Truncate(time.Millisecond)))
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
			if o.void || o.refused != nil {
				return errMoved
			}
			seq++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ClockworkChanges lists what has to change, as of now, for an account's known
// timers to be those that run in Clockwork, the latest start first. Timers that
// are the clients' own stay as they are.
func ClockworkChanges(user string, known []Timer, running []timer.Timer, now time.Time) []Timer {
	var changes []Timer
	was := map[string]Timer{}
	for _, t := range known {
		was[t.ID] = t
	}
	is := map[string]bool{}
	for _, t := range running {
		next := fromClockwork(user, t, now)
		if is[next.ID] {
			continue // a newer one of the same issue speaks for both
		}
		is[next.ID] = true
		if old, ok := was[next.ID]; !ok || !sameStart(&next, &old) {
			changes = append(changes, next)
		}
	}
	for _, t := range known {
		if t.Source == SourceClockwork && t.Status == Running && !is[t.ID] {
			t.Status, t.UpdatedAt = Stopped, now
			changes = append(changes, t)
		}
	}
	return changes
}

// sameStart is same, but for a start that moved by 2 s or less: it was our
// clock's until Clockwork's came.
func sameStart(next, old *Timer) bool {
	moved := next.StartedAt.Sub(old.StartedAt).Abs()
	a := *next
	if moved <= 2*time.Second {
		a.StartedAt = old.StartedAt
	}
	return a.same(old)
}

func fromClockwork(user string, t timer.Timer, now time.Time) Timer {
	next := Timer{
		ID: clockworkID(user, t.Issue.Key), UserID: user, Status: Running, StartedAt: t.StartedAt.UTC(), UpdatedAt: now,
		IssueKey: t.Issue.Key, Summary: t.Issue.Summary, OnHold: !t.WithinWorkingHours, Source: SourceClockwork,
	}
	if t.Comment != nil {
		next.Comment = *t.Comment
	}
	return next
}

// issueOf is the issue in the id of one of the account's Clockwork timers.
func issueOf(account, id string) (issueKey string, ok bool) {
	return strings.CutPrefix(id, clockworkPrefix+account+":")
}
