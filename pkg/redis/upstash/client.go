// Package upstash reaches Redis over the Upstash REST API, with net/http alone.
// It sends commands as JSON text and so carries UTF-8 only; MULTI, the path form
// of commands, base64 answers and read-only replicas' consistency across
// processes are not its business. Redirects are refused, because the token would
// travel along.
package upstash

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	defaultMaxBody = 16 << 20
	// defaultSilence, echoWait and two ticks of a second are under 20 s: so soon
	// a dead subscription is noticed.
	defaultSilence = 12 * time.Second
	echoWait       = 4 * time.Second
)

// Options says how to reach one database. URL and Token are required; the
// console calls them UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.
type Options struct {
	redis.Options
	// URL is the base of the API, https unless the host is this machine. White
	// space around it and a slash at its end are dropped.
	URL   string
	Token secret.Text
	// Transport carries the requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// MaxBody bounds an answer, in bytes; 0 is 16 MiB.
	MaxBody int64
	// Watched reports whether anybody would miss a message. While nobody would,
	// no heartbeat is sent, because each is billed; nil is always.
	Watched func() bool
}

// transport talks to one database.
type transport struct {
	url     string
	token   secret.Text
	http    *http.Client
	timeout time.Duration
	maxBody int64
	silence time.Duration
	watched func() bool
	sync    syncToken
}

// New checks the options, without asking Upstash. Its error names every
// option at fault and holds neither the URL nor the token.
func New(o Options) (*redis.Client, error) {
	base, urlErr := checkURL(o.URL)
	if err := errors.Join(urlErr, checkToken(o.Token)); err != nil {
		return nil, err
	}
	c := &transport{url: base, token: o.Token, timeout: cmp.Or(max(o.Timeout, 0), redis.DefaultTimeout),
		maxBody: cmp.Or(max(o.MaxBody, 0), defaultMaxBody), silence: cmp.Or(o.Silence, defaultSilence), watched: o.Watched}
	c.http = &http.Client{Transport: o.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	if c.watched == nil {
		c.watched = func() bool { return true }
	}
	return redis.New(c, o.Options), nil
}

// Close does nothing: net/http keeps the connections.
func (*transport) Close() error { return nil }

// Send runs the commands in one request. Each counts as a command on the bill. If Redis
// refuses a single command, Upstash answers 400: that is a reply here too.
func (c *transport) Send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	if op != redis.Pipeline {
		decoded, err := c.send(ctx, call{op: op, cmds: cmds, body: cmds[0]})
		if refused, ok := errors.AsType[*redis.Error](err); ok && refused.Code != "" && refused.Status == http.StatusBadRequest {
			return []any{refused}, nil
		}
		if err != nil {
			return nil, err
		}
		reply, err := c.reply(op, decoded, cmds[0])
		return []any{reply}, err
	}
	decoded, err := c.send(ctx, call{op: op, path: "/pipeline", cmds: cmds, body: cmds})
	if err != nil {
		return nil, err
	}
	return c.pipelineReplies(decoded, cmds)
}

// reply is the reply of one command, or its *Error if Redis refused it.
func (c *transport) reply(op string, decoded any, cmd []string) (any, error) {
	r, err := asReply(decoded)
	switch {
	case err != nil:
		return nil, &redis.Error{Op: op, Status: http.StatusOK, Err: err}
	case r.failed:
		return c.refusal(redis.Name(cmd), http.StatusOK, r.message, cmd), nil
	}
	return r.value, nil
}

func (c *transport) pipelineReplies(decoded any, cmds [][]string) ([]any, error) {
	items, isList := decoded.([]any)
	if !isList {
		r, err := asReply(decoded)
		if err == nil && r.failed {
			return nil, c.refusal(redis.Pipeline, http.StatusOK, r.message, cmds...)
		}
		return nil, &redis.Error{Op: redis.Pipeline, Status: http.StatusOK, Err: errShape}
	}
	if len(items) != len(cmds) {
		return nil, &redis.Error{Op: redis.Pipeline, Status: http.StatusOK, Err: errCount}
	}
	replies := make([]any, len(items))
	for i, item := range items {
		var err error
		if replies[i], err = c.reply(redis.Pipeline, item, cmds[i]); err != nil {
			return nil, err
		}
	}
	return replies, nil
}
