// Package redistcp is a client of any Redis over TCP, for REDIS_URL. It has the
// methods and the reply types of package upstash, so that a caller need not
// know which of the two it holds; what go-redis offers beyond that is left out
// on purpose.
//
// What is retried: a call whose connection broke, once, and only if every
// command in it may be repeated. An answer of Redis is never retried.
package redistcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/clockwork-timer/backend/pkg/internal/rediscmd"
)

const (
	defaultTimeout = 2 * time.Second
	opPipeline     = "PIPELINE"
	// poolSize is small because processes are many and short, and managed
	// servers limit connections.
	poolSize = 5
)

// Options are the settings that have a default.
type Options struct {
	// Timeout bounds one Do or Pipeline with its retry and the time to
	// connect, and the wait for a subscription to be confirmed; 0 is 2 s.
	Timeout time.Duration
}

// Client holds a small pool of connections to one Redis. It is safe for
// concurrent use; Close it when done.
type Client struct {
	rdb     *redis.Client
	timeout time.Duration
}

// New checks the URL, redis://[user:password@]host:port[/db] or rediss:// for
// TLS, and connects at the first call. Its error does not hold the URL.
func New(url string, o Options) (*Client, error) {
	opts, err := redis.ParseURL(strings.TrimSpace(url))
	if err != nil || opts.Network != "tcp" {
		// The cause would quote the URL with its password.
		return nil, errors.New("the Redis URL is not one: want redis://[user:password@]host:port[/db], or rediss:// for TLS")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	opts.Protocol = 2 // so that replies have the shapes that REST has
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	opts.PoolSize, opts.MinIdleConns, opts.MaxIdleConns, opts.MaxActiveConns, opts.PipelinePoolSize = poolSize, 0, 0, 0, -1
	opts.MaxRetries, opts.DialerRetries = -1, 1
	opts.ContextTimeoutEnabled = true
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	opts.Dialer = eager(opts)
	return &Client{rdb: redis.NewClient(opts), timeout: o.Timeout}, nil
}

// Close closes the connections; subscriptions end when their context does.
func (c *Client) Close() error { return c.rdb.Close() }

// Do runs one command. The reply is nil (no such key), an int64, a string or a
// []any of these. An error of Redis or of the way to it is an *Error. A
// cancelled ctx is noticed when the answer or the deadline comes.
func (c *Client) Do(ctx context.Context, cmd ...any) (any, error) {
	args, err := rediscmd.Encode(cmd)
	if err != nil {
		return nil, err
	}
	replies, err := c.call(ctx, rediscmd.Name(args), [][]string{args})
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
	encoded := make([][]string, len(cmds))
	for i, cmd := range cmds {
		args, err := rediscmd.Encode(cmd)
		if err != nil {
			return nil, err
		}
		encoded[i] = args
	}
	return c.call(ctx, opPipeline, encoded)
}

// call runs the commands within the client's deadline, again if the connection
// broke and that is safe.
func (c *Client) call(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		replies, err := c.send(ctx, op, cmds)
		if !repeats(attempt, cmds, err) {
			return replies, err
		}
	}
}

// repeats decides whether to send a call once more: never twice, never when
// time ran out, and only where a second arrival does no harm.
func repeats(attempt int, cmds [][]string, err error) bool {
	var failed *Error
	return attempt == 0 && errors.As(err, &failed) && failed.unconnected() && rediscmd.Repeatable(cmds...)
}

func (c *Client) send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	pipe := c.rdb.Pipeline()
	queued := make([]*redis.Cmd, len(cmds))
	for i, cmd := range cmds {
		args := make([]any, len(cmd))
		for j, arg := range cmd {
			args[j] = arg
		}
		queued[i] = pipe.Do(ctx, args...)
	}
	if _, err := pipe.Exec(ctx); err != nil && !slices.ContainsFunc(queued, hasError) {
		return nil, failed(ctx, op, err, cmds...)
	}
	replies := make([]any, len(cmds))
	for i, cmd := range queued {
		value, err := normalize(cmd.Result())
		if err == nil {
			replies[i] = value
			continue
		}
		e := failed(ctx, rediscmd.Name(cmds[i]), err, cmds[i])
		if e.Code == "" || e.Code == "NOAUTH" {
			e.Op = op // it is not about one command
			return nil, e
		}
		replies[i] = e
	}
	return replies, nil
}

// hasError looks for a command that learnt how it went. When the connection
// could not be set up, because the password is wrong for one, go-redis tells
// only Exec: the commands look like keys that are not there.
func hasError(cmd *redis.Cmd) bool { return cmd.Err() != nil }

// normalize takes go-redis' two spellings of "nothing" to nil, and an error
// that a script put inside a list to an error of the call.
func normalize(value any, err error) (any, error) {
	if errors.Is(err, redis.Nil) {
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
