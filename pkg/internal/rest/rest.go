// Package rest sends this backend's HTTP requests to other services. A call
// passes a chain with one file per concern: request (build), send (one
// attempt), error (2xx or a typed error), breaker, retry, redact, log.
//
// The retry policy:
//
//   - only what changes nothing upstream is repeated: GET, and a POST that is
//     marked ReadOnly; after 429, 500, 502, 503, 504, a lost connection, or an
//     attempt that took too long;
//   - a write is repeated only if the connection could not be opened, for then
//     the request certainly never left;
//   - three attempts at most, with a jittered pause that doubles; the
//     upstream's Retry-After wins over it;
//   - a pause of more than five seconds, or one that would outlast the deadline,
//     is not begun: the failure is returned at once, with its RetryAfter.
//
// The breaker's policy, if a client has one:
//
//   - each attempt counts, repeated ones too: a hanging upstream shows early, and
//     no repetition is sent to one that has just been given up;
//   - a failure is a connection that could not be opened or broke, half an
//     answer, a 5xx, or no answer in time, if there was a second to give it. Any
//     other answer shows that the upstream works, 429 and nonsense included. If the
//     caller hung up, nothing counts;
//   - failures of one caller's alone open it for that caller alone, so that one
//     slow query does not shut everybody out;
//   - while it is open a call fails at once with upstream.ErrOpen and what is
//     left of the open time as its RetryAfter. Nothing was sent, so a write
//     certainly did not arrive;
//   - a call during whose repetitions it opens returns its own last failure.
//
// It knows nothing of any upstream's JSON, and caches nothing.
package rest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/sleep"
	"github.com/clockwork-timer/backend/pkg/telemetry"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	defaultTimeout = 10 * time.Second
	defaultMaxBody = 8 << 20
)

// Options say whom a Client talks to. Upstream and BaseURL are required, the
// zero value of everything else works.
type Options struct {
	Upstream  string            // names the upstream in errors, logs and timings
	BaseURL   string            // http(s), may have a path, must not have user, query or fragment
	Transport http.RoundTripper // default: a NewTransport of its own
	Timeout   time.Duration     // of a whole call, its repeats and pauses included; default 10 s
	MaxBody   int64             // bytes read of an answer; default 8 MiB
	Log       *slog.Logger      // one debug line per call; default: none
	Breaker   *upstream.Breaker // shared by all clients of one service; default: none

	Now    func() time.Time                                 // default time.Now
	Sleep  func(ctx context.Context, d time.Duration) error // default: a timer that ends with ctx
	Jitter func() float64                                   // in [0, 1); default random

	// DecodeError finds the upstream's own code and sentence in an error body.
	DecodeError func(body []byte) (code, message string)
	// Reject looks at every answer, whatever its status. A code other than ""
	// makes the answer an error with that code.
	Reject func(status int, h http.Header) (code string)
}

// Client sends requests to one upstream. It is safe for concurrent use.
type Client struct {
	opts Options
	base *url.URL
	http *http.Client
}

// New returns a client, or an error that names what is wrong with the base URL.
func New(opts Options) (*Client, error) {
	base, err := parseBase(opts.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("%s base URL: %w", opts.Upstream, err)
	}
	opts.setDefaults()
	return &Client{opts: opts, base: base, http: &http.Client{
		Transport: opts.Transport,
		// A redirect could carry the credential to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (o *Options) setDefaults() {
	if o.Transport == nil {
		o.Transport = NewTransport()
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep.For
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.DecodeError == nil {
		o.DecodeError = func([]byte) (string, string) { return "", "" }
	}
	if o.Reject == nil {
		o.Reject = func(int, http.Header) string { return "" }
	}
}

// Do sends r and returns its answer if that is 2xx. Everything else is an
// *upstream.Error.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, c.opts.Timeout))
	defer cancel()

	start := c.opts.Now()
	ctx, call := telemetry.StartCall(ctx, c.opts.Upstream, r.Op, r.method(), c.base.Hostname())
	resp, attempts, err := c.retry(ctx, r)
	call.End(statusOf(resp, err), attempts, err)
	c.record(ctx, r.Op, c.opts.Now().Sub(start), attempts, resp, err)
	if err != nil {
		return nil, err
	}
	return resp, nil
}
