// Package writes changes timers: it computes what each requested change does,
// commits all that wait together, and then has the rooms deliver them. It does not
// know where a request came from.
package writes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
)

const (
	// commitTimeout bounds one try, if the store has no shorter limit.
	commitTimeout = 5 * time.Second
	// maxConflicts bounds how long other instances may be faster.
	maxConflicts = 5 * time.Second
	// maxLoads bounds the concurrent loads of users that are not known yet.
	maxLoads = 16
)

// Committer writes what is submitted to the store, in batches.
type Committer struct {
	store  realtime.Store
	hub    *fanout.Hub
	shared bool // other instances write to the store too, and need announcements
	// committed gets the duration of each try; may be nil.
	committed func(took time.Duration, err error)
	tasks     *tasks.Group
	queue     queue
	pace      pace
	done      chan struct{} // closed when run has ended
}

// Start makes a committer and runs it until Close.
func Start(store realtime.Store, hub *fanout.Hub, shared bool, committed func(time.Duration, error), group *tasks.Group) *Committer {
	c := newCommitter(store, hub, shared, committed, group)
	go panics.Logged(group.Log, "commits", func() {
		defer close(c.done)
		c.run()
	})()
	return c
}

func newCommitter(store realtime.Store, hub *fanout.Hub, shared bool, committed func(time.Duration, error), group *tasks.Group) *Committer {
	return &Committer{store: store, hub: hub, shared: shared, committed: committed, tasks: group, queue: newQueue(), done: make(chan struct{}),
		pace: pace{now: time.Now, sleep: func(d time.Duration) { _ = group.Sleep(group.Context(), d) }}}
}

// Submit accepts a write, or says why not: ErrClosing, realtime.ErrUnavailable, or
// that the timer is not valid.
func (c *Committer) Submit(w Write) error { return c.queue.add(w) }

// Close waits until everything that was accepted is done.
func (c *Committer) Close() {
	c.queue.close()
	<-c.done
}

func (c *Committer) run() {
	for range c.queue.wake {
		for {
			batch, closed := c.queue.next()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			c.tasks.Contain("commit", func() {
				c.commit(batch)
				c.pace.rest(len(batch))
			})
		}
	}
}

// commit carries out a batch: the store gets all of it at once.
func (c *Committer) commit(batch []Write) {
	all := c.plans(batch)
	err := panics.Try(func() error {
		plans := slices.Clone(all)
		for began := c.pace.now(); len(plans) > 0; plans = c.attempt(plans) {
			if c.pace.now().Sub(began) > maxConflicts {
				c.refuse(plans, fmt.Errorf("%w: other instances were faster for %v", realtime.ErrUnavailable, maxConflicts))
				return nil
			}
		}
		return nil
	})
	if err != nil { // every write gets an outcome
		all = slices.DeleteFunc(all, func(p *plan) bool { return p.ended })
		c.refuse(all, fmt.Errorf("%w: %w", errNoAnswer, err))
	}
}

// plans groups the writes by user, in order.
func (c *Committer) plans(batch []Write) []*plan {
	byUser := make(map[string]*plan, len(batch))
	plans := make([]*plan, 0, len(batch))
	for _, w := range batch {
		p := byUser[w.Timer.UserID]
		if p == nil {
			p = &plan{room: c.hub.Enter(w.Timer.UserID)}
			byUser[w.Timer.UserID] = p
			plans = append(plans, p)
		}
		p.writes = append(p.writes, w)
	}
	return plans
}

// attempt commits the plans. It returns those for which another instance was
// faster; their rooms have caught up.
func (c *Committer) attempt(plans []*plan) (again []*plan) {
	ready := c.load(plans, func(p *plan) bool { return p.room.Fresh() }, (*fanout.Room).EnsureFresh)
	ready = slices.DeleteFunc(ready, func(p *plan) bool {
		err := panics.Try(func() error { p.compute(); return nil })
		if err != nil { // one user's writes, not the whole batch
			c.refuse([]*plan{p}, err)
		}
		return err != nil
	})
	for i, result := range c.send(ready) {
		switch p := ready[i]; {
		case result.err != nil:
			c.refuse([]*plan{p}, fmt.Errorf("%w: %w", errNoAnswer, result.err))
		case result.made:
			c.complete(p)
		default:
			again = append(again, p)
		}
	}
	// Most rooms have already got the other instance's announcement.
	again = c.load(again, func(p *plan) bool { return p.room.Delivered(p.change.After + p.change.Skipped + 1) }, (*fanout.Room).Refetch)
	return slices.DeleteFunc(again, func(p *plan) bool {
		ours := p.room.DeliveredAll(p.change.Events) // the "other" was this one: the first answer was lost
		if ours {
			c.complete(p)
		}
		return ours
	})
}

