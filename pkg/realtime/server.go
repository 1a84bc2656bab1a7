package realtime

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/web"
)

// sweepEvery is how often connections are looked over.
const sweepEvery = time.Second

// Server serves the realtime routes. Close it when done; the Store stays its
// owner's.
type Server struct {
	store     Store
	verify    func(token string) (auth.Caller, error)
	cors      *web.CORS
	limits    Limits
	log       *slog.Logger
	now       func() time.Time
	sleep     func(ctx context.Context, d time.Duration) error
	hub       *hub
	committer *committer
	clockwork *clockwork // nil where Options have none

	ctx     context.Context // of goroutines that serve nobody in particular
	stop    context.CancelFunc
	running sync.WaitGroup // every goroutine of the server
	commits chan struct{}  // closed when the committer is done
	deaf    atomic.Bool    // other instances are not heard at the moment

	mu      sync.Mutex
	closing bool
	conns   map[*conn]struct{}
	streams map[*outbox]time.Time // when its token ends
	// Messages of connections that have ended.
	received, sent int64
}

// New starts a server.
func New(o Options) (*Server, error) {
	if o.Store == nil || o.Verify == nil {
		return nil, errors.New("realtime: Store and Verify are required")
	}
	s := &Server{
		store: o.Store, verify: o.Verify, cors: web.NewCORS(o.Origins), limits: o.Limits.withDefaults(),
		log: o.Log, now: o.Now, sleep: o.Sleep,
		commits: make(chan struct{}), conns: map[*conn]struct{}{}, streams: map[*outbox]time.Time{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.hub = &hub{log: s.log, rooms: map[string]*room{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.sleep == nil {
		s.sleep = sleep.For
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	feed, shared := o.Store.(Feed)
	s.committer = &committer{store: s.store, hub: s.hub, shared: shared, committed: o.Committed, now: s.now, log: s.log, wake: make(chan struct{}, 1), bytes: map[string]int{},
		pace: pace{now: time.Now, sleep: func(d time.Duration) { _ = s.sleep(s.ctx, d) }}}
	if o.Clockwork != nil {
		s.clockwork = newClockwork(s, *o.Clockwork)
		s.hub.freshness = s.clockwork.freshness
		s.spawn("clockwork events", s.clockwork.run)
	}
	if shared {
		s.deaf.Store(true)
		s.spawn("feed", func() { s.listen(feed) })
	}
	go panics.Logged(s.log, "commits", func() {
		defer close(s.commits)
		s.committer.run()
	})()
	s.spawn("sweeps", s.sweeps)
	return s, nil
}

// spawn runs a task until it ends. Close waits for it.
func (s *Server) spawn(task string, f func()) { s.running.Go(panics.Logged(s.log, task, f)) }

// contain calls f, and logs its panic.
func (s *Server) contain(task string, f func()) { panics.Logged(s.log, task, f)() }

// The routes.
const (
	routeWS     = "/ws"
	routeStream = "/api/timers/stream"
)

// Register mounts the routes that only a long-lived process can serve.
func (s *Server) Register(mount func(path string, handler http.HandlerFunc)) {
	mount(routeWS, s.WS)
	mount(routeStream, s.Stream)
}

// Connections counts the open connections, streams included.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns) + len(s.streams)
}

// begin lets a request in unless the server closes; end it with running.Done.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.running.Add(1)
	return true
}

// add takes in a connection.
func (s *Server) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	s.spawn("connection", c.read)
	if s.closing {
		c.out.finish(&endClosing)
	}
}

// drop forgets a connection whose reading has ended with err.
func (s *Server) drop(c *conn, err error) {
	c.out.finish(&endGone)
	s.exit(c.room, &c.out)
	received, sent := c.received.Load(), c.out.messages()
	c.visit.end(http.StatusSwitchingProtocols, closeCode(c.out.ended(), err), slog.Int64("received", received), slog.Int64("sent", sent))
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.received, s.sent = s.received+received, s.sent+sent
}

// sweeps looks over connections and rooms once a second.
func (s *Server) sweeps() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			s.contain("sweep", func() { s.sweep(s.now()) })
		}
	}
}

func (s *Server) sweep(now time.Time) {
	s.mu.Lock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	for out, expires := range s.streams {
		if !expires.IsZero() && !now.Before(expires) {
			out.finish(&endExpired)
		}
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.check(now)
	}
	s.hub.sweep(now)
	if s.clockwork != nil {
		s.clockwork.sweep(now)
	}
}

// Close ends the server: it accepts nothing more, finishes what it accepted,
// tells every client to reconnect (1012), and waits for all that to be done. When
// ctx ends first, connections are cut off that have not answered.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	again := s.closing
	s.closing = true
	s.mu.Unlock()
	if again {
		return nil
	}
	cut := context.AfterFunc(ctx, s.cut)
	defer cut()
	s.stop()
	s.committer.close()
	<-s.commits
	s.mu.Lock()
	for c := range s.conns {
		c.out.finish(&endClosing)
	}
	for o := range s.streams {
		o.finish(&endClosing)
	}
	s.mu.Unlock()
	s.running.Wait()
	return ctx.Err()
}

func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.peer.Close()
	}
}
