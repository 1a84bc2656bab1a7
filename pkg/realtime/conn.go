package realtime

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/secret"
)

const (
	// costOfBad is how many messages a bad one counts for.
	costOfBad = 5
	// maxExcess is how many messages over the limit are answered; the next one
	// closes the connection.
	maxExcess = 100
	// maxCommands bounds the calls of Clockwork that one connection has under way.
	maxCommands = 4
)

// conn is one WebSocket. While nothing happens it costs one goroutine, which
// reads, and no buffer beyond those of peer.
type conn struct {
	server *Server
	ws     *websocket.Conn
	peer   *peer
	room   *room
	out    outbox

	user           string // whose timers these are
	alias          string // another id that the user's messages may name, or ""
	account        string // at Atlassian, or ""
	clockworkToken secret.Text
	expires        time.Time
	visit          *visit

	limiter  *rate.Limiter // made by the first message
	excess   int
	commands atomic.Int32
	received atomic.Int64 // messages
	heard    atomic.Int64 // when the peer last gave a sign of life, in Unix ns
	pinging  atomic.Bool
}

// readBuffers are small until a long message comes.
var readBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read takes messages until the connection ends.
func (c *conn) read() {
	err := panics.Try(c.messages)
	if _, ok := errors.AsType[*panics.Error](err); ok {
		c.server.log.Error("realtime: connection closed by a panic", "error", err)
		c.out.finish(&endPanic)
	}
	c.server.drop(c, err)
}

// messages gives the error of reading, nil if the server closes.
func (c *conn) messages() error {
	for {
		// No deadline here: pings find out who is gone.
		kind, reader, err := c.ws.Reader(context.Background())
		if err != nil {
			return err
		}
		c.received.Add(1)
		c.heard.Store(c.server.now().UnixNano())
		if kind != websocket.MessageText {
			c.out.finish(&endBinary)
			return nil
		}
		if more, err := c.message(reader); !more {
			return err
		}
	}
}

// message reads and does one message; it reports whether to go on, and the
// error of reading.
func (c *conn) message(reader io.Reader) (bool, error) {
	buffer := readBuffers.Get().(*bytes.Buffer)
	defer readBuffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(reader); err != nil { // too large for one; the library has said so
		return false, err
	}
	if !utf8.Valid(buffer.Bytes()) {
		c.out.finish(&endText)
		return false, nil
	}
	return c.handle(buffer.Bytes()), nil
}

// handle does one message. A message that is not done is answered.
func (c *conn) handle(text []byte) bool {
	if !c.allow(1) {
		c.excess++
		if c.excess > maxExcess {
			c.out.finish(&endFlood)
			return false
		}
		c.tell(&refusal{Code: CodeRateLimited, Message: "Too many messages. Slow down."})
		return true
	}
	act, bad := parseAction(text, c.server.now())
	if bad == nil && act.UserID != c.user && act.UserID != c.alias {
		bad = &refusal{CodeForbidden, "user_id must be your own.", act.ID}
	}
	if bad != nil {
		c.allow(costOfBad - 1)
		c.tell(bad)
		return true
	}
	c.excess = 0
	if c.server.clockwork != nil && c.server.clockwork.takes(c, act) {
		return true
	}
	c.apply(act)
	return true
}

// apply has the change made. Once it is, the sender hears of it like everybody
// else.
func (c *conn) apply(act action) {
	now := c.server.now().UTC().Truncate(time.Millisecond)
	w := write{user: c.user, ifSeq: -1, done: func(o outcome) {
		switch {
		case o.refused != nil:
			c.tell(o.refused)
		case o.unchanged:
			c.room.remind(&c.out, act.ID)
		}
	}, timer: Timer{
		ID: act.ID, UserID: c.user, Status: act.Status, StartedAt: act.StartedAt, UpdatedAt: now,
		IssueKey: act.IssueKey, Comment: act.Comment, Source: SourceClient,
	}}
	w.timer.CountByClock()
	if err := c.server.committer.submit(w); err != nil {
		c.tell(refusalOf(err, act.ID))
	}
}

func (c *conn) tell(why *refusal) { c.out.put(newItem(0, why.encode())) }

// allow spends n of the connection's messages.
func (c *conn) allow(n int) bool {
	if c.limiter == nil {
		c.limiter = rate.NewLimiter(rate.Limit(c.server.limits.PerSecond), c.server.limits.Burst)
	}
	return c.limiter.AllowN(c.server.now(), n)
}

// startDrain is the outbox's start.
func (c *conn) startDrain() {
	c.server.running.Go(func() {
		if err := panics.Try(func() error { c.drain(); return nil }); err != nil {
			c.server.log.Error("realtime: connection cut by a panic", "error", err)
			_ = c.ws.CloseNow()
		}
	})
}

// drain writes what is queued, several messages at once where there are, and
// closes where that comes next.
func (c *conn) drain() {
	var spare []item
	for {
		queued, end, more := c.out.take(spare)
		switch {
		case !more:
			return
		case end != nil:
			c.close(end)
			return
		}
		if err := c.peer.send(queued); err != nil {
			_ = c.ws.CloseNow()
			return
		}
		clear(queued)
		spare = queued
	}
}

// close tells the peer why, and waits a little for its answer.
func (c *conn) close(end *ending) {
	if end.code == 0 {
		_ = c.ws.CloseNow()
		return
	}
	impatient := time.AfterFunc(c.server.limits.Goodbye, func() { _ = c.peer.Close() })
	defer impatient.Stop()
	_ = c.ws.Close(end.code, end.reason)
}

// check closes a connection whose token has ended, and asks a silent peer
// whether it is there.
func (c *conn) check(now time.Time) {
	if !c.expires.IsZero() && !now.Before(c.expires) {
		c.out.finish(&endExpired)
		return
	}
	silence := now.Sub(time.Unix(0, c.heard.Load()))
	if silence >= c.server.limits.PingEvery && c.pinging.CompareAndSwap(false, true) {
		c.server.spawn("ping", c.ping)
	}
}

func (c *conn) ping() {
	defer c.pinging.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), c.server.limits.PingWait)
	defer cancel()
	if err := c.ws.Ping(ctx); err != nil {
		_ = c.ws.CloseNow() // gone without a word
		return
	}
	c.heard.Store(c.server.now().UnixNano())
}

// refusalOf is what a person is told of a write that was not done, as far as is
// known.
func refusalOf(err error, id string) *refusal {
	switch {
	case errors.Is(err, errClosing):
		return &refusal{CodeClosing, "The server restarts. Reconnect and send this again.", id}
	case errors.Is(err, errUnanswered):
		return &refusal{CodeUnavailable, "It is not known whether this was saved. Look at your timers before you try again.", id}
	}
	return &refusal{CodeUnavailable, "This could not be saved and was not done. Try again shortly.", id}
}
