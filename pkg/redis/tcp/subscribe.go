package tcp

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
)

var errSilent = fmt.Errorf("the subscription was silent and a PING on it got no answer within %s", pongWait)

// Listen hears messages on a connection of its own.
func (c *transport) Listen(ctx context.Context, op string, names []string, onReady func(), onMessage func(channel, payload string)) error {
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
	open := pubsub.Subscribe
	if op == "PSUBSCRIBE" {
		open = pubsub.PSubscribe
	}
	err := open(connecting, names...)
	if err == nil {
		err = c.receive(listening, &watch, len(names), onReady, onMessage)
	}
	if err := ended(ctx); err != nil {
		return err
	}
	if watch.silent.Load() {
		return &redis.Error{Op: op, Err: errSilent}
	}
	return errorOf(ctx, op, err, append([]string{op}, names...))
}

// receive hands out messages until the connection fails. Until all names are
// confirmed it waits no longer than the client's timeout.
func (c *transport) receive(ctx context.Context, w *watch, waiting int, onReady func(), onMessage func(channel, payload string)) error {
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
			onMessage(m.Channel, m.Payload)
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
