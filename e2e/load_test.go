package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/bench/load"
	"github.com/clockwork-timer/backend/e2e/process"
	"github.com/clockwork-timer/backend/e2e/upstreams"
)

// The load, and when Redis is away in the middle of it.
const (
	readers   = 440 // each a person of their own
	movers    = 20  // of them, who start and stop a timer too
	watchers  = 40  // realtime connections, two of each mover
	loadFor   = 60 * time.Second
	redisGone = 10 * time.Second
	// readEvery is a poll far quicker than any client's.
	readEvery = 200 * time.Millisecond
	moveEvery = 3 * time.Second
	// recovery is how long the server may take to notice that Redis is back, and
	// askAgain how often it is asked meanwhile.
	recovery = time.Second
	askAgain = 50 * time.Millisecond
	// mostStalled is how long the machine may keep the test waiting, at most, for
	// answers that fail meanwhile to be its fault.
	mostStalled = (loadFor - redisGone) / 2
)

// TestLoad has five hundred clients use one server for a minute, while its
// Redis is killed and comes back: answers fail only meanwhile, none is wrong,
// and nothing piles up.
func TestLoad(t *testing.T) {
	w := startLoadWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	idle := w.server.footprint(t)
	var tally load.Tally
	began := time.Now()

	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	var clients sync.WaitGroup
	clients.Go(func() { w.stalls.Look(reading, w.probe) })
	for i, truth := range w.truths {
		clients.Go(func() { w.clients.Read(reading, truth, w.bearers[i], readEvery, &tally) })
	}
	heard := make([]load.Watcher, watchers)
	for i := range heard {
		clients.Go(func() { w.clients.Watch(reading, w.bearers[i%movers], &heard[i]) })
	}
	move := w.startMoving(ctx, &tally)
	wait(t, ctx, (loadFor-redisGone)/2)

	busy := w.server.footprint(t)
	w.uncertain.Store(true)
	gone := time.Now()
	w.redis.kill(t)
	wait(t, ctx, redisGone)
	w.redis.start(t)
	w.assertNoticed(t, ctx)
	back := time.Now()
	move()
	w.sync(t)
	synced := time.Now()
	move = w.startMoving(ctx, &tally)
	wait(t, ctx, (loadFor-redisGone)/2)
	move()
	if w.stalls.Since(synced) {
		w.sync(t) // what a change could not write
	}
	w.assertHeard(t, heard)
	stopReading()
	clients.Wait()
	lasted := time.Since(began)
	w.clients.Leave()

	t.Logf("%d clients for %.0f s: %d answers, %.0f/s, p50 %v, p99 %v, max %v; %d failed", readers+movers+watchers, lasted.Seconds(),
		tally.Succeeded(), float64(tally.Succeeded())/(lasted-redisGone).Seconds(), round(tally.Quantile(0.5)), round(tally.Quantile(0.99)), round(tally.Quantile(1)), tally.Failed())
	away := load.Span{From: gone, To: back.Add(recovery)} // some answers are still under way then
	excused, stalled := w.stalls.Spans()
	t.Logf("%d of them while Redis was there; the machine kept everybody waiting %d times, with the recoveries for %v",
		len(tally.FailedOutside(away)), len(excused), round(stalled))
	if stalled > mostStalled {
		excused = nil // it is not the machine
	}
	assert.Empty(t, tally.Wrong())
	assert.Empty(t, tally.FailedOutside(append(excused, away)...))
	assert.NotZero(t, tally.Failed(), "Redis was never missed")
	for i := range heard {
		assert.Zero(t, heard[i].Dropped(), "a realtime connection needs no Redis to stay")
	}
	t.Parallel() // the server takes a minute to give up what its clients used; other tests run meanwhile
	w.server.assertBackTo(t, idle, busy)
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// wait lets the load go on; nothing can be awaited but the time itself.
func wait(t *testing.T, ctx context.Context, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
}

// loadWorld is a server with its Redis and its stand-ins, and what is so.
type loadWorld struct {
	up        *upstreams.Upstreams
	env       []string
	program   string
	redis     *killable
	server    *measured
	clients   *load.Server
	truths    []*load.Truth
	bearers   []string
	uncertain atomic.Bool // what is changed in Clockwork may not be cached
	stalls    load.Stalls
}

func startLoadWorld(t *testing.T) *loadWorld {
	t.Helper()
	w := &loadWorld{up: upstreams.Start(t), stalls: load.Stalls{Recovery: recovery}}
	w.up.Sandbox.Populate(readers, readers)
	w.redis = startKillable(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	// Without the race detector: this is about speed too.
	var err error
	w.program, err = process.Build(ctx, root, "./cmd/server", false)
	require.NoError(t, err)

	port, metrics := freePort(t), freePort(t)
	w.env = append(slices.DeleteFunc(slices.Clone(w.up.Env), func(v string) bool {
		return strings.HasPrefix(v, "UPSTASH_") || strings.HasPrefix(v, "AUTH_MODE=")
	}), "REDIS_URL=redis://"+w.redis.addr, "AUTH_MODE=required", "DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "timers.db"),
		"PORT="+port, "METRICS_ADDRESS=127.0.0.1:"+metrics, "RATE_LIMIT=off", "LOG_LEVEL=error")
	w.sync(t)
	p := process.StartT(t, process.Command{Path: w.program, Dir: t.TempDir(), Env: w.env})
	w.server = &measured{Process: p, metrics: "http://127.0.0.1:" + metrics + "/metrics"}
	url := "http://127.0.0.1:" + port
	require.NoError(t, p.Answers(ctx, url+"/api/health"))
	w.clients = load.NewServer(url, readers)
	w.people(t)
	return w
}

// people gives each reader a person, and says what is so of them.
func (w *loadWorld) people(t *testing.T) {
	t.Helper()
	runs := map[string]string{}
	for _, timer := range w.up.Sandbox.RunningTimers() {
		runs[timer.RunningFor] = timer.Issue.Key
	}
	people := w.up.Sandbox.People()
	require.GreaterOrEqual(t, len(people), readers)
	for i := range readers {
		account := people[len(people)-1-i].AccountID
		truth := &load.Truth{Account: account, Issue: runs[account]}
		if truth.Issue == "" {
			truth.Issue = "BILL-209"
		}
		truth.Set(runs[account] != "")
		bearer, err := w.up.Bearer(account)
		require.NoError(t, err)
		w.truths, w.bearers = append(w.truths, truth), append(w.bearers, bearer)
	}
}

// startMoving has the movers at work until the returned function is called.
func (w *loadWorld) startMoving(ctx context.Context, tally *load.Tally) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	uncertain := func(since time.Time) bool { return w.uncertain.Load() || w.stalls.Since(since) }
	var all sync.WaitGroup
	for i, truth := range w.truths[:movers] {
		token := w.up.Sandbox.ClockworkToken(truth.Account).Reveal()
		all.Go(func() {
			w.clients.Move(ctx, truth, w.bearers[i], token, moveEvery, uncertain, tally)
		})
	}
	return func() { cancel(); all.Wait() }
}

// sync does a whole sync, as an event would, and learns what is so.
func (w *loadWorld) sync(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, process.RetryTwice(func() error {
		_, err := process.Run(ctx, process.Command{Path: w.program, Args: []string{"sync"}, Env: w.env})
		return err
	}))
	w.uncertain.Store(false)
	for _, truth := range w.truths {
		truth.Set(w.runs(truth))
	}
}

