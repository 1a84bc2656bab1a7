package rest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// record adds the call to the request's timing and writes its debug line: no
// URL, no ids, no body.
func (c *Client) record(ctx context.Context, op string, d time.Duration, attempts int, resp *Response, err error) {
	upstream.Record(ctx, c.opts.Upstream, d)

	attrs := []slog.Attr{
		slog.String("upstream", c.opts.Upstream),
		slog.String("op", op),
		slog.Int("attempts", attempts),
		slog.Duration("duration", d),
	}
	if id := upstream.RequestID(ctx); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	c.opts.Log.LogAttrs(ctx, slog.LevelDebug, "upstream call", append(attrs, result(resp, err)...)...)
}

// statusOf is the last attempt's status, 0 if no answer came.
func statusOf(resp *Response, err error) int {
	if err != nil || resp == nil {
		return upstream.StatusOf(err)
	}
	return resp.Status
}

// result leaves the upstream's message out: it may name a person or an issue,
// and whoever handles the error logs it once.
func result(resp *Response, err error) []slog.Attr {
	e, ok := errors.AsType[*upstream.Error](err)
	if !ok {
		return []slog.Attr{slog.Int("status", resp.Status)}
	}
	attrs := []slog.Attr{slog.Int("status", e.Status), slog.String("code", e.Code)}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	return attrs
}
