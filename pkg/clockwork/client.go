// Package clockwork talks to Clockwork Pro for Jira: the documented REST API
// (worklogs, start and stop of the token owner's timers), and the report API
// of the app itself, which alone lists running timers.
//
// It does not decide whose token is used, caches nothing, and gets no token
// for the report API: that is pkg/timersource.
package clockwork

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// DefaultBaseURL is the documented REST API (Clockwork: use-the-clockwork-api).
const DefaultBaseURL = "https://api.clockwork.report/v1"

// Options configure a Client or a Report. The zero value works.
type Options struct {
	BaseURL   string            // default DefaultBaseURL, or DefaultReportBaseURL
	Transport http.RoundTripper // the process's pooled transport; default: one of its own
	Log       *slog.Logger      // one debug line per call; default: none
	Breaker   *upstream.Breaker // default: none

	Now   func() time.Time                                 // default time.Now
	Sleep func(ctx context.Context, d time.Duration) error // between repeated reads; default: a timer
}

func (o Options) client(defaultBaseURL string) (*rest.Client, error) {
	return rest.New(rest.Options{
		Upstream: "clockwork", BaseURL: cmp.Or(o.BaseURL, defaultBaseURL), Transport: o.Transport,
		Log: o.Log, Breaker: o.Breaker, Now: o.Now, Sleep: o.Sleep, DecodeError: DecodeError, Reject: reject,
	})
}

// Client calls the REST API. Every call takes the token of the person in whose
// name it is made: permissions and "whose timer" both follow it.
type Client struct {
	rest     *rest.Client
	now      func() time.Time
	pageSize int // worklogsPageSize; a field, so that tests need not move megabytes
}

// New returns a client, or an error if the base URL is not usable.
func New(opts Options) (*Client, error) {
	r, err := opts.client(DefaultBaseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{rest: r, now: opts.Now, pageSize: worklogsPageSize}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

func tokenHeader(token secret.Text) http.Header {
	return http.Header{"Authorization": {"Token " + token.Reveal()}}
}
