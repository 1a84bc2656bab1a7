package tcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// Bounds of what goes out in one round trip. A single call may be larger, and
// then goes alone: those behind it must not wait for its bytes.
const (
	maxBatchCommands = 128
	maxBatchBytes    = 64 << 10
)

// atOnce is how many round trips are under way before a call waits: while Redis works
// on one, the commands or replies of the other are on their way.
const atOnce = 2

// patience is how long a call waits for the round trips that are under way, before it
// has a connection of its own. Redis answers a hundred calls on the same machine sooner.
const patience = 500 * time.Microsecond

// sender has calls share round trips, which saves both sides most of what a call
// costs. A call that finds few under way is sent at once, by its own goroutine, so
// a lone caller pays nothing for this. The others wait, and together they are the
// next round trip: when one ends or, if Redis is far away or slow, on one more
// connection.
type sender struct {
	run         func(ctx context.Context, calls []*call) // gives each its outcome
	connections int

	mu       sync.Mutex
	underWay int // round trips, each on a connection of its own
	waiting  []*call
	timed    bool // hurry will be called
}

// call is the commands of one caller: they stay together and in order.
type call struct {
	op       string
	cmds     [][]string
	deadline time.Time
	since    time.Time     // when it began to wait
	done     chan struct{} // closed when replies and err are there; nil for a call that did not wait
	last     bool          // no other call of its round trip may wait longer

	replies []any
	err     error
}

func (s *sender) send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	one := &call{op: op, cmds: cmds, last: true}
	if s.claim(ctx, one) {
		defer s.release()
		s.run(ctx, []*call{one})
		return one.replies, one.err
	}
	select {
	case <-one.done:
		return one.replies, one.err
	case <-ctx.Done():
	}
	switch err := ctx.Err(); {
	case s.withdraw(one):
		return nil, &redis.Error{Op: op, Uncounted: true, Err: fmt.Errorf("%w: %w", ErrQueued, err)}
	case one.last && errors.Is(err, context.DeadlineExceeded): // the round trip's time is over too
		<-one.done
		return one.replies, one.err
	default:
		return nil, &redis.Error{Op: op, Uncounted: true, Err: err}
	}
}

// claim lets the call be sent at once, or has it wait.
func (s *sender) claim(ctx context.Context, one *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay < min(atOnce, s.connections) {
		s.underWay++
		return true
	}
	one.done, one.last, one.since = make(chan struct{}), false, time.Now()
	one.deadline, _ = ctx.Deadline()
	s.waiting = append(s.waiting, one)
	if !s.timed && s.underWay < s.connections {
		s.timed = true
		time.AfterFunc(patience, s.hurry)
	}
	return false
}

// hurry takes more connections for those that have waited long enough. If all are
// in use, the one that is free first takes those that wait.
func (s *sender) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 && s.underWay < s.connections {
		if left := patience - time.Since(s.waiting[0].since); left > 0 {
			time.AfterFunc(left, s.hurry)
			return
		}
		s.underWay++
		s.begin(s.take())
	}
	s.timed = false
}

// withdraw takes a call back that was not sent.
func (s *sender) withdraw(one *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, one)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	return i >= 0
}

// release frees a connection, for those that wait if there are any.
func (s *sender) release() {
	if batch := s.next(); batch != nil {
		s.begin(batch)
	}
}

func (s *sender) begin(batch []*call) {
	go func() { _ = panics.Try(func() error { s.drain(batch); return nil }) }()
}

func (s *sender) drain(batch []*call) {
	for ; batch != nil; batch = s.next() {
		ctx, cancel := context.WithDeadline(context.Background(), lastOf(batch).deadline)
		err := panics.Try(func() error { s.run(ctx, batch); return nil })
		cancel()
		for _, one := range batch {
			if err != nil {
				one.err = err
			}
			close(one.done)
		}
	}
}

// next takes the calls of the next round trip. With none it frees the
// connection.
func (s *sender) next() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.underWay--
		return nil
	}
	return s.take()
}

// take is next while mu is held and some wait.
func (s *sender) take() []*call {
	n, commands, bytes := 0, 0, 0
	for ; n < len(s.waiting); n++ {
		commands, bytes = commands+len(s.waiting[n].cmds), bytes+s.waiting[n].size()
		if n > 0 && (commands > maxBatchCommands || bytes > maxBatchBytes) {
			break
		}
	}
	batch := slices.Clone(s.waiting[:n])
	s.waiting = slices.Delete(s.waiting, 0, n) // keeps no pointer behind the end
	lastOf(batch).last = true
	return batch
}

// lastOf is the call that can wait longest.
func lastOf(batch []*call) *call {
	return slices.MaxFunc(batch, func(a, b *call) int { return a.deadline.Compare(b.deadline) })
}

func (c *call) size() (bytes int) {
	for _, cmd := range c.cmds {
		for _, arg := range cmd {
			bytes += len(arg)
		}
	}
	return bytes
}

// settle ends the call: with its replies if they came, else with the error of the
// round trip. A command that Redis refused has its error in its place.
func (c *call) settle(ctx context.Context, lost error) {
	if c.replies == nil {
		c.err = errorOf(ctx, c.op, lost, c.cmds...)
		return
	}
	for i, reply := range c.replies {
		refused, ok := reply.(error)
		if !ok {
			continue
		}
		e := errorOf(ctx, redis.Name(c.cmds[i]), refused, c.cmds[i])
		if e.Code == "NOAUTH" {
			e.Op = c.op // it is not about one command
			c.replies, c.err = nil, e
			return
		}
		c.replies[i] = e
	}
}
