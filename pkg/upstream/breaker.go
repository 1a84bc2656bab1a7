package upstream

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// ErrOpen means that a call was not sent, because its upstream has not answered
// for a while: it certainly did not arrive.
var ErrOpen = errors.New("not asked: it did not answer several times in a row")

// Verdict is what one attempt tells of an upstream.
type Verdict int

// What an attempt can tell.
const (
	Unclear  Verdict = iota // nothing: the caller hung up, for one
	Answered                // it works, whatever it thinks of the question
	Failed                  // it does not
)

// BreakerOptions configure a Breaker. Failures and OpenFor are required.
type BreakerOptions struct {
	Upstream string        // names it in the log
	Failures uint32        // in a row, that open it
	OpenFor  time.Duration // at first; each probe that fails doubles it
	MaxOpen  time.Duration // bounds that; default OpenFor
	Log      *slog.Logger  // a warning when it opens, another when it closes; default: none

	Now    func() time.Time // default time.Now
	Jitter func() float64   // in [0, 1), takes up to a fifth of an open time; default random
}

// Breaker keeps a process from waiting again and again for an upstream that
// does not answer. After some failures in a row it is open, and attempts are
// refused. When its time is over one attempt is let through as a probe: an
// answer closes it, a failure opens it for longer. It lives in one process and
// forgets with it: each instance of a function learns by itself, at the price
// of those few failures, and no network is between it and a decision.
//
// The state machine is gobreaker's. It has one fixed open time, neither
// jittered nor growing, and does not tell how much of it is left; so the open
// time is kept here.
type Breaker struct {
	opts    BreakerOptions
	machine *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu      sync.Mutex
	until   time.Time // attempts are refused before
	failing time.Time // first failure since the last answer; zero: the last word was an answer
	probes  int       // that failed since it opened
}

var errFailed, errUnclear = errors.New("failed"), errors.New("unclear")

// NewBreaker returns a breaker that is closed.
func NewBreaker(o BreakerOptions) *Breaker {
	if o.MaxOpen < o.OpenFor {
		o.MaxOpen = o.OpenFor
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	b := &Breaker{opts: o}
	b.machine = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:          o.Upstream,
		MaxRequests:   1, // one probe
		Timeout:       1, // the shortest: until holds
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= o.Failures },
		IsExcluded:    func(err error) bool { return errors.Is(err, errUnclear) },
		OnStateChange: func(_ string, from, to gobreaker.State) { b.changed(from, to) },
	})
	return b
}

// probeTime is what a refused caller is told to wait while a probe is under
// way.
const probeTime = time.Second

// Enter asks to make one attempt. Where that is refused, leave is nil and wait
// the time until it is worth asking again. Otherwise leave must be called once,
// with what the attempt told; probe says that the whole breaker waits for it.
// A nil Breaker refuses nothing.
func (b *Breaker) Enter() (leave func(Verdict), probe bool, wait time.Duration) {
	if b == nil {
		return func(Verdict) {}, false, 0
	}
	wait, closed := b.left()
	if wait > 0 {
		return nil, false, wait
	}
	done, err := b.machine.Allow()
	if err != nil {
		return nil, false, probeTime
	}
	return func(v Verdict) { b.note(v); done(errorOf(v)) }, !closed, 0
}

// FailingSince is the time of the first failure since the upstream last
// answered; zero where its last word was an answer, or nothing was asked.
func (b *Breaker) FailingSince() time.Time {
	if b == nil {
		return time.Time{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failing
}

// Open reports whether attempts are refused, or one is let through to see
// whether they need to be.
func (b *Breaker) Open() bool {
	if b == nil {
		return false
	}
	_, closed := b.left()
	return !closed
}

func (b *Breaker) left() (open time.Duration, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until.Sub(b.opts.Now()), b.probes == 0
}

func (b *Breaker) note(v Verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case v == Failed && b.failing.IsZero():
		b.failing = b.opts.Now()
	case v == Answered && b.probes == 0:
		b.failing = time.Time{} // where it is open, changed does this, and tells how long it was
	}
}

// changed is called inside the machine's lock.
func (b *Breaker) changed(from, to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.opts.Now()
	switch to {
	case gobreaker.StateOpen:
		open := min(b.opts.OpenFor<<min(b.probes, 16), b.opts.MaxOpen)
		open -= time.Duration(b.opts.Jitter() * float64(open/5))
		b.until = now.Add(open)
		b.probes++
		if from == gobreaker.StateClosed {
			b.opts.Log.Warn("upstream down", "upstream", b.opts.Upstream, "failing_for", now.Sub(b.failing), "open_for", open)
		}
	case gobreaker.StateClosed:
		b.opts.Log.Warn("upstream up again", "upstream", b.opts.Upstream, "down_for", now.Sub(b.failing))
		b.failing, b.until, b.probes = time.Time{}, time.Time{}, 0
	}
}

func errorOf(v Verdict) error {
	switch v {
	case Answered:
		return nil
	case Failed:
		return errFailed
	}
	return errUnclear
}
