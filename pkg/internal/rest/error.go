package rest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// check turns an exchange that is not a whole 2xx answer into an error.
func (c *Client) check(r Request, x exchange) *upstream.Error {
	e := &upstream.Error{Upstream: c.opts.Upstream, Op: r.Op, Err: x.err}
	if x.resp == nil {
		return e
	}
	e.Status = x.resp.Status
	code := c.opts.Reject(x.resp.Status, x.resp.Header)
	switch {
	case errors.Is(x.err, errTooLarge):
		e.Code = upstream.CodeTooLarge
	case x.err != nil:
	case e.Status/100 != 2:
		c.describe(e, x.resp)
	case code == "":
		return nil
	}
	if code != "" {
		e.Code = code
	}
	return e
}

// describe takes from an error answer what the log and the caller need.
func (c *Client) describe(e *upstream.Error, resp *Response) {
	code, message := c.opts.DecodeError(resp.Body)
	e.Code = resp.redact(code)
	e.Message = resp.redact(message)
	e.RetryAfter = RetryAfter(resp.Header, c.opts.Now())
	e.At = Date(resp.Header)
	switch {
	case e.Status/100 == 3:
		e.Code = upstream.CodeRedirect
	case e.Status == http.StatusGone:
		e.Code = upstream.CodeGone
	}
}

// Decode reads the body as JSON into v. A body that is not is an
// *upstream.Error with the code BAD_BODY.
func (r *Response) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return r.Fail(err)
	}
	return nil
}

// Fail returns the error for an answer that arrived whole but cannot be used.
func (r *Response) Fail(err error) *upstream.Error {
	return &upstream.Error{Upstream: r.upstream, Op: r.op, Status: r.Status, Code: upstream.CodeBadBody, Err: err}
}

// Refused returns the error for a 2xx answer whose body says that the call
// failed, with the status, code and sentence found there.
func (r *Response) Refused(status int, code, message string) *upstream.Error {
	return &upstream.Error{Upstream: r.upstream, Op: r.op, Status: status,
		Code: r.redact(code), Message: r.redact(message)}
}
