package tcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
)

// Subscribe calls onMessage for each message published to one of the channels,
// one at a time, and blocks until ctx ends (then it returns ctx.Err()) or the
// connection is lost or goes silent (then an *Error). onReady, which may be nil, is called
// once, when every channel is confirmed. Messages sent while not subscribed
// are lost: read the state again after each reconnect.
func (c *Client) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	return c.listen(ctx, "SUBSCRIBE", (*goredis.PubSub).Subscribe, onReady, onMessage, channels)
}

// PSubscribe is Subscribe for every channel that fits one of the glob-style
// patterns; onMessage gets the channel, not the pattern.
func (c *Client) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return c.listen(ctx, "PSUBSCRIBE", (*goredis.PubSub).PSubscribe, onReady, onMessage, patterns)
}

type subscribe func(p *goredis.PubSub, ctx context.Context, names ...string) error

var errSilent = fmt.Errorf("the subscription was silent and a PING on it got no answer within %s", pongWait)

func (c *Client) listen(ctx context.Context, op string, open subscribe, onReady func(), onMessage func(channel, payload string), names []string) error {
	if len(names) == 0 {
		return &Error{Op: op, Err: errors.New("no channel named")}
	}
	command := append([]string{op}, names...)
	if err := redis.Prefix(command, c.prefix); err != nil {
		return err
	}
	pubsub := c.feeds.Subscribe(ctx) // no channel yet, so no connection
	listening, stop := context.WithCancel(ctx)
	watch := watch{pubsub: pubsub, silence: c.silence}
	var watched sync.WaitGroup
	watched.Go(func() {
		if panics.Try(func() error { watch.run(listening); return nil }) != nil {
			stop() // nobody would notice that it is silent
		}
	})
	defer func() { stop(); watched.Wait() }()

	connecting, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := open(pubsub, connecting, command[1:]...)
	if err == nil {
		err = c.receive(listening, &watch, len(names), onReady, onMessage)
	}
	if err := ended(ctx); err != nil {
		return err
	}
	if watch.silent.Load() {
		return &Error{Op: op, Retryable: true, Err: errSilent}
	}
	return failed(ctx, op, err, command)
}

// receive hands out messages until the connection fails. Until all names are
// confirmed it waits no longer than the client's timeout.
func (c *Client) receive(ctx context.Context, w *watch, waiting int, onReady func(), onMessage func(channel, payload string)) error {
	deadline := time.Now().Add(c.timeout)
	for {
		var wait time.Duration // none: as long as it takes
		if waiting > 0 {
			wait = max(time.Until(deadline), time.Millisecond)
		}
		message, err := w.pubsub.ReceiveTimeout(ctx, wait)
		if err != nil {
			return err
		}
		w.heard.Store(time.Now().UnixNano())
		switch m := message.(type) {
		case *goredis.Subscription:
			if waiting--; waiting == 0 && onReady != nil {
				onReady()
			}
		case *goredis.Message:
			onMessage(strings.TrimPrefix(m.Channel, c.prefix), m.Payload)
		}
	}
}

// watch closes a subscription when its context ends, because go-redis reads
// without looking at that, or when the connection is open but dead: after some
// silence it sends a PING, which Redis answers on a subscription too.
type watch struct {
	pubsub  *goredis.PubSub
	silence time.Duration
	heard   atomic.Int64 // when anything last arrived, in nanoseconds of Unix time
	silent  atomic.Bool  // that is why it was closed
}

func (w *watch) run(ctx context.Context) {
	defer func() { _ = w.pubsub.Close() }()
	w.heard.Store(time.Now().UnixNano())
	timer := time.NewTimer(w.silence)
	defer timer.Stop()
	for asked := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		rest := w.silence - time.Since(time.Unix(0, w.heard.Load()))
		switch {
		case rest > 0:
			asked = false
			timer.Reset(rest)
		case asked, w.pubsub.Ping(ctx) != nil:
			w.silent.Store(true)
			return
		default:
			asked = true
			timer.Reset(pongWait)
		}
	}
}
