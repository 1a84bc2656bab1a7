package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	// maxWaiting bounds the writes that wait for the store, and maxUserWaiting
	// those of one user, in bytes.
	maxWaiting     = 16 << 10
	maxUserWaiting = 1 << 20
	// maxBatch bounds one commit.
	maxBatch = 1024
	// commitTimeout bounds one try of a commit, in a store that has no tighter
	// limit.
	commitTimeout = 5 * time.Second
	// maxRacing bounds how long other instances may be faster.
	maxRacing = 5 * time.Second
	// loadsAtOnce bounds the load on the store where many users' timers are not
	// known.
	loadsAtOnce = 16
)

// committer brings writes to the store, all that wait in one commit, and has
// them handed out then.
type committer struct {
	store Store
	hub   *hub
	pace  pace
	now   func() time.Time
	log   *slog.Logger
	// shared: other instances write to the store too, and hear of commits.
	shared bool
	// committed is told of each try; may be nil.
	committed func(took time.Duration, err error)

	wake chan struct{}
	mu   sync.Mutex
	// waiting are accepted writes: each will be told its outcome.
	waiting []write
	bytes   map[string]int // of waiting, by user
	closing bool
}

// submit accepts a write, or says why not.
func (c *committer) submit(w write) error {
	if err := w.timer.Check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return errClosing
	case len(c.waiting) >= maxWaiting, c.bytes[w.user]+w.timer.size() > maxUserWaiting:
		return ErrUnavailable
	}
	c.bytes[w.user] += w.timer.size()
	if c.waiting = append(c.waiting, w); len(c.waiting) == 1 {
		c.signal()
	}
	return nil
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// close lets run end once it has done what was accepted.
func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	c.signal()
}

// run commits until close.
func (c *committer) run() {
	for range c.wake {
		for {
			batch, last := c.next()
			if len(batch) == 0 {
				if last {
					return
				}
				break
			}
			panics.Logged(c.log, "commit", func() {
				c.commit(batch)
				c.pace.rest(len(batch))
			})()
		}
	}
}

func (c *committer) next() (batch []write, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), maxBatch)
	batch = c.waiting[:n:n]
	for i := range batch {
		c.bytes[batch[i].user] -= batch[i].timer.size()
	}
	if c.waiting = c.waiting[n:]; len(c.waiting) == 0 {
		c.waiting = nil
		clear(c.bytes)
	}
	return batch, c.closing
}

// commit does a batch, user by user as far as they are concerned, in one go as
// far as the store is.
func (c *committer) commit(batch []write) {
	all := c.plans(batch)
	err := panics.Try(func() error {
		plans := slices.Clone(all)
		for began := c.pace.now(); len(plans) > 0; plans = c.attempt(plans) {
			if c.pace.now().Sub(began) > maxRacing {
				c.refuse(plans, fmt.Errorf("%w: other instances were faster for %v", ErrUnavailable, maxRacing))
				return nil
			}
		}
		return nil
	})
	if err != nil { // nobody may be left waiting
		all = slices.DeleteFunc(all, func(p *plan) bool { return p.over })
		c.refuse(all, fmt.Errorf("%w: %w", errUnanswered, err))
	}
}

// plans groups the writes by user, in order.
func (c *committer) plans(batch []write) []*plan {
	byUser := make(map[string]*plan, len(batch))
	plans := make([]*plan, 0, len(batch))
	for _, w := range batch {
		p := byUser[w.user]
		if p == nil {
			p = &plan{room: c.hub.enter(w.user)}
			byUser[w.user] = p
			plans = append(plans, p)
		}
		p.writes = append(p.writes, w)
	}
	return plans
}

