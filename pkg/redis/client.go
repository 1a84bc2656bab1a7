// Package redis runs commands on one Redis. A Client does what does not depend
// on the way there: it writes commands, adds the key prefix, sets the deadline,
// sends once more what may be repeated, measures, and stops asking a Redis that
// is down. The packages tcp and upstash are the two ways.
package redis

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// DefaultTimeout bounds a call that has no other limit.
const DefaultTimeout = 2 * time.Second

// Pipeline is the operation of several commands in one round trip, as errors
// name it.
const Pipeline = "PIPELINE"

// Transport carries commands to one Redis.
type Transport interface {
	// Send runs the commands in one round trip, in order. It returns one reply for
	// each, with an *Error for a command that Redis refused.
	Send(ctx context.Context, op string, cmds [][]string) ([]any, error)
	// Listen hears messages until ctx ends or the connection is lost. op is
	// SUBSCRIBE or PSUBSCRIBE.
	Listen(ctx context.Context, op string, names []string, onReady func(), onMessage func(channel, payload string)) error
	Close() error
}

// Options are the settings that both transports have. The zero value is usable.
type Options struct {
	// Timeout bounds one Do or Pipeline with its repetition and the time to
	// connect, and the wait for a subscription to be confirmed; 0 is 2 s.
	Timeout time.Duration
	// Prefix is put before every key and channel, and taken off the channel of
	// each message.
	Prefix string
	// Silence is how long a subscription may be silent before the server is asked
	// for a sign of life; 0 is 12 s. Without one the subscription ends with an
	// error, in under 20 s altogether.
	Silence time.Duration
	// Connections bounds the open connections for commands over TCP; 0 is 5. The
	// URL's pool_size overrides it. A subscription has a connection of its own.
	Connections int
	// Breaker refuses calls while Redis is down; nil refuses nothing.
	Breaker *upstream.Breaker
	// Observe is called before each Do or Pipeline, and what it returns after it.
	Observe func(ctx context.Context, cmds [][]any) (context.Context, func(error))
}

// Client runs commands on one Redis. It is safe for concurrent use.
type Client struct {
	transport Transport
	options   Options
	scripts   scripts
}

// New returns a client over a transport.
func New(transport Transport, o Options) *Client {
	o.Timeout = cmp.Or(max(o.Timeout, 0), DefaultTimeout)
	return &Client{transport: transport, options: o}
}

// Close closes the connections; subscriptions end when their context does.
func (c *Client) Close() error { return c.transport.Close() }

// Do runs one command. The reply is nil (no such key), an int64, a string or a
// []any of these. An error of Redis or of the way to it is an *Error.
func (c *Client) Do(ctx context.Context, cmd ...any) (any, error) {
	replies, err := c.run(ctx, "", [][]any{cmd})
	if err != nil {
		return nil, err
	}
	return replies[0], nil
}

// Pipeline runs the commands in one round trip, in order but not atomically,
// and returns one reply for each. A command that Redis refused has an *Error in
// its place; the others ran. A script that Redis has forgotten since this
// process used it takes a second round trip, after the others.
func (c *Client) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	if len(cmds) == 0 {
		return nil, nil
	}
	return c.run(ctx, Pipeline, cmds)
}

func (c *Client) run(ctx context.Context, op string, cmds [][]any) (replies []any, err error) {
	encoded, err := EncodeAll(cmds, c.options.Prefix)
	if err != nil {
		return nil, err
	}
	if c.options.Observe != nil {
		var end func(error)
		ctx, end = c.options.Observe(ctx, cmds)
		defer func() { end(err) }()
	}
	began := time.Now()
	defer func() { upstream.RecordMany(ctx, upstream.RedisName, time.Since(began), len(cmds)) }()
	op = cmp.Or(op, Name(encoded[0]))
	err = c.guard(ctx, op, func() (err error) {
		replies, err = c.send(ctx, op, encoded)
		if err == nil && op != Pipeline {
			err, _ = replies[0].(error) // a refusal
		}
		return err
	})
	return replies, err
}

// send sends the commands, and sends them once more if the connection broke and
// a second arrival does no harm. An answer of Redis is never repeated.
func (c *Client) send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	replies, err := c.sendScripts(ctx, op, cmds)
	if failed, ok := errors.AsType[*Error](err); ok && failed.Broken && Repeatable(cmds...) {
		return c.transport.Send(ctx, op, cmds)
	}
	return replies, err
}

// Subscribe calls onMessage for each message published to one of the channels,
// one at a time, and blocks until ctx ends (then it returns ctx.Err()) or the
// connection is lost or dead (then an *Error). onReady, which may be nil, is
// called once, when every channel is confirmed. Messages sent while not
// subscribed are lost: read the state again after each reconnect.
func (c *Client) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	return c.listen(ctx, "SUBSCRIBE", channels, onReady, onMessage)
}

// PSubscribe is Subscribe for every channel that fits one of the glob-style
// patterns; onMessage gets the channel, not the pattern.
func (c *Client) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return c.listen(ctx, "PSUBSCRIBE", patterns, onReady, onMessage)
}

func (c *Client) listen(ctx context.Context, op string, names []string, onReady func(), onMessage func(channel, payload string)) error {
	if len(names) == 0 {
		return &Error{Op: op, Err: errors.New("no channel named")}
	}
	prefixed := make([]string, len(names))
	for i, name := range names {
		prefixed[i] = c.options.Prefix + name
	}
	// How a subscription ends says nothing about Redis' health: it lasts.
	if err := c.guard(ctx, op, nil); err != nil {
		return err
	}
	return c.transport.Listen(ctx, op, prefixed, onReady, func(channel, payload string) {
		onMessage(strings.TrimPrefix(channel, c.options.Prefix), payload)
	})
}
