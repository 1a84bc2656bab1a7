package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/pkg/version"
)

// Request is one call, before it becomes HTTP.
type Request struct {
	Op     string      // constant such as "timers.stop": no ids, for it groups log lines
	Method string      // default GET
	Path   []string    // segments after the base URL, not escaped; none may be empty, "." or ".."
	Query  url.Values  // never a secret: URLs are logged by others
	JSON   any         // body as JSON, or
	Form   url.Values  // body as a form
	Header http.Header // credentials go here

	// ReadOnly marks a POST that changes nothing upstream and may be repeated.
	ReadOnly bool
	// Secrets in the body, that must not come back in an error's message; those
	// in the header are known.
	Secrets []secret.Text

	// TooMany is called for each 429, before the pause and the next attempt; nil for
	// nobody.
	TooMany func()

	Timeout time.Duration // of the whole call; default: the client's
	Attempt time.Duration // of one attempt; default: what is left of Timeout
	MaxBody int64         // default: the client's
}

func (r Request) method() string { return cmp.Or(r.Method, http.MethodGet) }

func (r Request) readOnly() bool { return r.ReadOnly || r.method() == http.MethodGet }

// build makes a new HTTP request for each attempt, because a body is read once.
func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	u, err := c.url(r.Path, r.Query)
	if err != nil {
		return nil, err
	}
	body, contentType, err := r.body()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", version.UserAgent)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if id := upstream.RequestID(ctx); id != "" {
		req.Header.Set(upstream.RequestIDHeader, id)
	}
	if trace := upstream.Traceparent(ctx); trace != "" {
		req.Header.Set(upstream.TraceparentHeader, trace)
	}
	return req, nil
}

func (r Request) body() (io.Reader, string, error) {
	switch {
	case r.JSON != nil:
		b, err := json.Marshal(r.JSON)
		if err != nil {
			return nil, "", fmt.Errorf("encode request: %w", err)
		}
		return bytes.NewReader(b), "application/json", nil
	case r.Form != nil:
		return strings.NewReader(r.Form.Encode()), "application/x-www-form-urlencoded", nil
	}
	return nil, "", nil
}

// url appends escaped segments to the base's own path. A segment that a server
// might resolve to another path is refused, not sent.
func (c *Client) url(path []string, query url.Values) (*url.URL, error) {
	u := *c.base
	escaped := strings.TrimSuffix(u.EscapedPath(), "/")
	plain := strings.TrimSuffix(u.Path, "/")
	for _, segment := range path {
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("path segment %q is not allowed", segment)
		}
		escaped += "/" + url.PathEscape(segment)
		plain += "/" + segment
	}
	u.Path, u.RawPath = plain, escaped
	u.RawQuery = query.Encode()
	return &u, nil
}

func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL") // the parser's text repeats it
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Host == "":
		return nil, errors.New("has no host")
	case u.User != nil:
		return nil, errors.New("must not hold a user or password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not have a query or fragment")
	}
	return u, nil
}
