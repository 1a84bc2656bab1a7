// Package tcp reaches any Redis over TCP, for REDIS_URL. Calls share round
// trips: see sender.
package tcp

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
)

const (
	// defaultSilence and pongWait together are under 20 s: so soon a dead
	// subscription is noticed. It is not less because Upstash may bill a PING.
	defaultSilence = 12 * time.Second
	pongWait       = 5 * time.Second
	// defaultConnections is for processes that are many and short: managed
	// servers limit connections.
	defaultConnections = 5
)

// transport holds a few connections to one Redis.
type transport struct {
	server  server
	timeout time.Duration
	silence time.Duration
	sender  sender

	mu     sync.Mutex
	closed bool
	idle   []*conn // the last used one last
	era    int     // see distrust
}

// New checks the URL, redis://[user:password@]host:port[/db] or rediss:// for
// TLS, and connects at the first call. Its error does not hold the URL.
func New(url string, o redis.Options) (*redis.Client, error) {
	server, connections, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	c := &transport{server: server, timeout: cmp.Or(max(o.Timeout, 0), redis.DefaultTimeout), silence: cmp.Or(o.Silence, defaultSilence)}
	c.sender = sender{run: c.run, connections: cmp.Or(connections, o.Connections, defaultConnections)}
	return redis.New(c, o), nil
}

// Send runs the commands, in a round trip that other calls may share.
func (c *transport) Send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	return c.sender.send(ctx, op, cmds)
}

// run sends the commands of some calls in one round trip, and gives each call
// its replies or its error. Of a connection that is lost the last call's error
// is the one that counts: no other caller waits as long.
func (c *transport) run(ctx context.Context, calls []*call) {
	began, given := time.Now(), c.timeout
	if at, ok := ctx.Deadline(); ok {
		given = time.Until(at)
	}
	conn, err := c.take(ctx)
	if err == nil {
		err = conn.exchange(began.Add(given), calls)
		c.give(conn, err)
	}
	silent := false
	for _, one := range calls {
		one.settle(ctx, err)
		if failed, ok := errors.AsType[*redis.Error](one.err); ok && failed.Code == "" {
			silent = errors.Is(failed, context.DeadlineExceeded)
			failed.Uncounted = !one.last || silent && given < c.timeout/4
		}
	}
	if conn != nil && silent && time.Since(began) >= c.timeout/2 {
		c.distrust(conn.era)
	}
}

// take returns a connection that nobody else uses, unless ctx has ended.
func (c *transport) take(ctx context.Context) (*conn, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, errClosed
		}
		era, last := c.era, len(c.idle)-1
		if last < 0 {
			c.mu.Unlock()
			return c.server.connect(ctx, era)
		}
		conn := c.idle[last]
		c.idle[last], c.idle = nil, c.idle[:last]
		c.mu.Unlock()
		if conn.alive() {
			return conn, nil
		}
		conn.close()
	}
}

// give takes a connection back, or closes it if it can no longer be used.
func (c *transport) give(conn *conn, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || c.closed || conn.era != c.era {
		conn.close()
		return
	}
	c.idle = append(c.idle, conn)
}

// distrust closes the connections of an era in which one has gone silent: the others
// may be as dead, and each would cost somebody the whole timeout. Calls that
// are under way on them are left their time.
func (c *transport) distrust(era int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.era == era {
		c.era++
		c.closeIdle()
	}
}

func (c *transport) closeIdle() {
	for _, conn := range c.idle {
		conn.close()
	}
	c.idle = nil
}

// Close closes the connections, those under way after their calls; subscriptions end
// when their context does.
func (c *transport) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.closeIdle()
	return nil
}