// assertNoticed asks until the server has noticed that Redis is back. Its time is
// counted in questions: a machine that keeps everybody waiting asks fewer.
func (w *loadWorld) assertNoticed(t *testing.T, ctx context.Context) {
	t.Helper()
	for range recovery / askAgain {
		if w.clients.Answers(ctx, w.truths[0], w.bearers[0]) {
			return
		}
		wait(t, ctx, askAgain)
	}
	require.Fail(t, "Redis is back, and the server does not notice")
}

// probe asks the server and its Redis for what takes them no time.
func (w *loadWorld) probe() {
	if answer, err := w.clients.Client.Get(w.clients.URL + "/api/health"); err == nil {
		answer.Body.Close()
	}
	w.redis.ping()
}

func (w *loadWorld) runs(truth *load.Truth) bool {
	for _, timer := range w.up.Sandbox.RunningTimers() {
		if timer.RunningFor == truth.Account && timer.Issue.Key == truth.Issue {
			return true
		}
	}
	return false
}

// assertHeard waits until each realtime client believes what is so.
func (w *loadWorld) assertHeard(t *testing.T, heard []load.Watcher) {
	t.Helper()
	for i := range heard {
		truth := w.truths[i%movers]
		assert.Eventually(t, func() bool { return heard[i].Running(truth.Issue) == w.runs(truth) }, 20*time.Second, 5*time.Millisecond,
			"%s on %s", truth.Account, truth.Issue)
	}
}

