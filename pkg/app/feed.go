package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/health"
	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	everyChannel = "clockwork:*"
	// feedIdleTTL is how long the subscription stays open without a listener: the next
	// long poll comes soon.
	feedIdleTTL = 10 * time.Second
	// lossReportedFor is how long a loss is reported after it is over, or if nobody has
	// subscribed again.
	lossReportedFor = 10 * time.Minute
)

// feed shares one subscription, and so one connection to Redis, among all listeners
// of a process, and filters messages for each. When the subscription is lost, every
// listener gets the error, and the next one opens a new subscription.
type feed struct {
	Redis
	now func() time.Time
	log *slog.Logger

	running sync.WaitGroup

	mu      sync.Mutex
	current *subscription // nil: nobody listens
	closing bool          // the last listener ends it
	lostAt  time.Time     // of the last loss
	backAt  time.Time     // since then; zero: not yet
}

// subscription is one that is open, or about to be.
type subscription struct {
	listeners map[*listener]struct{}
	ready     bool
	changes   int // how often a listener has joined or left
	stop      context.CancelFunc
}

// listener is one call of Subscribe. Its functions are called one at a time, and
// must not block.
type listener struct {
	wants     func(channel string) bool
	onReady   func()
	onMessage func(channel, payload string)
	lost      chan error
}

// Subscribe is the client's, over the shared connection.
func (f *feed) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	return f.listen(ctx, onReady, onMessage, channels, func(channel, name string) bool { return channel == name })
}

// PSubscribe is Subscribe for patterns that end in their only asterisk.
func (f *feed) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return f.listen(ctx, onReady, onMessage, patterns, func(channel, pattern string) bool {
		return strings.HasPrefix(channel, strings.TrimSuffix(pattern, "*"))
	})
}

func (f *feed) listen(ctx context.Context, onReady func(), onMessage func(channel, payload string), names []string, fits func(channel, name string) bool) error {
	l := &listener{onReady: onReady, onMessage: onMessage, lost: make(chan error, 1), wants: func(channel string) bool {
		for _, name := range names {
			if fits(channel, name) {
				return true
			}
		}
		return false
	}}
	s := f.join(l)
	defer f.leave(s, l)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-l.lost:
		return err
	}
}

var errFeedClosed = errors.New("the process is shutting down")

func (f *feed) join(l *listener) *subscription {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closing && f.current == nil {
		l.lost <- errFeedClosed
		return &subscription{listeners: map[*listener]struct{}{}, stop: func() {}}
	}
	if f.current == nil {
		ctx, stop := context.WithCancel(context.Background())
		f.current = &subscription{listeners: map[*listener]struct{}{}, stop: stop}
		s := f.current
		f.running.Go(panics.Logged(f.log, "messages of Redis", func() { f.run(ctx, s) }))
	}
	s := f.current
	s.listeners[l] = struct{}{}
	s.changes++
	if s.ready && l.onReady != nil {
		l.onReady()
	}
	return s
}

// leave ends the subscription feedIdleTTL after its last listener has left.
func (f *feed) leave(s *subscription, l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(s.listeners, l)
	s.changes++
	if len(s.listeners) > 0 || f.current != s {
		return
	}
	if f.closing {
		f.current = nil
		s.stop()
		return
	}
	changes := s.changes
	time.AfterFunc(feedIdleTTL, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if s.changes == changes && f.current == s {
			f.current = nil
			s.stop()
		}
	})
}

// close ends the subscription at once if nobody listens, and waits for that.
func (f *feed) close() {
	f.mu.Lock()
	f.closing = true
	if s := f.current; s != nil && len(s.listeners) == 0 {
		f.current = nil
		s.stop()
	}
	idle := f.current == nil
	f.mu.Unlock()
	if idle {
		f.running.Wait()
	}
}

func (f *feed) run(ctx context.Context, s *subscription) {
	defer s.stop()
	err := panics.Try(func() error {
		return f.Redis.PSubscribe(ctx, func() { f.opened(s) }, func(channel, payload string) { f.deliver(s, channel, payload) }, everyChannel)
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != s {
		return // nobody listened any more
	}
	f.current = nil
	if f.lostAt.IsZero() || !f.backAt.IsZero() {
		f.lostAt, f.backAt = f.now(), time.Time{}
		f.log.Warn("redis: subscription lost", "error", err)
	}
	for l := range s.listeners {
		l.lost <- err
	}
}

func (f *feed) opened(s *subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.ready = true
	if !f.lostAt.IsZero() && f.backAt.IsZero() {
		f.backAt = f.now()
		f.log.Warn("redis: subscription is back", "lost_for", f.backAt.Sub(f.lostAt))
	}
	for l := range s.listeners {
		if l.onReady != nil {
			l.onReady()
		}
	}
}

func (f *feed) deliver(s *subscription, channel, payload string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range s.listeners {
		if l.wants(channel) {
			l.onMessage(channel, payload)
		}
	}
}

// check is the subscription's health; known is false if nobody has needed it for a
// while.
func (f *feed) check() (c health.Check, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	recent := !f.lostAt.IsZero() && f.now().Sub(f.lostAt) < lossReportedFor
	switch {
	case f.current != nil && f.current.ready && recent:
		return health.Check{Status: "up", Message: "Live changes were interrupted from " + f.lostAt.UTC().Format(time.RFC3339) + " to " + f.backAt.UTC().Format(time.RFC3339) +
			"; everything missed has been read since."}, true
	case f.current != nil && f.current.ready:
		return health.Check{Status: "up"}, true
	case !f.lostAt.IsZero() && f.backAt.IsZero() && (f.current != nil || recent):
		return health.Check{Status: "down", DownSince: new(f.lostAt.UTC().Truncate(time.Millisecond)),
			Message: "Live changes do not arrive over Redis, so they show with the next read. The server reconnects by itself; if this lasts, let its Redis user subscribe."}, true
	}
	return c, false
}
