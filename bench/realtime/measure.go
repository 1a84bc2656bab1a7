package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/bench/child"
	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/users"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// The servers.
const (
	kindEcho   = "echo"
	kindSQLite = "sqlite"
	kindRedis  = "redis" // two instances over one Redis
	kindTeam   = "team"  // shows everybody to viewers
)

// shape is the number of clients and of their actions.
type shape struct {
	name  string
	users int
	each  int   // connections of a user
	rates []int // actions per second, all users together
}

func (m *measurements) shapes() []shape {
	return []shape{
		{"100 x 3", 100, 3, []int{200, 1000, 3000, 20_000}},
		{"1 x 1000", 1, 1000, []int{20}},
		{fmt.Sprintf("%d idle", m.idle), m.idle / 3, 3, []int{200, 3000}},
	}
}

// result is one line of the table.
type result struct {
	kind, shape string
	rate        int
	achieved    float64
	latency     []time.Duration // p50, p95, p99, max
	cpu         time.Duration   // of all servers, per action
	connects    float64         // per second
	memory      int64           // of all servers, per idle connection, in bytes
	lost        int
}

type measurements struct {
	length   time.Duration
	idle     int
	match    string
	rate     int
	profile  string
	progress io.Writer
	results  []result
}

// world is the running servers and their clients.
type world struct {
	kind      string
	instances []*child.Process
	key       string
	redis     string // its URL, if there is one
	users     []*user
	reading   sync.WaitGroup
	cleanup   []func() error
}

// all measures every shape, with new servers of one kind for each.
func (m *measurements) all(ctx context.Context, kind string) error {
	if kind == kindTeam {
		return m.team(ctx)
	}
	for _, s := range m.shapes() {
		if !strings.Contains(s.name, m.match) {
			continue
		}
		if err := m.shape(ctx, kind, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (m *measurements) shape(ctx context.Context, kind string, s shape) (err error) {
	w := newWorld(kind)
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.start(ctx, m.profile); err != nil {
		return err
	}
	before, err := w.memory(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.connect(s); err != nil {
		return err
	}
	connects := float64(s.users*s.each) / time.Since(began).Seconds()
	after, err := w.memory(ctx)
	if err != nil {
		return err
	}
	for _, rate := range s.rates {
		if m.rate != 0 && m.rate != rate {
			continue
		}
		r, err := w.load(ctx, rate, m.length)
		if err != nil {
			return err
		}
		r.kind, r.shape, r.rate = kind, s.name, rate
		r.connects, r.memory = connects, (after-before)/int64(s.users*s.each)
		m.results = append(m.results, r)
		fmt.Fprintf(m.progress, "%s, %s, %d/s: p99 %v\n", kind, s.name, rate, r.latency[2])
	}
	return nil
}

func newWorld(kind string) *world {
	return &world{kind: kind, key: rand.Text() + rand.Text()}
}

// start starts the servers.
func (w *world) start(ctx context.Context, profile string) error {
	dir, err := os.MkdirTemp("", "bench-realtime")
	if err != nil {
		return err
	}
	w.cleanup = append(w.cleanup, func() error { return os.RemoveAll(dir) })
	data, count := filepath.Join(dir, "timers.db"), 1
	if w.kind == kindRedis || w.kind == kindTeam {
		if w.kind == kindRedis {
			count = 2
		}
		var c process.Cleanup
		w.cleanup = append(w.cleanup, func() error { c.Run(); return nil })
		w.redis = "redis://" + redisserver.Start(&c)
		data = w.redis
	}
	for n := range count {
		file := ""
		if profile != "" {
			file = fmt.Sprintf("%s-%s-%d.pprof", profile, w.kind, n)
		}
		i, err := child.Start(ctx, nil, serveCommand, "-kind", w.kind, "-data", data, "-key", w.key, "-profile", file)
		if err != nil {
			return err
		}
		w.instances = append(w.instances, i)
	}
	return nil
}

// connectAtOnce is how many handshakes run at the same time.
const connectAtOnce = 32

// connect opens all connections, and waits for the state on each.
func (w *world) connect(s shape) error {
	latency := &histogram{}
	var group errgroup.Group
	group.SetLimit(connectAtOnce)
	for n := range s.users {
		u := &user{name: fmt.Sprintf("user-%d", n), clients: make([]*client, s.each), last: make([]int64, s.each), latency: latency}
		w.users = append(w.users, u)
		token, err := w.token(u.name)
		if err != nil {
			return err
		}
		for i := range s.each {
			group.Go(func() error {
				return w.open(u, i, "/ws", token, func(message []byte, now time.Time) {
					if w.kind == kindEcho {
						u.echoed(message, now)
						return
					}
					u.got(i, message, now)
				})
			})
		}
	}
	return group.Wait()
}

// open connects one client, and waits for its first message.
func (w *world) open(u *user, i int, path, token string, got func(message []byte, now time.Time)) error {
	c, err := dial(w.instances[i%len(w.instances)].Addr, path, token)
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.clients[i] = c
	u.mu.Unlock()
	ready := make(chan struct{})
	answered := sync.OnceFunc(func() { close(ready) })
	if w.kind == kindEcho { // it sends no state
		answered()
	}
	w.reading.Go(func() {
		_ = c.receive(func(message []byte) {
			got(message, time.Now())
			answered()
		})
	})
	select {
	case <-ready:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("no state came")
	}
}

func (w *world) token(name string) (string, error) {
	return auth.Signer{Secret: w.key, Now: time.Now}.Sign(auth.Grant{User: users.User{Username: name}})
}

func (w *world) close() error {
	var errs []error
	for _, i := range w.instances {
		errs = append(errs, i.Stop())
	}
	for _, u := range w.users {
		for _, c := range u.clients {
			if c != nil {
				_ = c.conn.Close()
			}
		}
	}
	w.reading.Wait()
	for _, f := range w.cleanup {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
