package upstash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
)

var (
	errUnconfirmed = errors.New("subscription was not confirmed in time")
	errEnded       = errors.New("stream ended")
	errSilent      = fmt.Errorf("the stream was silent and a heartbeat did not arrive within %s", echoWait)
)

// Subscribe calls onMessage for each message published to one of the channels,
// one at a time, and blocks until ctx ends (then it returns ctx.Err()) or a
// stream is lost (then an *Error). onReady, which may be nil, is called once,
// when every channel is confirmed. Messages sent while not subscribed are
// lost: read the state again after each reconnect. A message of more than 1 MiB
// comes without its payload.
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
		group.Go(panics.Guard(func() error { return c.stream(groupCtx, s, c.prefix+name, confirmed, deliver) }))
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
	heard := &pulse{Reader: res.Body}
	heard.at.Store(time.Now().UnixNano())
	var watching sync.WaitGroup
	watching.Go(func() {
		if err := panics.Try(func() error { c.watch(ctx, cancel, heard, name); return nil }); err != nil {
			cancel(err)
		}
	})
	defer func() { cancel(nil); watching.Wait() }()
	events := newEventReader(heard)
	for ready := false; ; {
		data, whole, err := events.next()
		if err != nil {
			return streamLost(ctx, s.op, err)
		}
		if !ready && strings.HasPrefix(data, s.confirm) {
			if !timer.Stop() {
				return streamLost(ctx, s.op, errUnconfirmed)
			}
			ready = true
			confirmed()
		} else if channel, payload, ok := s.message(data, name); ok && payload != heartbeat {
			if !whole {
				payload = ""
			}
			deliver(strings.TrimPrefix(channel, c.prefix), payload)
		}
	}
}

// heartbeat is a message that no subscriber is given.
const heartbeat = "clockwork-heartbeat"

// pulse notes when anything last arrived, in nanoseconds of Unix time.
type pulse struct {
	io.Reader
	at atomic.Int64
}

func (p *pulse) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.at.Store(time.Now().UnixNano())
	return n, err
}

// watch ends a stream that is open but dead. There is no PING on a stream, so
// after some silence it publishes a heartbeat, which every instance that
// listens to the same name hears: the first to send one spares the others
// theirs.
func (c *Client) watch(ctx context.Context, cancel context.CancelCauseFunc, heard *pulse, name string) {
	tick := time.NewTicker(min(time.Second, c.silence))
	defer tick.Stop()
	for asked := (time.Time{}); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch {
		case time.Since(time.Unix(0, heard.at.Load())) < c.silence:
			asked = time.Time{}
		case !asked.IsZero():
			if time.Since(asked) >= echoWait {
				cancel(errSilent)
				return
			}
		case c.watched():
			asked = time.Now()
			channel := strings.ReplaceAll(strings.TrimPrefix(name, c.prefix), "*", "heartbeat")
			_, _ = c.Do(ctx, "PUBLISH", channel, heartbeat) // if it fails nothing arrives either
		}
	}
}

// escape makes a name one path segment. The asterisk of a pattern stays, as
// in the URLs of Upstash's own client.
func escape(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), "%2A", "*")
}

func streamLost(ctx context.Context, op string, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return &Error{Op: op, Retryable: true, Err: errSilent}
	}
	if errors.Is(context.Cause(ctx), errUnconfirmed) {
		return &Error{Op: op, Retryable: true, Err: fmt.Errorf("%w: %w", errUnconfirmed, context.DeadlineExceeded)}
	}
	return lost(ctx, op, err)
}