// attempt commits the plans and returns those for which another instance was
// faster: their rooms have caught up.
func (c *committer) attempt(plans []*plan) (again []*plan) {
	ready := c.informed(plans, func(p *plan) bool { return p.room.sure() }, (*room).ensure)
	ready = slices.DeleteFunc(ready, func(p *plan) bool {
		err := panics.Try(func() error { p.compute(); return nil })
		if err != nil { // one user's writes, not the batch's
			c.refuse([]*plan{p}, err)
		}
		return err != nil
	})
	for i, answer := range c.send(ready) {
		switch p := ready[i]; {
		case answer.err != nil:
			c.refuse([]*plan{p}, fmt.Errorf("%w: %w", errUnanswered, answer.err))
		case answer.made:
			c.complete(p)
		default:
			again = append(again, p)
		}
	}
	// Most have heard of the other's change by announcement already.
	again = c.informed(again, func(p *plan) bool { return p.room.has(p.change.After + p.change.Skipped + 1) }, (*room).refresh)
	return slices.DeleteFunc(again, func(p *plan) bool {
		recorded := p.recorded() // the other was this one: its first answer got lost
		if recorded {
			c.complete(p)
		}
		return recorded
	})
}

// informed has the rooms learn what they do not know, several at once. It
// returns the plans of those that know; the others are refused.
func (c *committer) informed(plans []*plan, knows func(*plan) bool, learn func(*room, context.Context, Store, time.Time) error) []*plan {
	failed := make([]error, len(plans))
	var together errgroup.Group
	together.SetLimit(loadsAtOnce)
	for i, p := range plans {
		if knows(p) {
			continue
		}
		together.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
			defer cancel()
			failed[i] = panics.Try(func() error { return learn(p.room, ctx, c.store, c.now()) })
			return nil
		})
	}
	_ = together.Wait()
	informed := plans[:0]
	for i, p := range plans {
		if failed[i] != nil {
			c.refuse([]*plan{p}, failed[i])
		} else {
			informed = append(informed, p)
		}
	}
	return informed
}

// answer is what the store says of one plan.
type answer struct {
	made bool
	err  error
}

// send commits what changes something. A commit that failed is sent once more:
// the store takes none twice.
func (c *committer) send(plans []*plan) []answer {
	answers := make([]answer, len(plans))
	changes, at := make([]Change, 0, len(plans)), make([]int, 0, len(plans))
	for i, p := range plans {
		if len(p.change.Events) == 0 {
			answers[i].made = true
			continue
		}
		if c.shared {
			p.change.Announcement = announceEvents(p.change.Seq(), p.change.Events)
		}
		changes, at = append(changes, p.change), append(at, i)
	}
	if len(changes) == 0 {
		return answers
	}
	made, err := c.try(changes)
	if _, ok := errors.AsType[Failures](err); err != nil && !ok {
		c.log.Warn("realtime: commit failed, trying once more", "error", err)
		made, err = c.try(changes)
	}
	some, partly := errors.AsType[Failures](err)
	for n, i := range at {
		switch {
		case partly:
			answers[i] = answer{made[n], some[n]}
		case err != nil:
			answers[i].err = err
		default:
			answers[i].made = made[n]
		}
	}
	return answers
}

func (c *committer) try(changes []Change) ([]bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	began := time.Now()
	made, err := c.store.Commit(ctx, changes)
	if c.committed != nil {
		c.committed(time.Since(began), err)
	}
	return made, err
}

func (c *committer) complete(p *plan) {
	p.room.deliver(p.change.Events)
	for i := range p.writes {
		p.answer(i, p.outcomes[i])
	}
	c.end(p)
}

func (c *committer) end(p *plan) {
	p.over = true
	c.hub.leave(p.room, c.now())
}

// refuse ends plans that the store did not take. Whether it has them all the
// same is found out when the room is next loaded.
func (c *committer) refuse(plans []*plan, err error) {
	c.log.Error("realtime: writes refused", "error", err)
	for _, p := range plans {
		p.room.doubt()
		for i := range p.writes {
			p.answer(i, outcome{refused: refusalOf(err, p.writes[i].timer.ID)})
		}
		c.end(p)
	}
}
