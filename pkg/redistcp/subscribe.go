package redistcp

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Subscribe calls onMessage for each message published to one of the channels,
// one at a time, and blocks until ctx ends (then it returns ctx.Err()) or the
// connection is lost (then an *Error). onReady, which may be nil, is called
// once, when every channel is confirmed. Messages sent while not subscribed
// are lost: read the state again after each reconnect.
func (c *Client) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	return c.listen(ctx, "SUBSCRIBE", (*redis.PubSub).Subscribe, onReady, onMessage, channels)
}

// PSubscribe is Subscribe for every channel that fits one of the glob-style
// patterns; onMessage gets the channel, not the pattern.
func (c *Client) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return c.listen(ctx, "PSUBSCRIBE", (*redis.PubSub).PSubscribe, onReady, onMessage, patterns)
}

type subscribe func(p *redis.PubSub, ctx context.Context, names ...string) error

func (c *Client) listen(ctx context.Context, op string, open subscribe, onReady func(), onMessage func(channel, payload string), names []string) error {
	if len(names) == 0 {
		return &Error{Op: op, Err: errors.New("no channel named")}
	}
	pubsub := c.rdb.Subscribe(ctx) // no channel yet, so no connection
	// go-redis reads without looking at the context; closing ends the read.
	listening, stop := context.WithCancel(ctx)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-listening.Done()
		_ = pubsub.Close()
	}()
	defer func() { stop(); <-closed }()

	connecting, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := open(pubsub, connecting, names...)
	if err == nil {
		err = c.receive(listening, pubsub, len(names), onReady, onMessage)
	}
	if err := ended(ctx); err != nil {
		return err
	}
	return failed(ctx, op, err, append([]string{op}, names...))
}

// receive hands out messages until the connection fails. Until all names are
// confirmed it waits no longer than the client's timeout.
func (c *Client) receive(ctx context.Context, pubsub *redis.PubSub, waiting int, onReady func(), onMessage func(channel, payload string)) error {
	deadline := time.Now().Add(c.timeout)
	for {
		var wait time.Duration // none: as long as it takes
		if waiting > 0 {
			wait = max(time.Until(deadline), time.Millisecond)
		}
		message, err := pubsub.ReceiveTimeout(ctx, wait)
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *redis.Subscription:
			if waiting--; waiting == 0 && onReady != nil {
				onReady()
			}
		case *redis.Message:
			onMessage(m.Channel, m.Payload)
		}
	}
}