// load has the rooms read what they lack, several at once. It returns the plans
// whose rooms succeeded, and refuses the others.
func (c *Committer) load(plans []*plan, known func(*plan) bool, load func(*fanout.Room, context.Context) error) []*plan {
	failed := make([]error, len(plans))
	var group errgroup.Group
	group.SetLimit(maxLoads)
	for i, p := range plans {
		if known(p) {
			continue
		}
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
			defer cancel()
			failed[i] = panics.Try(func() error { return load(p.room, ctx) })
			return nil
		})
	}
	_ = group.Wait()
	loaded := plans[:0]
	for i, p := range plans {
		if failed[i] != nil {
			c.refuse([]*plan{p}, failed[i])
		} else {
			loaded = append(loaded, p)
		}
	}
	return loaded
}

// result is the store's answer about one plan.
type result struct {
	made bool
	err  error
}

// send commits the plans that change something. A failed commit is tried once more:
// the store makes no change twice.
func (c *Committer) send(plans []*plan) []result {
	results := make([]result, len(plans))
	changes, at := make([]realtime.Change, 0, len(plans)), make([]int, 0, len(plans))
	for i, p := range plans {
		if len(p.change.Events) == 0 {
			results[i].made = true
			continue
		}
		if c.shared {
			p.change.Announcement = fanout.AnnounceEvents(p.change.Seq(), p.change.Events)
		}
		changes, at = append(changes, p.change), append(at, i)
	}
	if len(changes) == 0 {
		return results
	}
	made, err := c.try(changes)
	if _, ok := errors.AsType[realtime.Failures](err); err != nil && !ok {
		c.tasks.Log.Warn("realtime: commit failed, trying once more", "error", err)
		made, err = c.try(changes)
	}
	some, partly := errors.AsType[realtime.Failures](err)
	for n, i := range at {
		switch {
		case partly:
			results[i] = result{made[n], some[n]}
		case err != nil:
			results[i].err = err
		default:
			results[i].made = made[n]
		}
	}
	return results
}

func (c *Committer) try(changes []realtime.Change) ([]bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	began := time.Now()
	made, err := c.store.Commit(ctx, changes)
	if c.committed != nil {
		c.committed(time.Since(began), err)
	}
	return made, err
}

func (c *Committer) complete(p *plan) {
	p.room.Deliver(p.change.Events)
	for i := range p.writes {
		p.report(i, p.outcomes[i])
	}
	c.end(p)
}

func (c *Committer) end(p *plan) {
	p.ended = true
	c.hub.Leave(p.room)
}

// refuse ends plans that failed. The next load of the room shows whether the store
// has them after all.
func (c *Committer) refuse(plans []*plan, err error) {
	c.tasks.Log.Error("realtime: writes refused", "error", err)
	for _, p := range plans {
		p.room.MarkStale()
		for i := range p.writes {
			p.report(i, Outcome{Refused: RefusalOf(err, p.writes[i].Timer.ID)})
		}
		c.end(p)
	}
}

// errNoAnswer is wrapped around the error of a commit that may have been made.
var errNoAnswer = errors.New("the realtime store did not answer")

// RefusalOf says what is known of a write that failed.
func RefusalOf(err error, id string) *realtime.Refusal {
	switch {
	case errors.Is(err, ErrClosing):
		return &realtime.Refusal{Code: realtime.CodeClosing, Message: "The server restarts. Reconnect and send this again.", ID: id}
	case errors.Is(err, errNoAnswer):
		return &realtime.Refusal{Code: realtime.CodeUnavailable, Message: "It is not known whether this was saved. Look at your timers before you try again.", ID: id}
	}
	return &realtime.Refusal{Code: realtime.CodeUnavailable, Message: "This could not be saved and was not done. Try again shortly.", ID: id}
}
