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
	"github.com/clockwork-timer/backend/pkg/redis"
)

var (
	errUnconfirmed = errors.New("subscription was not confirmed in time")
	errEnded       = errors.New("stream ended")
	errSilent      = fmt.Errorf("the stream was silent and a heartbeat did not arrive within %s", echoWait)
)

// subscription is what SUBSCRIBE and PSUBSCRIBE differ in.
type subscription struct {
	op, path, confirm string
	message           func(data, name string) (channel, payload string, ok bool)
}

// Listen opens one stream per name, as Upstash's own client does; several names
// in one path are not documented. A stream is text in lines, so a message must
// hold no newline, and a channel that a pattern fits no comma. A message of more
// than 1 MiB comes without its payload.
func (c *transport) Listen(ctx context.Context, op string, names []string, onReady func(), onMessage func(channel, payload string)) error {
	s := subscription{op: op, path: "/subscribe/", confirm: "subscribe,", message: parseMessage}
	if op == "PSUBSCRIBE" {
		s = subscription{op: op, path: "/psubscribe/", confirm: "psubscribe,", message: parsePatternMessage}
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
		group.Go(panics.Guard(func() error { return c.stream(groupCtx, s, name, confirmed, deliver) }))
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *transport) stream(ctx context.Context, s subscription, name string, confirmed func(), deliver func(channel, payload string)) error {
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
			deliver(channel, payload)
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
func (c *transport) watch(ctx context.Context, cancel context.CancelCauseFunc, heard *pulse, name string) {
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
			beat, stop := context.WithTimeout(ctx, c.timeout)
			cmd := []string{"PUBLISH", strings.ReplaceAll(name, "*", "heartbeat"), heartbeat}
			_, _ = c.Send(beat, cmd[0], [][]string{cmd}) // if it fails nothing arrives either
			stop()
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
		return &redis.Error{Op: op, Err: errSilent}
	}
	if errors.Is(context.Cause(ctx), errUnconfirmed) {
		return &redis.Error{Op: op, Err: fmt.Errorf("%w: %w", errUnconfirmed, context.DeadlineExceeded)}
	}
	return lost(ctx, op, err)
}
