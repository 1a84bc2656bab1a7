package upstream_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// circuit is a breaker that three failures open for ten seconds, then twenty,
// at most half a minute, on a clock that a test moves.
type circuit struct {
	*upstream.Breaker
	now    time.Time
	jitter float64
	log    bytes.Buffer
}

func newCircuit() *circuit {
	c := &circuit{now: time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)}
	c.Breaker = upstream.NewBreaker(upstream.BreakerOptions{Upstream: "jira", Failures: 3, OpenFor: 10 * time.Second, MaxOpen: 30 * time.Second,
		Log: slog.New(slog.NewTextHandler(&c.log, nil)), Now: func() time.Time { return c.now }, Jitter: func() float64 { return c.jitter }})
	return c
}

// attempt makes one attempt for each verdict. The breaker must allow them.
func (c *circuit) attempt(t *testing.T, verdicts ...upstream.Verdict) {
	t.Helper()
	for _, v := range verdicts {
		leave, _, _ := c.Enter("")
		require.NotNil(t, leave)
		leave(v)
	}
}

// refused is how long an attempt must wait; 0 if it is allowed.
func (c *circuit) refused() time.Duration {
	leave, _, wait := c.Enter("")
	if leave == nil {
		return wait
	}
	leave(upstream.Unclear)
	return 0
}

func TestBreakerOpens(t *testing.T) {
	const f, a, u = upstream.Failed, upstream.Answered, upstream.Unclear
	for name, c := range map[string]struct {
		verdicts []upstream.Verdict
		open     bool
	}{
		"nothing":                     {nil, false},
		"too-few":                     {[]upstream.Verdict{f, f}, false},
		"in-a-row":                    {[]upstream.Verdict{f, f, f}, true},
		"an-answer-between":           {[]upstream.Verdict{f, f, a, f, f}, false},
		"after-answers":               {[]upstream.Verdict{a, a, f, f, f}, true},
		"hung-up-between":             {[]upstream.Verdict{f, u, f, u, u, f}, true},
		"hung-up-only":                {[]upstream.Verdict{u, u, u, u}, false},
		"a-failure-now-and-then":      {[]upstream.Verdict{f, a, f, a, f, a, f, a}, false},
		"three-of-four-but-not-a-row": {[]upstream.Verdict{f, f, a, f}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newCircuit()
			b.attempt(t, c.verdicts...)
			want := time.Duration(0)
			if c.open {
				want = 10 * time.Second
			}
			assert.Equal(t, want, b.refused())
		})
	}
}

func TestBreakerProbesOnce(t *testing.T) {
	b := newCircuit()
	b.attempt(t, upstream.Failed, upstream.Failed, upstream.Failed)
	b.now = b.now.Add(9 * time.Second)
	assert.Equal(t, time.Second, b.refused(), "what is left of the open time")

	b.now = b.now.Add(time.Second)
	leave, probe, _ := b.Enter("")
	require.NotNil(t, leave)
	assert.True(t, probe)
	assert.Equal(t, time.Second, b.refused(), "one probe is enough")

	leave(upstream.Unclear) // it learnt nothing: the next one has to find out
	leave, probe, _ = b.Enter("")
	require.NotNil(t, leave)
	assert.True(t, probe)
	leave(upstream.Answered)

	for range 3 {
		leave, probe, _ = b.Enter("")
		require.NotNil(t, leave, "closed: as many as come")
		assert.False(t, probe)
		defer leave(upstream.Answered)
	}
}

func TestBreakerStaysOpenLonger(t *testing.T) {
	b := newCircuit()
	b.attempt(t, upstream.Failed, upstream.Failed, upstream.Failed)
	for _, want := range []time.Duration{10, 20, 30, 30, 30} {
		assert.Equal(t, want*time.Second, b.refused())
		b.now = b.now.Add(want * time.Second)
		b.attempt(t, upstream.Failed)
	}
	b.now = b.now.Add(30 * time.Second)
	b.attempt(t, upstream.Answered, upstream.Failed, upstream.Failed, upstream.Failed)
	assert.Equal(t, 10*time.Second, b.refused(), "a new outage starts with the first open time")
}

func TestBreakerJitter(t *testing.T) {
	b := newCircuit()
	b.jitter = 0.5
	b.attempt(t, upstream.Failed, upstream.Failed, upstream.Failed)
	assert.Equal(t, 9*time.Second, b.refused(), "up to a fifth less")
}

// What was sent before it opened says nothing about the upstream of now.
func TestBreakerIgnoresLateAnswers(t *testing.T) {
	b := newCircuit()
	lateAnswer, _, _ := b.Enter("")
	lateFailure, _, _ := b.Enter("")
	b.attempt(t, upstream.Failed, upstream.Failed, upstream.Failed)
	lateAnswer(upstream.Answered)
	assert.Equal(t, 10*time.Second, b.refused())
	assert.False(t, b.FailingSince().IsZero())

	b.now = b.now.Add(10 * time.Second)
	probe, _, _ := b.Enter("")
	lateFailure(upstream.Failed)
	probe(upstream.Answered)
	assert.Zero(t, b.refused())
}

func TestBreakerFailingSince(t *testing.T) {
	b := newCircuit()
	began := b.now
	assert.Zero(t, b.FailingSince())
	for range 3 {
		b.attempt(t, upstream.Failed)
		b.now = b.now.Add(time.Second)
		assert.Equal(t, began, b.FailingSince(), "the first of them")
	}
	b.now = b.now.Add(time.Minute)
	b.attempt(t, upstream.Failed)
	assert.Equal(t, began, b.FailingSince(), "a probe that fails is the same outage")
	b.now = b.now.Add(time.Minute)
	b.attempt(t, upstream.Answered)
	assert.Zero(t, b.FailingSince())
	b.attempt(t, upstream.Failed, upstream.Answered)
	assert.Zero(t, b.FailingSince())
}

