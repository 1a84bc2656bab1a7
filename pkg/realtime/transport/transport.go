// Package transport serves clients: it admits them, reads their actions, and writes
// the messages of their queues, over WebSocket and as Server-Sent Events. What an
// action does is decided by packages writes and bridge.
package transport

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
	"github.com/clockwork-timer/backend/pkg/realtime/teamroom"
	"github.com/clockwork-timer/backend/pkg/realtime/writes"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/web"
)

// Limits bound what one connection or user may use. Zero fields have the default
// that they name.
type Limits struct {
	Connections int           // of one user: 50
	PerSecond   float64       // messages of one connection: 50
	Burst       int           // messages at once: 100
	PingEvery   time.Duration // silence after which a client is pinged: 30 s
	PingWait    time.Duration // for the answer: 10 s
	WriteWait   time.Duration // for a client to read: 10 s
	Heartbeat   time.Duration // between comments on an idle SSE stream: 15 s
	CloseWait   time.Duration // for clients to answer a close frame: 2 s
}

func (l Limits) withDefaults() Limits {
	or := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	or(&l.PingEvery, 30*time.Second)
	or(&l.PingWait, 10*time.Second)
	or(&l.WriteWait, 10*time.Second)
	or(&l.Heartbeat, 15*time.Second)
	or(&l.CloseWait, 2*time.Second)
	if l.Connections <= 0 {
		l.Connections = 50
	}
	if l.PerSecond <= 0 {
		l.PerSecond = 50
	}
	if l.Burst <= 0 {
		l.Burst = max(100, int(2*l.PerSecond))
	}
	return l
}

// Transport serves the realtime routes.
type Transport struct {
	Verify func(token string) (auth.Caller, error)
	// VerifyPersonal checks a personal access token. Nil: there are none.
	VerifyPersonal func(r *http.Request, token string) (auth.Caller, error)
	CORS           *web.CORS
	Site           string // host of the Jira site
	Limits         Limits
	Hub            *fanout.Hub
	Relay          *fanout.Relay
	Writes         *writes.Committer
	Team           *teamroom.Room // nil: it is shown to nobody
	// Viewer says whether a caller may see the team, and as whom.
	Viewer func(who auth.Caller) (team.Viewer, *web.Error)
	Bridge *bridge.Bridge // nil without Clockwork
	Tasks  *tasks.Group

	flusher flusher

	mu      sync.Mutex
	closing bool
	clients map[*client]*conn    // nil for a stream
	ended   map[string]time.Time // ids of sessions and personal tokens, and since when
	// Messages of connections that have ended.
	received, sent int64
}

// New prepares a transport whose exported fields are set.
func New(t *Transport) *Transport {
	t.Limits = t.Limits.withDefaults()
	t.clients, t.ended = map[*client]*conn{}, map[string]time.Time{}
	return t
}

// The routes.
const (
	routeWS     = "/ws"
	routeStream = "/api/timers/stream"
)

// Register mounts the routes.
func (t *Transport) Register(mount func(path string, handler http.HandlerFunc)) {
	mount(routeWS, t.WS)
	mount(routeStream, t.Stream)
}

// client is an open connection, over either transport.
type client struct {
	place
	out   *fanout.Outbox
	entry *logEntry

	credential credential // guarded by Transport.mu
}

// open adds a WebSocket and begins to read.
func (t *Transport) open(c *conn, since int64) {
	t.add(&c.client, c, since)
	t.Tasks.Go("connection", c.read)
}

// add registers a client, and has it get what its room sends. ws is nil for a stream.
func (t *Transport) add(c *client, ws *conn, since int64) {
	t.mu.Lock()
	t.clients[c] = ws
	frame := t.closeFrame(c.credential, t.Tasks.Now())
	t.mu.Unlock()
	c.join(c.out, since)
	if frame != nil { // ended since it was checked
		c.out.Close(frame)
	}
}

// drop removes a client, with the status that was answered. The connection ended
// with err.
func (t *Transport) drop(c *client, status int, err error) {
	c.out.Close(&fanout.ClosedGone)
	t.exit(c.place, c.out)
	facts := []slog.Attr{closeCode(c.out.Closed(), err)}
	t.mu.Lock()
	if ws := t.clients[c]; ws != nil {
		received := ws.received.Load()
		t.received += received
		facts = append(facts, slog.Int64("received", received))
	}
	sent := c.out.Sent()
	t.sent += sent
	delete(t.clients, c)
	t.mu.Unlock()
	c.entry.end(status, append(facts, slog.Int64("sent", sent))...)
}

// Sweep closes connections whose token has expired, and pings silent ones.
func (t *Transport) Sweep(now time.Time) {
	t.mu.Lock()
	conns := make([]*conn, 0, len(t.clients))
	for _, ws := range t.clients {
		if ws != nil {
			conns = append(conns, ws)
		}
	}
	t.forgetEnded(now)
	t.closeEnded(now)
	t.mu.Unlock()
	for _, c := range conns {
		c.pingIfSilent(now)
	}
}

// Close tells every client to reconnect.
func (t *Transport) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closing = true
	t.closeEnded(t.Tasks.Now())
}

// Cut ends the connections of clients that have not answered.
func (t *Transport) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, ws := range t.clients {
		if ws != nil {
			_ = ws.peer.Close()
		}
	}
}

// Traffic counts connections and messages.
type Traffic struct {
	WebSockets, Streams int   // open now
	Received, Sent      int64 // messages since the start
}

// Traffic adds up what each connection counts.
func (t *Transport) Traffic() Traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := Traffic{Received: t.received, Sent: t.sent}
	for c, ws := range t.clients {
		sum.Sent += c.out.Sent()
		if ws == nil {
			sum.Streams++
			continue
		}
		sum.WebSockets++
		sum.Received += ws.received.Load()
	}
	return sum
}
