package load

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// Watcher is a realtime client that keeps the state it is sent.
type Watcher struct {
	mu      sync.Mutex
	running map[string]bool // by issue
	dropped int
}

// Running reports whether the issue's timer runs, according to what the client was
// sent.
func (w *Watcher) Running(issue string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running[issue]
}

// Dropped returns the number of connections that the client did not close itself.
func (w *Watcher) Dropped() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

type liveTimer struct {
	Status   string `json:"status"`
	IssueKey string `json:"issue_key"`
}

// Watch receives events until ctx ends. It reconnects if the connection ends.
func (s *Server) Watch(ctx context.Context, bearer string, w *Watcher) {
	for ctx.Err() == nil {
		_ = s.listen(ctx, bearer, w)
		if ctx.Err() == nil {
			w.mu.Lock()
			w.dropped++
			w.mu.Unlock()
		}
	}
}

func (s *Server) listen(ctx context.Context, bearer string, w *Watcher) error {
	socket, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.URL, "http")+"/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + bearer}}})
	if err != nil {
		return err
	}
	defer socket.CloseNow() //nolint:errcheck // it is closed anyway
	for {
		_, text, err := socket.Read(ctx)
		if err != nil {
			return err
		}
		if err := w.hear(text); err != nil {
			return err
		}
	}
}

func (w *Watcher) hear(text []byte) error {
	var message struct {
		Event   string
		Payload struct {
			liveTimer
			Timers []liveTimer
		}
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch message.Event {
	case "state":
		w.running = map[string]bool{}
		for _, t := range message.Payload.Timers {
			w.running[t.IssueKey] = t.Status == "running"
		}
	case "timer_updated":
		w.running[message.Payload.IssueKey] = message.Payload.Status == "running"
	}
	return nil
}
