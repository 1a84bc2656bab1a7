package e2e

import (
	"cmp"
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

// The load, and the time without Redis in the middle of it.
const (
	readers   = 440 // each is another person
	movers    = 20  // readers who also start and stop a timer
	watchers  = 40  // realtime connections, two for each mover
	loadFor   = 60 * time.Second
	redisGone = 10 * time.Second
	// readEvery is much shorter than the polling interval of any client.
	readEvery = 200 * time.Millisecond
	moveEvery = 3 * time.Second
	// recovery is how long the server may take to notice that Redis is back. askAgain
	// is how often it is asked meanwhile.
	recovery = time.Second
	askAgain = 50 * time.Millisecond
	// mostStalled is the longest total time of stalls for which the machine is blamed
	// for failed answers.
	mostStalled = (loadFor - redisGone) / 2
)

// TestLoad lets five hundred clients use one server for a minute, while its Redis is
// killed and started again. Answers fail only during that time, none is wrong, and
// the server's memory and goroutines do not grow.
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
		w.sync(t) // writes what a change could not
	}
	w.assertHeard(t, heard)
	stopReading()
	clients.Wait()
	lasted := time.Since(began)
	w.clients.Leave()

	t.Logf("%d clients for %.0f s: %d answers, %.0f/s, p50 %v, p99 %v, max %v; %d failed", readers+movers+watchers, lasted.Seconds(),
		tally.Succeeded(), float64(tally.Succeeded())/(lasted-redisGone).Seconds(), round(tally.Quantile(0.5)), round(tally.Quantile(0.99)), round(tally.Quantile(1)), tally.Failed())
	away := load.Span{From: gone, To: back.Add(recovery)} // some requests are still in flight then
	excused, stalled := w.stalls.Spans()
	t.Logf("%d of them while Redis was there; the machine kept everybody waiting %d times, with the recoveries for %v",
		len(tally.FailedOutside(away)), len(excused), round(stalled))
	if stalled > mostStalled {
		excused = nil // so many stalls are not the machine's fault
	}
	assert.Empty(t, tally.Wrong())
	assert.Empty(t, tally.FailedOutside(append(excused, away)...))
	assert.NotZero(t, tally.Failed(), "no answer failed without Redis")
	for i := range heard {
		assert.Zero(t, heard[i].Dropped(), "a realtime connection stays open without Redis")
	}
	t.Parallel() // the server takes a minute to give up what its clients used; other tests run meanwhile
	w.server.assertBackTo(t, idle, busy)
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// wait lets the load run for that long. There is no condition to wait for.
func wait(t *testing.T, ctx context.Context, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
}

// loadWorld is a server, its Redis and its stand-ins, and the right answers.
type loadWorld struct {
	up        *upstreams.Upstreams
	env       []string
	program   string
	redis     *killable
	server    *measured
	clients   *load.Server
	truths    []*load.Truth
	bearers   []string
	uncertain atomic.Bool // a change in Clockwork may be missing in the cache
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

// people assigns a person to each reader, with the state of that person's timer.
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
		truth := &load.Truth{Account: account, Issue: cmp.Or(runs[account], "BILL-209")}
		truth.Set(runs[account] != "")
		bearer, err := w.up.Bearer(account)
		require.NoError(t, err)
		w.truths, w.bearers = append(w.truths, truth), append(w.bearers, bearer)
	}
}

// startMoving lets the movers start and stop timers until stop is called.
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

// sync runs a whole sync, as an event would, and reads the true state from the
// sandbox.
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

// assertNoticed asks the server until it has noticed that Redis is back. It counts
// attempts instead of time, because on a stalled machine there are fewer of them.
func (w *loadWorld) assertNoticed(t *testing.T, ctx context.Context) {
	t.Helper()
	for range recovery / askAgain {
		if w.clients.Answers(ctx, w.truths[0], w.bearers[0]) {
			return
		}
		wait(t, ctx, askAgain)
	}
	require.Fail(t, "the server does not notice that Redis is back")
}

// probe sends a request that takes no time to the server and to its Redis.
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

// assertHeard waits until each realtime client has the true state.
func (w *loadWorld) assertHeard(t *testing.T, heard []load.Watcher) {
	t.Helper()
	for i := range heard {
		truth := w.truths[i%movers]
		assert.Eventually(t, func() bool { return heard[i].Running(truth.Issue) == w.runs(truth) }, 20*time.Second, 5*time.Millisecond,
			"%s on %s", truth.Account, truth.Issue)
	}
}

// killable is a redis-server that persists its data, and can be killed.
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
	// It writes its file before it answers, so its data survives a kill. It does not
	// wait for fsync, because a slow disk would only delay it.
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
		return exec.CommandContext(ctx, "redis-cli", "-e", "-u", "redis://"+k.addr, "--no-auth-warning", "get", "nothing").Run() // -e: exit with an error while it still loads its data
	}))
}

// ping sends PING and waits for the answer, if the server runs.
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

// measured is a server whose memory and goroutines can be read.
type measured struct {
	*process.Process
	metrics string
}

// footprint is a server's memory and goroutines.
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

// assertBackTo waits until the server has about as many goroutines as before its
// clients came, and not much more memory than under load. For each mover a connection
// to Clockwork may stay open for a while, which has two goroutines.
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
