package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const (
	maxErrorBody = 64 << 10
	maxDrain     = 256 << 10
)

var errTooLarge = errors.New("the answer is over the limit")

// Response is a 2xx answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	upstream, op string
	redact       func(text string) string
}

// exchange is what came of one attempt: an answer with any status, or none.
// Both are set when the answer broke off.
type exchange struct {
	resp *Response
	err  error
}

// send makes one attempt, within r.Attempt if that is set.
func (c *Client) send(ctx context.Context, r Request) exchange {
	if r.Attempt > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Attempt)
		defer cancel()
	}
	req, err := c.build(ctx, r)
	if err != nil {
		return exchange{err: &notSentError{err}}
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return exchange{err: withoutURL(err)}
	}
	defer drain(answer.Body)

	resp := &Response{Status: answer.StatusCode, Header: answer.Header, upstream: c.opts.Upstream, op: r.Op, redact: r.redact}
	if answer.StatusCode/100 != 2 {
		// Only a sentence for the log is looked for: half of it is as good.
		resp.Body, _ = io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
		return exchange{resp: resp}
	}
	resp.Body, err = readLimited(answer.Body, cmp.Or(r.MaxBody, c.opts.MaxBody))
	return exchange{resp: resp, err: err}
}

func readLimited(body io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, errTooLarge
	}
	return b, nil
}

// drain reads a little of what is left, so that the connection can be used
// again, then closes it.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxDrain)
	_ = body.Close()
}

// withoutURL takes off the wrapper that repeats the URL, query included.
func withoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// notSentError is a request that could not be built: nothing to retry.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return "request not sent: " + e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }
