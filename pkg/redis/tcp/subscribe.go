package tcp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	redigo "github.com/gomodule/redigo/redis"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
)

var errSilent = fmt.Errorf("the subscription was silent and a PING on it got no answer within %s", pongWait)

// Listen hears messages on a connection of its own.
func (c *transport) Listen(ctx context.Context, op string, names []string, onReady func(), onMessage func(channel, payload string)) error {
	err := c.listen(ctx, append([]string{op}, names...), onReady, onMessage)
	if err := ended(ctx); err != nil {
		return err
	}
	if errors.Is(err, errSilent) {
		return &redis.Error{Op: op, Err: errSilent}
	}
	return errorOf(ctx, op, err, append([]string{op}, names...))
}

func (c *transport) listen(ctx context.Context, cmd []string, onReady func(), onMessage func(channel, payload string)) error {
	deadline := time.Now().Add(c.timeout)
	connecting, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	conn, err := c.server.connect(connecting, 0)
	if err != nil {
		return err
	}
	if err := conn.ask(deadline, cmd); err != nil {
		conn.close()
		return err
	}
	w := &watch{conn: conn, silence: c.silence}
	listening, stop := context.WithCancel(ctx)
	var watched sync.WaitGroup
	watched.Go(func() {
		defer conn.close()
		_ = panics.Try(func() error { w.run(listening); return nil })
	})
	defer func() { stop(); watched.Wait() }()

	err = w.receive(deadline, len(cmd)-1, onReady, onMessage)
	if w.silent.Load() {
		return errSilent
	}
	return err
}

// ask sends a command whose replies come by themselves.
func (c *conn) ask(deadline time.Time, cmd []string) error {
	if err := c.socket.SetWriteDeadline(deadline); err != nil {
		return err
	}
	c.write(cmd)
	return c.socket.out.Flush()
}

// watch closes a subscription's connection when its context ends, or when it is open but
// dead: after some silence it sends a PING, which Redis answers on a subscription too.
type watch struct {
	conn    *conn
	silence time.Duration
	heard   atomic.Int64 // when anything last arrived, in nanoseconds of Unix time
	silent  atomic.Bool  // that is why it was closed
}

// receive hands out messages until the connection fails. Until all names are
// confirmed it waits no longer than the deadline.
func (w *watch) receive(deadline time.Time, waiting int, onReady func(), onMessage func(channel, payload string)) error {
	pubsub := redigo.PubSubConn{Conn: w.conn}
	socket := w.conn.socket.Conn
	if err := socket.SetReadDeadline(deadline); err != nil {
		return err
	}
	for {
		received := pubsub.Receive()
		w.heard.Store(time.Now().UnixNano())
		switch m := received.(type) {
		case error:
			return m
		case redigo.Subscription:
			if waiting--; waiting != 0 {
				continue
			}
			if err := socket.SetReadDeadline(time.Time{}); err != nil {
				return err
			}
			if onReady != nil {
				onReady()
			}
		case redigo.Message:
			onMessage(m.Channel, string(m.Data))
		}
	}
}

func (w *watch) run(ctx context.Context) {
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
		case asked, w.conn.ask(time.Now().Add(pongWait), []string{"PING"}) != nil:
			w.silent.Store(true)
			return
		default:
			asked = true
			timer.Reset(pongWait)
		}
	}
}