// An outage is two lines, however many ask meanwhile.
func TestBreakerLog(t *testing.T) {
	b := newCircuit()
	b.attempt(t, upstream.Failed, upstream.Failed)
	b.now = b.now.Add(2 * time.Second)
	b.attempt(t, upstream.Failed)
	for _, wait := range []time.Duration{10, 20, 30} {
		b.refused()
		b.now = b.now.Add(wait * time.Second)
		if wait < 30 {
			b.attempt(t, upstream.Failed)
		}
	}
	b.attempt(t, upstream.Answered, upstream.Answered)
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	require.Len(t, lines, 2, b.log.String())
	assert.Contains(t, lines[0], `level=WARN msg="upstream down" upstream=jira for_all=true failing_for=2s open_for=10s`)
	assert.Contains(t, lines[1], `level=WARN msg="upstream up again" upstream=jira down_for=1m2s`)
}

// as makes an attempt for a caller; refused reports that it was not allowed.
func (c *circuit) as(caller string, v upstream.Verdict) (refused bool) {
	leave, _, _ := c.Enter(caller)
	if leave == nil {
		return true
	}
	leave(v)
	return false
}

// One caller's slow query shuts out that caller, and nobody else.
func TestBreakerForOneCaller(t *testing.T) {
	b := newCircuit()
	for range 3 {
		require.False(t, b.as("ann", upstream.Failed))
	}
	assert.True(t, b.as("ann", upstream.Failed))
	assert.False(t, b.Open(), "for everybody")
	assert.False(t, b.as("bob", upstream.Unclear))

	b.now = b.now.Add(10 * time.Second)
	assert.False(t, b.as("ann", upstream.Failed), "a probe of their own")
	b.now = b.now.Add(19 * time.Second)
	assert.True(t, b.as("ann", upstream.Failed), "which took longer")

	assert.False(t, b.as("bob", upstream.Answered))
	assert.False(t, b.as("ann", upstream.Failed), "it works: all begins again")
	for range 100 { // as long as others are answered, ann may go on with what hangs
		assert.False(t, b.as("bob", upstream.Answered))
		assert.False(t, b.as("ann", upstream.Failed))
	}
}

// An upstream that is down is so for everybody as soon as another has seen it.
func TestBreakerForAll(t *testing.T) {
	for name, callers := range map[string][]string{
		"one-after-another":   {"ann", "ann", "ann", "bob"},
		"mixed":               {"ann", "bob", "ann"},
		"nobody-knows-whose":  {"", "", ""},
		"the-sync-is-another": {"ann", "ann", ""},
		"the-sync-before":     {"", "ann", "ann"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newCircuit()
			for _, caller := range callers {
				require.False(t, b.as(caller, upstream.Failed))
			}
			assert.True(t, b.Open())
			for _, caller := range []string{"ann", "bob", "eve", ""} {
				assert.True(t, b.as(caller, upstream.Failed), caller)
			}
		})
	}
}

// What was under way for others when one caller was shut out counts: an upstream
// that hangs shows by the next failure.
func TestBreakerWidens(t *testing.T) {
	b := newCircuit()
	bobs, _, _ := b.Enter("bob")
	anns, _, _ := b.Enter("ann")
	for range 3 {
		b.as("ann", upstream.Failed)
	}
	anns(upstream.Failed)
	assert.False(t, b.Open(), "ann's own, of before")
	bobs(upstream.Failed)
	assert.True(t, b.Open())
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	require.Len(t, lines, 2, b.log.String())
	assert.Contains(t, lines[0], "for_all=false")
	assert.Contains(t, lines[1], "for_all=true")
}

func TestNoBreaker(t *testing.T) {
	var b *upstream.Breaker
	for range 10 {
		leave, probe, wait := b.Enter("")
		require.NotNil(t, leave)
		assert.False(t, probe)
		assert.Zero(t, wait)
		leave(upstream.Failed)
	}
	assert.Zero(t, b.FailingSince())
}

// From many goroutines: all get through while it is closed, one when its open
// time is over.
func TestBreakerFromManyGoroutines(t *testing.T) {
	b := newCircuit()
	b.attempt(t, upstream.Failed, upstream.Failed, upstream.Failed)
	b.now = b.now.Add(10 * time.Second)
	var probes atomic.Int64
	var mu sync.Mutex
	var leaves []func(upstream.Verdict)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if leave, _, _ := b.Enter(""); leave != nil {
				probes.Add(1)
				mu.Lock()
				leaves = append(leaves, leave)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, probes.Load())
	leaves[0](upstream.Answered)
	for range 50 {
		wg.Go(func() {
			leave, _, _ := b.Enter("")
			if assert.NotNil(t, leave) {
				leave(upstream.Answered)
			}
		})
	}
	wg.Wait()
}

// Without a clock of the test's: the machine's own open time is over at once,
// and this one's holds.
func TestBreakerByTheRealClock(t *testing.T) {
	b := upstream.NewBreaker(upstream.BreakerOptions{Upstream: "redis", Failures: 1, OpenFor: 50 * time.Millisecond})
	leave, _, _ := b.Enter("")
	opened := time.Now()
	leave(upstream.Failed)
	require.Eventually(t, func() bool {
		leave, _, wait := b.Enter("")
		if leave == nil {
			assert.LessOrEqual(t, wait, 50*time.Millisecond)
			return false
		}
		leave(upstream.Answered)
		return true
	}, 5*time.Second, time.Millisecond)
	assert.GreaterOrEqual(t, time.Since(opened), 39*time.Millisecond)
}
