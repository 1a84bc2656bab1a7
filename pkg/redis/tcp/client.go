// Package tcp reaches any Redis over TCP, for REDIS_URL. Calls share round
// trips: see sender.
package tcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

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
	maxConnections     = 1000
)

// transport holds a few connections to one Redis.
type transport struct {
	options goredis.Options // of a connection, to make new ones
	timeout time.Duration
	silence time.Duration
	feeds   *goredis.Client // for subscriptions
	sender  sender

	mu       sync.Mutex
	closed   bool
	commands *goredis.Client // for everything else; see distrust
}

// New checks the URL, redis://[user:password@]host:port[/db] or rediss:// for
// TLS, and connects at the first call. Its error does not hold the URL.
func New(url string, o redis.Options) (*redis.Client, error) {
	opts, err := goredis.ParseURL(strings.TrimSpace(url))
	if err != nil || opts.Network != "tcp" {
		// The cause would quote the URL with its password.
		return nil, errors.New("the Redis URL is not one: want redis://[user:password@]host:port[/db], or rediss:// for TLS")
	}
	if opts.PoolSize < 0 || opts.PoolSize > maxConnections {
		return nil, fmt.Errorf("the Redis URL asks for a pool_size that is not between 1 and %d", maxConnections)
	}
	opts.PoolSize = cmp.Or(opts.PoolSize, o.Connections, defaultConnections)
	opts.Protocol = 2 // so that replies have the shapes that REST has
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	opts.MinIdleConns, opts.MaxIdleConns, opts.MaxActiveConns, opts.PipelinePoolSize = 0, 0, 0, -1
	opts.MaxRetries, opts.DialerRetries = -1, 1
	opts.ContextTimeoutEnabled = true
	timeout := cmp.Or(max(o.Timeout, 0), redis.DefaultTimeout)
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = timeout, timeout, timeout, timeout
	opts.Dialer = eager(opts)
	c := &transport{options: *opts, timeout: timeout, silence: cmp.Or(o.Silence, defaultSilence)}
	c.feeds, c.commands = c.connect(), c.connect()
	c.sender = sender{run: c.run, connections: opts.PoolSize}
	return redis.New(c, o), nil
}

// connect returns a pool, without a connection yet.
func (c *transport) connect() *goredis.Client {
	options := c.options // go-redis keeps the pointer
	return goredis.NewClient(&options)
}

// pool returns the connections for commands.
func (c *transport) pool() *goredis.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commands
}

// distrust replaces the connections among which one has gone silent: the others
// may be as dead, and each would cost somebody the whole timeout. Calls that
// are under way on them are left their time.
func (c *transport) distrust(pool *goredis.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.commands != pool {
		return
	}
	c.commands = c.connect()
	time.AfterFunc(c.timeout, func() { _ = pool.Close() })
}

// Close closes the connections; subscriptions end when their context does.
func (c *transport) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return errors.Join(c.commands.Close(), c.feeds.Close())
}

// Send runs the commands, in a round trip that other calls may share.
func (c *transport) Send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	return c.sender.send(ctx, op, cmds)
}

// run sends the commands of some calls in one round trip, and gives each call
// its replies or its error. Of a connection that is lost the last call's error
// is the one that counts: no other caller waits as long.
func (c *transport) run(ctx context.Context, calls []*call) {
	began, pool, given := time.Now(), c.pool(), c.timeout
	if at, ok := ctx.Deadline(); ok {
		given = time.Until(at)
	}
	pipe := pool.Pipeline()
	for _, one := range calls {
		one.queued = make([]*goredis.Cmd, len(one.cmds))
		for i, cmd := range one.cmds {
			args := make([]any, len(cmd))
			args[0] = cmd[0]
			for j := 1; j < len(cmd); j++ {
				args[j] = &cmd[j] // a string in an interface would be an allocation
			}
			one.queued[i] = pipe.Do(ctx, args...)
		}
	}
	_, err := pipe.Exec(ctx)
	if err != nil && slices.ContainsFunc(calls, (*call).hasError) {
		err = nil // each command knows how it went
	}
	silent := false
	for _, one := range calls {
		one.replies, one.err = one.collect(ctx, err)
		if failed, ok := errors.AsType[*redis.Error](one.err); ok && failed.Code == "" {
			silent = errors.Is(failed, context.DeadlineExceeded)
			failed.Uncounted = !one.last || silent && given < c.timeout/4
		}
	}
	if silent && time.Since(began) >= c.timeout/2 {
		c.distrust(pool)
	}
}

// normalize takes go-redis' two spellings of "nothing" to nil, and an error
// that a script put inside a list to an error of the call.
func normalize(value any, err error) (any, error) {
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case error:
		return normalize(nil, v)
	case []any:
		for i, item := range v {
			if v[i], err = normalize(item, nil); err != nil {
				return nil, err
			}
		}
	case nil, int64, string:
	default:
		return nil, fmt.Errorf("a reply of another protocol: %T", value)
	}
	return value, nil
}
