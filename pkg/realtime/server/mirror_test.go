package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// mirror is a client that keeps the state, and reconnects with since to any of several
// instances.
type mirror struct {
	t    testing.TB
	user string
	urls func() string // where to connect next

	mu     sync.Mutex
	seq    int64
	known  bool
	timers map[string]realtime.Timer
	ws     *websocket.Conn
}

// run connects again and again until ctx ends.
func (m *mirror) run(ctx context.Context) {
	for ctx.Err() == nil {
		m.session(ctx)
	}
}

func (m *mirror) session(ctx context.Context) {
	query := ""
	m.mu.Lock()
	if m.known {
		query = fmt.Sprintf("?since=%d", m.seq)
	}
	m.mu.Unlock()
	ws, _, err := websocket.Dial(ctx, m.urls()+"/ws"+query, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + tokenOf(m.t, m.user)}}})
	if err != nil {
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond): // a client's own pause between two tries
		}
		return
	}
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	m.mu.Lock()
	m.ws = ws
	m.mu.Unlock()
	for {
		_, text, err := ws.Read(ctx)
		if err != nil {
			return
		}
		m.take(text)
	}
}

func (m *mirror) take(text []byte) {
	var in message
	if !assert.NoError(m.t, json.Unmarshal(text, &in)) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch in.Event {
	case "state":
		m.known, m.seq, m.timers = true, in.Payload.Seq, map[string]realtime.Timer{}
		for _, t := range in.Payload.Timers {
			m.timers[t.ID] = t
		}
	case "timer_updated":
		t := in.Payload.Timer
		if !assert.Equal(m.t, m.user, t.UserID, "somebody else's change") {
			return
		}
		if t.Seq <= m.seq {
			// The answer to a repeated message: nothing new.
			assert.Equal(m.t, m.timers[t.ID], t)
			return
		}
		assert.Equal(m.t, m.seq+1, t.Seq, "a change is missing")
		m.seq = t.Seq
		m.timers[t.ID] = t
	}
}

// send sends if there is a connection, and ignores errors.
func (m *mirror) send(text string) {
	m.mu.Lock()
	ws := m.ws
	m.mu.Unlock()
	if ws != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = ws.Write(ctx, websocket.MessageText, []byte(text))
	}
}

// drop cuts the connection.
func (m *mirror) drop() {
	m.mu.Lock()
	ws := m.ws
	m.mu.Unlock()
	if ws != nil {
		_ = ws.CloseNow()
	}
}

func (m *mirror) connected() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}

func (m *mirror) has(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.timers[id]
	return ok
}

// equals reports whether the mirror shows what the store has.
func (m *mirror) equals(state realtime.State) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known || m.seq != state.Seq || len(m.timers) != len(state.Timers) {
		return false
	}
	for _, t := range state.Timers {
		if mine, ok := m.timers[t.ID]; !ok || mine != t {
			return false
		}
	}
	return true
}
