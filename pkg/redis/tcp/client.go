// Package tcp is a client of any Redis over TCP, for REDIS_URL. It has the
// methods and the reply types of package upstash, so a caller need not know
// which of the two it holds.
//
// Calls share round trips: see sender.
//
// What is retried: a call whose connection broke, once, and only if every
// command in it may be repeated. An answer of Redis is never retried.
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
	defaultTimeout = 2 * time.Second
	// defaultSilence and pongWait together are under 20 s: so soon a dead
	// subscription is noticed. It is not less because Upstash may bill a PING.
	defaultSilence = 12 * time.Second
	pongWait       = 5 * time.Second
	opPipeline     = "PIPELINE"
	// defaultConnections is for processes that are many and short: managed
	// servers limit connections.
	defaultConnections = 5
	maxConnections     = 1000
)

// Options are the settings that have a default.
type Options struct {
	// Timeout bounds one Do or Pipeline with its retry and the time to
	// connect, and the wait for a subscription to be confirmed; 0 is 2 s.
	Timeout time.Duration
	// Connections bounds the open connections for commands; 0 is 5. The URL's
	// pool_size overrides it. A subscription has a connection of its own.
	Connections int
	// Prefix is put before every key and channel, and taken off the channel of
	// each message.
	Prefix string
	// Silence is how long nothing may arrive on a subscription before the server
	// is asked for a sign of life; 0 is 12 s. Without an answer within 5 s the
	// subscription ends with an error.
	Silence time.Duration
}

// Client holds a few connections to one Redis. It is safe for concurrent use;
// Close it when done.
type Client struct {
	options goredis.Options // of a connection, to make new ones
	timeout time.Duration
	silence time.Duration
	prefix  string
	feeds   *goredis.Client // for subscriptions
	sender  sender

	mu       sync.Mutex
	closed   bool
	commands *goredis.Client // for everything else; see distrust
}

// New checks the URL, redis://[user:password@]host:port[/db] or rediss:// for
// TLS, and connects at the first call. Its error does not hold the URL.
func New(url string, o Options) (*Client, error) {
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
	timeout := cmp.Or(max(o.Timeout, 0), defaultTimeout)
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = timeout, timeout, timeout, timeout
	opts.Dialer = eager(opts)
	c := &Client{options: *opts, timeout: timeout, silence: cmp.Or(o.Silence, defaultSilence), prefix: o.Prefix}
	c.feeds, c.commands = c.connect(), c.connect()
	c.sender = sender{run: c.run, free: opts.PoolSize}
	return c, nil
}

// connect returns a pool, without a connection yet.
func (c *Client) connect() *goredis.Client {
	options := c.options // go-redis keeps the pointer
	return goredis.NewClient(&options)
}

// pool returns the connections for commands.
func (c *Client) pool() *goredis.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commands
}

// distrust replaces the connections among which one has gone silent: the others
// may be as dead, and each would cost somebody the whole timeout. Calls that
// are under way on them are left their time.
func (c *Client) distrust(pool *goredis.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.commands != pool {
		return
	}
	c.commands = c.connect()
	time.AfterFunc(c.timeout, func() { _ = pool.Close() })
}

// Close closes the connections; subscriptions end when their context does.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return errors.Join(c.commands.Close(), c.feeds.Close())
}

// Do runs one command. The reply is nil (no such key), an int64, a string or a
// []any of these. An error of Redis or of the way to it is an *Error. A
// cancelled ctx is noticed when the answer or the deadline comes.
func (c *Client) Do(ctx context.Context, cmd ...any) (any, error) {
	encoded, err := redis.EncodeAll([][]any{cmd}, c.prefix)
	if err != nil {
		return nil, err
	}
	replies, err := c.call(ctx, redis.Name(encoded[0]), encoded)
	if err != nil {
		return nil, err
	}
	if refused, ok := replies[0].(error); ok {
		return nil, refused
	}
	return replies[0], nil
}

// Pipeline runs the commands in one round trip, in order but not atomically,
// and returns one reply for each. A command that Redis refused has an *Error
// in its place; the others ran.
func (c *Client) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	if len(cmds) == 0 {
		return nil, nil
	}
	encoded, err := redis.EncodeAll(cmds, c.prefix)
	if err != nil {
		return nil, err
	}
	return c.call(ctx, opPipeline, encoded)
}

// call runs the commands within the client's deadline, again if the connection
// broke and that is safe.
func (c *Client) call(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		replies, err := c.sender.send(ctx, op, cmds)
		if !repeats(attempt, cmds, err) {
			return replies, err
		}
	}
}

// repeats decides whether to send a call once more: never twice, never when
// time ran out, and only where a second arrival does no harm.
func repeats(attempt int, cmds [][]string, err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return attempt == 0 && ok && failed.unconnected() && redis.Repeatable(cmds...)
}

// run sends the commands of some calls in one round trip, and gives each call
// its replies or its error. Of a connection that is lost the last call's error
// is the one that counts: no other caller waits as long.
func (c *Client) run(ctx context.Context, calls []*call) {
	began, pool, given := time.Now(), c.pool(), c.timeout
	if at, ok := ctx.Deadline(); ok {
		given = time.Until(at)
	}
	pipe := pool.Pipeline()
	for _, one := range calls {
		one.queued = make([]*goredis.Cmd, len(one.cmds))
		for i, cmd := range one.cmds {
			args := make([]any, len(cmd))
			for j, arg := range cmd {
				args[j] = arg
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
		failed, ok := errors.AsType[*Error](one.err)
		if ok && failed.Code == "" {
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
