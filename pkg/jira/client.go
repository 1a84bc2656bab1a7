// Package jira reads issues and users from Jira Cloud's REST API v3, with the
// one credential of this server. It never writes, never uses a browser
// session, and does not know whose request it serves: what the credential may
// see, every caller sees.
package jira

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/rest"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// attempt leaves time for a second try within a call's 10 s: Jira answers in
// well under a second, or the answer is lost.
const attempt = 5 * time.Second

// Options configure a Client. BaseURL, Email and APIToken are required.
type Options struct {
	// BaseURL is https://{site}, or https://api.atlassian.com/ex/jira/{cloudId}
	// for a token with scopes; /rest/api/3 is added.
	BaseURL   string
	BrowseURL string // https://{site}, for links that people follow; default BaseURL
	Email     string
	APIToken  secret.Text

	Transport http.RoundTripper // the process's pooled transport; default: one of its own
	Log       *slog.Logger      // one debug line per call, more for what is odd; default: none
	Breaker   *upstream.Breaker // default: none

	Now   func() time.Time                                 // default time.Now
	Sleep func(ctx context.Context, d time.Duration) error // between repeated reads; default: a timer
}

// Client calls Jira. It is safe for concurrent use.
type Client struct {
	rest   *rest.Client
	browse *url.URL
	header http.Header
	token  secret.Text // in the header as base64: errors must not quote it in clear
	log    *slog.Logger
	now    func() time.Time
	own    ownProjects
}

// New returns a client, or an error if a URL is not usable.
func New(opts Options) (*Client, error) {
	r, err := rest.New(rest.Options{
		Upstream: "jira", BaseURL: opts.BaseURL, Transport: opts.Transport, Log: opts.Log,
		Breaker: opts.Breaker, Now: opts.Now, Sleep: opts.Sleep, DecodeError: decodeError, Reject: reject,
	})
	if err != nil {
		return nil, err
	}
	browse, err := url.Parse(cmp.Or(opts.BrowseURL, opts.BaseURL))
	if err != nil {
		return nil, errors.New("jira browse URL: is not a URL")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	basic := base64.StdEncoding.EncodeToString([]byte(opts.Email + ":" + opts.APIToken.Reveal()))
	return &Client{rest: r, browse: browse, log: opts.Log, now: opts.Now, token: opts.APIToken, header: http.Header{"Authorization": {"Basic " + basic}}}, nil
}

// get reads one resource below /rest/api/3 into v.
func (c *Client) get(ctx context.Context, op string, path []string, query url.Values, v any) error {
	return c.do(ctx, rest.Request{Op: op, Path: path, Query: query}, v)
}

// post reads by POST, as Jira wants it if the question is long.
func (c *Client) post(ctx context.Context, op string, path []string, body, v any) error {
	return c.do(ctx, rest.Request{Op: op, Method: http.MethodPost, Path: path, JSON: body, ReadOnly: true}, v)
}

func (c *Client) do(ctx context.Context, r rest.Request, v any) error {
	r.Path = append([]string{"rest", "api", "3"}, r.Path...)
	r.Header = c.header
	r.Secrets = []secret.Text{c.token}
	r.Attempt = attempt
	resp, err := c.rest.Do(ctx, r)
	if err == nil {
		return resp.Decode(v)
	}
	failed, ok := errors.AsType[*upstream.Error](err)
	if !ok {
		return err
	}
	hidden := failed.Status == http.StatusNotFound || failed.Status == http.StatusForbidden
	if !hidden && failed.Code == upstream.CodeBadBody {
		failed.Code = "" // an outage may well come as a web page
	}
	switch {
	case failed.Code == upstream.CodeAuthFailed: // with 404, too: what an anonymous reader gets
	case failed.Code == upstream.CodeBadBody: // whoever sent that page knows nothing of Jira's issues
	case failed.Status == http.StatusNotFound, hidden && r.Op == opIssue:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case failed.Status == http.StatusGone:
		c.log.ErrorContext(ctx, "jira removed an endpoint that this backend uses; it needs an update", "op", r.Op)
	}
	return err
}