// killable is a redis-server that keeps what it was told, and can be killed.
type killable struct {
	addr    string
	command process.Command
	process *process.Process
}

func startKillable(t *testing.T) *killable {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	require.NoError(t, err)
	port := freePort(t)
	// It writes its file before it answers, so that what it said survives its
	// death; a disk that takes its time over fsync would only keep it waiting.
	k := &killable{addr: "127.0.0.1:" + port, command: process.Command{Path: program, Args: []string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "yes", "--appendfsync", "no"}}}
	k.start(t)
	return k
}

func (k *killable) start(t *testing.T) {
	t.Helper()
	k.process = process.StartT(t, k.command)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, process.Until(ctx, "redis-server", func(ctx context.Context) error {
		return exec.CommandContext(ctx, "redis-cli", "-e", "-u", "redis://"+k.addr, "--no-auth-warning", "get", "nothing").Run() // -e: an error while it still loads is one
	}))
}

// ping asks it for an answer and waits for it, where it is there.
func (k *killable) ping() {
	conn, err := net.Dial("tcp", k.addr)
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PING\r\n"); err == nil {
		_, _ = conn.Read(make([]byte, 1))
	}
}

func (k *killable) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, k.process.Signal(os.Kill))
	<-k.process.Exited()
}

// measured is a server whose size can be read.
type measured struct {
	*process.Process
	metrics string
}

// footprint is what a server holds.
type footprint struct {
	goroutines int
	memory     int // resident, in bytes
}

func (m *measured) footprint(t require.TestingT) footprint {
	answer, err := http.Get(m.metrics)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	require.NoError(t, err)
	value := func(name string) int {
		found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
		require.NotNil(t, found, "%s is not in:\n%s", name, text)
		number, err := strconv.ParseFloat(string(found[1]), 64)
		require.NoError(t, err)
		return int(number)
	}
	return footprint{value("go_goroutine_count"), value("process_resident_memory_bytes")}
}

// assertBackTo waits until the server holds as little as before its clients
// came, but for a connection to Clockwork for each mover, which is kept for a
// while (two goroutines), and no more memory than they needed.
func (m *measured) assertBackTo(t *testing.T, idle, busy footprint) {
	t.Helper()
	var now footprint
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		now = m.footprint(c)
		assert.LessOrEqual(c, now.goroutines, idle.goroutines+2*movers+10)
		assert.Less(c, now.memory, busy.memory*3/2)
	}, 2*time.Minute, 100*time.Millisecond)
	t.Logf("goroutines: %d idle, %d under load, %d afterwards; memory: %d, %d, %d MiB", idle.goroutines, busy.goroutines, now.goroutines,
		idle.memory>>20, busy.memory>>20, now.memory>>20)
}
