// Package upstash is a client of the Upstash Redis REST API: single commands,
// pipelines and subscriptions, over net/http alone. It sends commands as JSON
// text and so carries UTF-8 only; MULTI, the path form of commands, base64
// answers and read-only replicas' consistency across processes are not its
// business.
//
// What is retried: a call whose connection broke, once, and only if every
// command in it may be repeated (reads, DEL, EXPIRE, SET without a condition).
// An answer from Upstash, whatever it says, is never retried. Redirects are
// refused, because the token would travel along.
package upstash

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	defaultTimeout = 2 * time.Second
	defaultMaxBody = 16 << 20
	retryPause     = 50 * time.Millisecond
	// defaultSilence, echoWait and two ticks of a second are under 20 s: so soon
	// a dead subscription is noticed.
	defaultSilence = 12 * time.Second
	echoWait       = 4 * time.Second
)

// Options says how to reach one database. URL and Token are required; the
// console calls them UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.
type Options struct {
	// URL is the base of the API, https unless the host is this machine. White
	// space around it and a slash at its end are dropped.
	URL   string
	Token secret.Text
	// Transport carries the requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout bounds one Do or Pipeline with its retry, and the wait for a
	// subscription to be confirmed; 0 is 2 s.
	Timeout time.Duration
	// MaxBody bounds an answer, in bytes; 0 is 16 MiB.
	MaxBody int64
	// Sleep waits before the retry; nil waits in real time.
	Sleep func(context.Context, time.Duration) error
	// Prefix is put before every key and channel, and taken off the channel of
	// each message.
	Prefix string
	// Silence is how long nothing may arrive on a subscription, not even a
	// comment, before a heartbeat is published to it; 0 is 12 s. If that does not
	// arrive within 4 s the subscription ends with an error.
	Silence time.Duration
	// Watched reports whether anybody would miss a message. While nobody would,
	// no heartbeat is sent, because each is billed; nil is always.
	Watched func() bool
}

// Client talks to one database. It is safe for concurrent use and needs no
// closing.
type Client struct {
	url     string
	token   secret.Text
	http    *http.Client
	timeout time.Duration
	maxBody int64
	sleep   func(context.Context, time.Duration) error
	prefix  string
	silence time.Duration
	watched func() bool
	sync    syncToken
}

// New checks the options, without asking Upstash. Its error names every
// option at fault and holds neither the URL nor the token.
func New(o Options) (*Client, error) {
	base, urlErr := checkURL(o.URL)
	if err := errors.Join(urlErr, checkToken(o.Token)); err != nil {
		return nil, err
	}
	c := &Client{url: base, token: o.Token, timeout: o.Timeout, maxBody: o.MaxBody, sleep: o.Sleep,
		prefix: o.Prefix, silence: cmp.Or(o.Silence, defaultSilence), watched: o.Watched}
	c.http = &http.Client{Transport: o.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.maxBody <= 0 {
		c.maxBody = defaultMaxBody
	}
	if c.sleep == nil {
		c.sleep = sleep.For
	}
	if c.watched == nil {
		c.watched = func() bool { return true }
	}
	return c, nil
}

// Do runs one command. The reply is nil (no such key), an int64, a string or a
// []any of these. An error of Redis or of the way to it is an *Error.
func (c *Client) Do(ctx context.Context, cmd ...any) (any, error) {
	encoded, err := redis.EncodeAll([][]any{cmd}, c.prefix)
	if err != nil {
		return nil, err
	}
	args := encoded[0]
	decoded, err := c.call(ctx, call{op: redis.Name(args), cmds: [][]string{args}, body: args})
	if err != nil {
		return nil, err
	}
	r, err := asReply(decoded)
	switch {
	case err != nil:
		return nil, &Error{Op: redis.Name(args), Status: http.StatusOK, Err: err}
	case r.failed:
		return nil, c.redisError(redis.Name(args), http.StatusOK, r.message, args)
	}
	return r.value, nil
}

// Pipeline runs the commands in one request, in order but not atomically, and
// returns one reply for each. A command that Redis refused has an *Error in
// its place; the others ran. Each counts as a command on the bill.
func (c *Client) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	if len(cmds) == 0 {
		return nil, nil
	}
	encoded, err := redis.EncodeAll(cmds, c.prefix)
	if err != nil {
		return nil, err
	}
	decoded, err := c.call(ctx, call{op: opPipeline, path: "/pipeline", cmds: encoded, body: encoded})
	if err != nil {
		return nil, err
	}
	return c.pipelineReplies(decoded, encoded)
}

func (c *Client) pipelineReplies(decoded any, cmds [][]string) ([]any, error) {
	items, isList := decoded.([]any)
	if !isList {
		r, err := asReply(decoded)
		if err == nil && r.failed {
			return nil, c.redisError(opPipeline, http.StatusOK, r.message, cmds...)
		}
		return nil, &Error{Op: opPipeline, Status: http.StatusOK, Err: errShape}
	}
	if len(items) != len(cmds) {
		return nil, &Error{Op: opPipeline, Status: http.StatusOK, Err: errCount}
	}
	replies := make([]any, len(items))
	for i, item := range items {
		r, err := asReply(item)
		switch {
		case err != nil:
			return nil, &Error{Op: opPipeline, Status: http.StatusOK, Err: err}
		case r.failed:
			replies[i] = c.redisError(redis.Name(cmds[i]), http.StatusOK, r.message, cmds[i])
		default:
			replies[i] = r.value
		}
	}
	return replies, nil
}
