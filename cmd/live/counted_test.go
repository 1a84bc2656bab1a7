package live_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/sandbox"
)

// After any change of a person's timers, in Clockwork or through this backend, every
// channel shows the same seconds as the list of running timers, give or take one.
func TestEveryChannelCountsTheSame(t *testing.T) {
	for seed := range uint64(4) {
		for name, database := range map[string]string{"sqlite": "sqlite://:memory:", "redis": "redis"} {
			t.Run(fmt.Sprintf("%s-%d", name, seed), func(t *testing.T) {
				t.Parallel()
				w := apptest.New(t, apptest.Options{Env: map[string]string{"JWT_SECRET": signingKey, "DATABASE_URL": database, "RATE_LIMIT": "off"}})
				ctx, stop := context.WithTimeout(t.Context(), 3*patience)
				defer stop()
				functions := w.Deps.Live // of a process without a realtime server
				serve(ctx, t, w, func(ctx context.Context, url string) {
					ctx, leave := context.WithCancel(ctx)
					defer leave() // the server waits for its clients
					p := newPlay(ctx, t, w, url, functions, seed)
					for step := range 25 {
						p.step()
						p.compare(step)
					}
				})
			})
		}
	}
}

// play is one person's day of random actions.
type play struct {
	ctx       context.Context
	t         *testing.T
	w         *apptest.World
	url       string
	functions app.LiveTimers
	random    *rand.Rand
	account   string
	header    http.Header
	socket    *listening
	stream    *listening
	log       []string
}

func newPlay(ctx context.Context, t *testing.T, w *apptest.World, url string, functions app.LiveTimers, seed uint64) *play {
	w.Sandbox.Switch(func(s *sandbox.Switches) { s.MultipleTimers = true })
	p := &play{ctx: ctx, t: t, w: w, url: url, functions: functions, random: rand.New(rand.NewPCG(seed, 7)), account: w.Person(5).AccountID,
		header: http.Header{"Authorization": {"Bearer " + tokenOf(t, w, 5)}, "X-Clockwork-Token": {w.Token(5)}}}
	p.socket, p.stream = p.dial(), p.listen()
	return p
}

// step advances the clock, does one random action, and then syncs in four cases out
// of five.
func (p *play) step() {
	p.w.Clock.Advance(time.Duration(p.random.IntN(1+[]int{5, 600, 36_000}[p.random.IntN(3)]))*time.Second + time.Duration(p.random.IntN(1000))*time.Millisecond)
	issue := []string{"BILL-209", "OPS-64", "PORTAL-301"}[p.random.IntN(3)]
	what := "nothing"
	running := p.running()
	switch dice := p.random.IntN(8); {
	case dice == 0:
		what = "started in Clockwork"
		_, _ = p.w.Sandbox.StartTimer(p.account, issue, "")
	case dice == 1:
		what = "stopped in Clockwork"
		_, _ = p.w.Sandbox.StopTimer(p.account, issue)
	case dice == 2:
		what = "started here"
		p.post("/api/timers/start", issue)
	case dice == 3:
		what = "stopped here"
		p.post("/api/timers/stop", issue)
	case len(running) > 0:
		chosen := running[p.random.IntN(len(running))]
		held, earlier, comment := p.random.IntN(2) == 0, chosen.StartedAt.Add(-time.Duration(p.random.IntN(90_000))*time.Second), fmt.Sprint(p.random.IntN(9))
		edit := []sandbox.TimerEdit{{OnHold: &held}, {OnHold: &held, Comment: &comment}, {StartedAt: &earlier}, {Comment: &comment}}[p.random.IntN(4)]
		what = fmt.Sprintf("edited: on hold %v, earlier %v", edit.OnHold != nil && held, edit.StartedAt != nil)
		_, err := p.w.Sandbox.EditTimer(chosen.ID, edit)
		require.NoError(p.t, err)
	}
	if p.random.IntN(5) > 0 {
		p.w.Clock.Advance(time.Second)
		p.w.Sync(p.t)
		what += ", synced"
	}
	p.w.Clock.Advance(time.Duration(p.random.IntN(3)) * 1700 * time.Millisecond)
	p.log = append(p.log, what)
}

func (p *play) running() []timer.Timer {
	return timer.ByAccount(p.w.Sandbox.RunningTimers())[p.account]
}

// shown is what a person reads: the seconds, and whether they grow.
type shown struct {
	seconds int64
	onHold  bool
}

