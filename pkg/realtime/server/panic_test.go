package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/bridge"
	"github.com/clockwork-timer/backend/pkg/realtime/server"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// panicker panics in the calls that a test armed.
type panicker struct {
	realtime.Store
	bridge.Events
	mu    sync.Mutex
	armed map[string]bool
	calls map[string]bool // since the last arm
}

func (p *panicker) called(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[name]
}

func (p *panicker) arm(calls ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.calls = map[string]bool{}, map[string]bool{}
	for _, call := range calls {
		p.armed[call] = true
	}
}

func (p *panicker) call(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[name] = true
	if p.armed[name] {
		panic(name)
	}
}

func (p *panicker) Load(ctx context.Context, user string) (realtime.State, error) {
	p.call("load " + user)
	return p.Store.Load(ctx, user)
}

func (p *panicker) Commit(ctx context.Context, changes []realtime.Change) ([]bool, error) {
	p.call("commit")
	return p.Store.Commit(ctx, changes)
}

func (p *panicker) Read(context.Context, timercache.Subject) (timercache.View, error) {
	p.call("read")
	return timercache.View{}, nil
}

func (p *panicker) Freshness(context.Context) (timercache.Freshness, error) {
	p.call("freshness")
	return timercache.Freshness{SyncedAt: time.Now()}, nil
}

func (p *panicker) Start(context.Context, timercontrol.Request) (timercontrol.Outcome, error) {
	p.call("start")
	return timercontrol.Outcome{}, nil
}

func (p *panicker) Stop(context.Context, timercontrol.Request) (timercontrol.Outcome, error) {
	return timercontrol.Outcome{}, nil
}

func (p *panicker) token(context.Context, auth.Caller) (bridge.Token, error) {
	p.call("token")
	return bridge.Token{Value: secret.New("clockwork-token")}, nil
}

// A panic ends only the task it happened in, is logged, and leaves no client waiting.
func TestPanics(t *testing.T) {
	u := newUpstream(t)
	p := &panicker{Store: memoryStore(t), Events: u}
	p.arm()
	var mu sync.Mutex
	var log bytes.Buffer
	w := newWorld(t, server.Options{Store: p, Limits: server.Limits{Connections: 2}, Log: slog.New(slog.NewTextHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	}), nil)), Clockwork: &bridge.Options{Events: p, Cache: p, Control: p, Token: p.token}})
	logged := func(text string) bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(log.String(), "panic: "+text)
	}
	ann, bob := w.dialAccount("ann", ""), w.dialAccount("bob", "")
	ann.next()
	bob.next()

	p.arm("commit")
	ann.action("timer_start", "one")
	ann.refused(realtime.CodeUnavailable)
	assert.True(t, logged("commit"))
	p.arm()
	ann.action("timer_start", "two")
	ann.update(1, "two", realtime.Running)

	p.arm("load eve")
	for range 3 { // more than her places
		_, response, err := websocket.Dial(t.Context(), w.http.URL+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + tokenOf(t, "eve")}}})
		require.Error(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	}
	assert.True(t, logged("load eve"))
	p.arm()
	w.connect("eve")

	p.arm("start")
	for range 6 { // more than may be under way
		ann.send(`{"action":"timer_start","id":"x","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
		ann.refused("CLOCKWORK_UNAVAILABLE")
	}
	assert.True(t, logged("start"))

	p.arm("read")
	w.dialAccount("carl", "").next()
	require.Eventually(t, func() bool { return logged("read") }, patience, time.Millisecond)
	p.arm()
	w.dialAccount("dora", "").next()
	require.Eventually(t, func() bool { return p.called("read") }, patience, time.Millisecond, "others are compared nevertheless")

	p.arm("token")
	ann.send(`{"action":"timer_start","id":"x","user_id":"ann","started_at":"` + startedAt + `","issue_key":"ABC-1"}`)
	assert.Equal(t, websocket.StatusInternalError, ann.closed())
	assert.True(t, logged("token"))
	p.arm()
	back := w.dial("ann", w.since(1))
	back.next().freshness(t)
	bob.action("timer_start", "own")
	bob.update(1, "own", realtime.Running)
	back.action("timer_stop", "two")
	back.update(2, "two", realtime.Stopped)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
