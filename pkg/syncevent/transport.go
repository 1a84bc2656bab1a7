package syncevent

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	attempts = 2
	pause    = 100 * time.Millisecond
	// maxAnswer is far more than an event's id, in bytes.
	maxAnswer = 64 << 10
)

// bounded sends within ctx. The SDK ignores its caller's context, sleeps for
// seconds over its own five attempts, the last one too, and its errors quote
// the address, which holds the event key. So attempts are made here, and what
// fails becomes an answer that the SDK does not repeat. Repeating is safe: an
// event carries the seed of its id. The SDK reads an answer whole, however long
// it is: here it ends.
type bounded struct {
	ctx  context.Context
	next http.RoundTripper
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		again, err := clone(b.ctx, r)
		if err != nil {
			return nil, err
		}
		response, err := b.next.RoundTrip(again)
		if err == nil && response.StatusCode < http.StatusInternalServerError {
			response.Body = limited{io.LimitReader(response.Body, maxAnswer), response.Body}
			return response, nil
		}
		if err == nil {
			_ = response.Body.Close()
		}
		if attempt == attempts || !wait(b.ctx) {
			return unreachable(r), nil
		}
	}
}

// limited ends a body early.
type limited struct {
	io.Reader
	io.Closer
}

// clone gives the request our context and a body of its own.
func clone(ctx context.Context, r *http.Request) (*http.Request, error) {
	again := r.Clone(ctx)
	if r.GetBody == nil {
		return again, nil
	}
	body, err := r.GetBody()
	again.Body = body
	return again, err
}

func wait(ctx context.Context) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// unreachable stands for an Inngest that did not answer.
func unreachable(r *http.Request) *http.Response {
	return &http.Response{Status: "424 Failed Dependency", StatusCode: http.StatusFailedDependency, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}
}