// compare asserts that each channel shows what the list of running timers shows.
func (p *play) compare(step int) {
	now := p.w.Clock.Now()
	want := p.active()
	channels := map[string]func() []realtime.Timer{
		"websocket": p.socket.all,
		"stream":    p.stream.all,
		"listing":   func() []realtime.Timer { return p.list() },
		"functions-listing": func() []realtime.Timer {
			l, err := p.functions.Timers(p.ctx, p.account)
			require.NoError(p.t, err)
			return l.Timers
		},
		"state": func() []realtime.Timer { l := p.dial(); defer l.close(); return l.all() },
	}
	for name, timers := range channels {
		for began := time.Now(); ; runtime.Gosched() {
			got := map[string]shown{}
			for _, timer := range timers() {
				if timer.Status == realtime.Running {
					got[timer.IssueKey] = shown{int64(timer.Counted(now) / time.Second), timer.OnHold}
				}
			}
			if agree(got, want) {
				break
			}
			require.Less(p.t, time.Since(began), patience/2, "%s, step %d: got %v, want %v\n%s", name, step, got, want, strings.Join(p.log, "\n"))
		}
	}
}

func agree(got, want map[string]shown) bool {
	for issue, w := range want {
		g, ok := got[issue]
		if !ok || g.onHold != w.onHold || g.seconds < w.seconds-1 || g.seconds > w.seconds+1 {
			return false
		}
	}
	return len(got) == len(want)
}

// active returns what GET /api/timers/active shows: the newest timer of each issue.
func (p *play) active() map[string]shown {
	var answer struct {
		Timers []struct {
			TillNow            int64
			WithinWorkingHours bool
			Issue              struct{ Key string }
		}
	}
	p.get("/api/timers/active?accountId="+p.account, &answer)
	active := map[string]shown{}
	for _, timer := range answer.Timers {
		if _, newer := active[timer.Issue.Key]; !newer {
			active[timer.Issue.Key] = shown{timer.TillNow, !timer.WithinWorkingHours}
		}
	}
	return active
}

func (p *play) list() []realtime.Timer {
	var answer realtime.Listing
	p.get("/timers", &answer)
	return answer.Timers
}

func (p *play) get(path string, into any) {
	res := p.do(http.MethodGet, path, nil)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, res.StatusCode, "%s", text)
	require.NoError(p.t, json.Unmarshal(text, into))
}

// post starts or stops a timer. A refusal is not a failure here.
func (p *play) post(path, issue string) {
	res := p.do(http.MethodPost, path, fmt.Appendf(nil, `{"issueKey":%q,"accountId":%q}`, issue, p.account))
	require.NoError(p.t, res.Body.Close())
}

func (p *play) do(method, path string, body []byte) *http.Response {
	r, err := http.NewRequestWithContext(p.ctx, method, p.url+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	r.Header = p.header.Clone()
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	return res
}

// listening is a client that keeps the timers that it was sent.
type listening struct {
	mu     sync.Mutex
	timers map[string]realtime.Timer
	heard  chan struct{} // closed when the state has arrived
	close  func()
}

func (l *listening) hear(text []byte) {
	var m message
	if json.Unmarshal(text, &m) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch m.Event {
	case "state":
		if l.timers == nil {
			close(l.heard)
		}
		l.timers = map[string]realtime.Timer{}
		for _, timer := range m.Payload.Timers {
			l.timers[timer.ID] = timer
		}
	case "timer_updated":
		l.timers[m.Payload.ID] = m.Payload.Timer
	}
}

func (l *listening) all() (timers []realtime.Timer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, timer := range l.timers {
		timers = append(timers, timer)
	}
	return timers
}

// dial opens a WebSocket and waits for its state.
func (p *play) dial() *listening {
	ws, _, err := websocket.Dial(p.ctx, p.url+"/ws", &websocket.DialOptions{HTTPHeader: p.header})
	require.NoError(p.t, err)
	ws.SetReadLimit(1 << 20)
	l := &listening{heard: make(chan struct{}), close: func() { _ = ws.CloseNow() }}
	go func() {
		for {
			_, text, err := ws.Read(p.ctx)
			if err != nil {
				return
			}
			l.hear(text)
		}
	}()
	<-l.heard
	return l
}

func (p *play) listen() *listening {
	res := p.do(http.MethodGet, "/api/timers/stream", nil)
	l := &listening{heard: make(chan struct{}), close: func() { _ = res.Body.Close() }}
	go func() {
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				l.hear([]byte(data))
			}
		}
	}()
	<-l.heard
	return l
}
