package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/auth/accesstoken"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/writes"
)

const (
	// costOfBad is how many messages a bad one counts for.
	costOfBad = 5
	// maxExcess is how many messages over the limit are answered; the next one
	// closes the connection.
	maxExcess = 100
)

// conn is one WebSocket. An idle one costs one goroutine, which reads, and only the
// buffers of its peer.
type conn struct {
	client
	transport *Transport
	ws        *websocket.Conn
	peer      *peer
	from      bridge.Sender

	limiter  *rate.Limiter // made by the first message
	excess   int
	received atomic.Int64 // messages
	heard    atomic.Int64 // last sign of life, in Unix nanoseconds
	pinging  atomic.Bool
}

func newConn(t *Transport, a admission, ws *websocket.Conn, p *peer, entry *logEntry) *conn {
	c := &conn{client: client{place: a.place, entry: entry, credential: credentialOf(a.caller)}, transport: t, ws: ws, peer: p}
	c.from = bridge.Sender{Room: a.room, Refuse: c.refuse,
		Caller: auth.Caller{Known: true, UserID: a.caller.UserID, AccountID: a.caller.AccountID, ClockworkToken: a.caller.ClockworkToken,
			PersonalToken: a.caller.PersonalToken, Scope: a.caller.Scope}}
	c.out = fanout.NewOutbox(func() { t.flush(c) })
	c.heard.Store(t.Tasks.Now().UnixNano())
	return c
}

// readBuffers start small and grow with a long message.
var readBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read handles messages until the connection ends.
func (c *conn) read() {
	err := panics.Try(c.readMessages)
	if _, ok := errors.AsType[*panics.Error](err); ok {
		c.transport.Tasks.Log.Error("realtime: connection closed by a panic", "error", err)
		c.out.Close(&fanout.ClosedPanic)
	}
	c.transport.drop(&c.client, http.StatusSwitchingProtocols, err)
}

// readMessages returns the error of reading, nil if the server closes.
func (c *conn) readMessages() error {
	for {
		// No deadline: pings find dead connections.
		kind, reader, err := c.ws.Reader(context.Background())
		if err != nil {
			return err
		}
		c.received.Add(1)
		c.heard.Store(c.transport.Tasks.Now().UnixNano())
		if kind != websocket.MessageText {
			c.out.Close(&fanout.ClosedBinary)
			return nil
		}
		if more, err := c.readMessage(reader); !more {
			return err
		}
	}
}

// readMessage reads and handles one message. It reports whether to continue, and the
// error of reading.
func (c *conn) readMessage(reader io.Reader) (bool, error) {
	buffer := readBuffers.Get().(*bytes.Buffer)
	defer readBuffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(reader); err != nil { // too large: the library has closed it
		return false, err
	}
	if !utf8.Valid(buffer.Bytes()) {
		c.out.Close(&fanout.ClosedNotUTF8)
		return false, nil
	}
	return c.handle(buffer.Bytes()), nil
}

// handle carries out one message, or answers why not. It reports whether to continue.
func (c *conn) handle(text []byte) bool {
	if !c.allow(1) {
		c.excess++
		if c.excess > maxExcess {
			c.out.Close(&fanout.ClosedFlood)
			return false
		}
		c.refuse(&realtime.Refusal{Code: realtime.CodeRateLimited, Message: "Too many messages. Slow down."})
		return true
	}
	act, bad := realtime.ParseAction(text, c.transport.Site, c.transport.Tasks.Now())
	if bad == nil && act.Renew {
		return c.renew(act.Token)
	}
	if bad == nil && c.team != nil {
		bad = &realtime.Refusal{Code: realtime.CodeForbidden, Message: "This connection shows the team. Start and stop timers on one of your own.", ID: act.ID}
	}
	if bad == nil && !c.mayWrite() {
		bad = &realtime.Refusal{Code: realtime.CodeForbidden, Message: "Your personal access token may only read. Make one with the scope write.", ID: act.ID}
	}
	if bad == nil && act.UserID != c.from.Room.User && act.UserID != c.from.Caller.UserID {
		bad = &realtime.Refusal{Code: realtime.CodeForbidden, Message: "user_id must be your own.", ID: act.ID}
	}
	if bad != nil {
		c.allow(costOfBad - 1)
		c.refuse(bad)
		return true
	}
	c.excess = 0
	if c.transport.Bridge == nil || !c.transport.Bridge.Command(&c.from, act) {
		c.submit(act)
	}
	return true
}

// renew takes a new access token, without which the connection closes when the first
// one expires.
func (c *conn) renew(token string) bool {
	who, ok := c.transport.renew(c, token)
	if !ok {
		c.out.Close(&fanout.ClosedNotRenewed)
		return false
	}
	c.excess = 0
	c.out.Put(fanout.NewMessage(realtime.Renewed(who.Expires)))
	return true
}

// mayWrite reports whether the caller may start and stop timers. A personal token of
// the scope read may not.
func (c *conn) mayWrite() bool {
	return c.from.Caller.PersonalToken == "" || c.from.Caller.Scope == accesstoken.Write || c.from.Caller.Scope == accesstoken.Admin
}

// submit has a change made. The sender gets it like everybody else.
func (c *conn) submit(act realtime.Action) {
	now := c.transport.Tasks.Now().UTC().Truncate(time.Millisecond)
	w := writes.Write{IfSeq: -1, Done: func(o writes.Outcome) {
		switch {
		case o.Refused != nil:
			c.refuse(o.Refused)
		case o.Unchanged:
			c.from.Room.Resend(c.out, act.ID)
		}
	}, Timer: realtime.Timer{
		ID: act.ID, UserID: c.from.Room.User, Status: act.Status, StartedAt: act.StartedAt, UpdatedAt: now,
		IssueKey: act.IssueKey, Comment: act.Comment, Source: realtime.SourceClient,
	}}
	w.Timer.CountByClock()
	if err := c.transport.Writes.Submit(w); err != nil {
		c.refuse(writes.RefusalOf(err, act.ID))
	}
}

func (c *conn) refuse(why *realtime.Refusal) { c.out.Put(fanout.NewMessage(why.Encode())) }

// allow spends n of the connection's messages.
func (c *conn) allow(n int) bool {
	if c.limiter == nil {
		c.limiter = rate.NewLimiter(rate.Limit(c.transport.Limits.PerSecond), c.transport.Limits.Burst)
	}
	return c.limiter.AllowN(c.transport.Tasks.Now(), n)
}

// close sends a close frame, and waits a little for the answer.
func (c *conn) close(frame *fanout.CloseFrame) {
	if frame == &fanout.ClosedGone {
		_ = c.ws.CloseNow()
		return
	}
	timer := time.AfterFunc(c.transport.Limits.CloseWait, func() { _ = c.peer.Close() })
	defer timer.Stop()
	_ = c.ws.Close(frame.Code, frame.Reason)
}

func (c *conn) pingIfSilent(now time.Time) {
	silence := now.Sub(time.Unix(0, c.heard.Load()))
	if silence >= c.transport.Limits.PingEvery && c.pinging.CompareAndSwap(false, true) {
		c.transport.Tasks.Go("ping", c.ping)
	}
}

func (c *conn) ping() {
	defer c.pinging.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), c.transport.Limits.PingWait)
	defer cancel()
	if err := c.ws.Ping(ctx); err != nil {
		_ = c.ws.CloseNow()
		return
	}
	c.heard.Store(c.transport.Tasks.Now().UnixNano())
}
