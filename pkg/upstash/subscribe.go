package upstash

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	errUnconfirmed = errors.New("subscription was not confirmed in time")
	errEnded       = errors.New("stream ended")
)

// Subscribe calls onMessage for each message published to one of the channels,
// one at a time, and blocks until ctx ends (then it returns ctx.Err()) or a
// stream is lost (then an *Error). onReady, which may be nil, is called once,
// when every channel is confirmed. Messages sent while not subscribed are
// lost: read the state again after each reconnect.
//
// The stream is text in lines, so a message must hold no newline.
func (c *Client) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	return c.listen(ctx, subscription{op: "SUBSCRIBE", path: "/subscribe/", confirm: "subscribe,", message: parseMessage}, onReady, onMessage, channels)
}

// PSubscribe is Subscribe for every channel that fits one of the glob-style
// patterns; onMessage gets the channel, not the pattern. Channel names that
// hold a comma cannot be told apart.
func (c *Client) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return c.listen(ctx, subscription{op: "PSUBSCRIBE", path: "/psubscribe/", confirm: "psubscribe,", message: parsePatternMessage}, onReady, onMessage, patterns)
}

// subscription is what SUBSCRIBE and PSUBSCRIBE differ in.
type subscription struct {
	op, path, confirm string
	message           func(data, name string) (channel, payload string, ok bool)
}

// listen opens one stream per name, as Upstash's own client does; several
// names in one path are not documented.
func (c *Client) listen(ctx context.Context, s subscription, onReady func(), onMessage func(channel, payload string), names []string) error {
	if len(names) == 0 {
		return &Error{Op: s.op, Err: errors.New("no channel named")}
	}
	var mu sync.Mutex // guards waiting, and calls onMessage once at a time
	waiting := len(names)
	confirmed := func() {
		mu.Lock()
		defer mu.Unlock()
		if waiting--; waiting == 0 && onReady != nil {
			onReady()
		}
	}
	deliver := func(channel, payload string) {
		mu.Lock()
		defer mu.Unlock()
		onMessage(channel, payload)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, name := range names {
		group.Go(func() error { return c.stream(groupCtx, s, name, confirmed, deliver) })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *Client) stream(ctx context.Context, s subscription, name string, confirmed func(), deliver func(channel, payload string)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(c.timeout, func() { cancel(errUnconfirmed) })
	defer timer.Stop()

	res, err := c.post(ctx, s.path+escape(name), nil, http.Header{"Accept": {"text/event-stream"}})
	if err != nil {
		return streamLost(ctx, s.op, err)
	}
	defer res.Body.Close()
	c.sync.keep(res.Header)
	if res.StatusCode != http.StatusOK {
		return c.refused(s.op, res, []string{s.op, name})
	}
	events := newEventReader(res.Body)
	for ready := false; ; {
		data, err := events.next()
		if err != nil {
			return streamLost(ctx, s.op, err)
		}
		if !ready && strings.HasPrefix(data, s.confirm) {
			if !timer.Stop() {
				return streamLost(ctx, s.op, errUnconfirmed)
			}
			ready = true
			confirmed()
		} else if channel, payload, ok := s.message(data, name); ok {
			deliver(channel, payload)
		}
	}
}

// escape makes a name one path segment. The asterisk of a pattern stays, as
// in the URLs of Upstash's own client.
func escape(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), "%2A", "*")
}

func streamLost(ctx context.Context, op string, err error) error {
	if errors.Is(context.Cause(ctx), errUnconfirmed) {
		return &Error{Op: op, Retryable: true, Err: fmt.Errorf("%w: %w", errUnconfirmed, context.DeadlineExceeded)}
	}
	return lost(ctx, op, err)
}
