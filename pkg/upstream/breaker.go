package upstream

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrOpen means that a call was not sent, because its upstream has not answered
// for a while: it certainly did not arrive.
var ErrOpen = errors.New("not asked: it did not answer several times in a row")

// Verdict is what one attempt says about an upstream.
type Verdict int

// The verdicts.
const (
	Unclear  Verdict = iota // nothing: the caller hung up, for one
	Answered                // it works, whatever it thinks of the question
	Failed                  // it does not
)

// BreakerOptions configure a Breaker. Failures and OpenFor are required.
type BreakerOptions struct {
	Upstream string        // names it in the log
	Failures int           // in a row, that open it
	OpenFor  time.Duration // at first; each probe that fails doubles it
	MaxOpen  time.Duration // bounds that; default OpenFor
	Log      *slog.Logger  // a warning when it opens, another when it closes; default: none

	Now    func() time.Time // default time.Now
	Jitter func() float64   // in [0, 1), takes up to a fifth of an open time; default random
}

// Breaker keeps a process from waiting again and again for an upstream that
// does not answer. After some failures in a row it is open, and attempts are
// refused. When its time is over one attempt is let through as a probe: an
// answer closes it, a failure opens it for longer. Each process has its own, so that a
// decision needs no network: each instance of a function has to see the few failures
// itself.
//
// If all failures in the row are one caller's it opens for that caller alone:
// the upstream may only be slow with what this caller asks. It opens for all
// with the next failure of another, and any answer closes it.
type Breaker struct {
	opts BreakerOptions

	mu       sync.Mutex
	row      int       // failures since the last answer
	first    string    // caller of the first of them
	several  bool      // another caller is among them, or it is not known whose they are
	failing  time.Time // first failure since the last answer; zero: the last word was an answer
	probes   int       // how often it opened since it was closed; 0: it is
	until    time.Time // attempts are refused before
	probing  bool
	reported bool // that it is open for all
	era      int  // attempts of an earlier one say nothing
}

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
	return &Breaker{opts: o}
}

// probeTime is how long a refused caller should wait while a probe is under way.
const probeTime = time.Second

// Enter asks to make one attempt for a caller, "" if nobody knows for whom. If
// that is refused, leave is nil and wait the time until it is worth asking
// again. Otherwise leave must be called once, with the verdict of the attempt; probe
// says that those who are refused wait for it. A nil Breaker refuses nothing.
func (b *Breaker) Enter(caller string) (leave func(Verdict), probe bool, wait time.Duration) {
	if b == nil {
		return func(Verdict) {}, false, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.probes > 0 && (b.several || caller == b.first) {
		if wait := b.until.Sub(b.opts.Now()); wait > 0 {
			return nil, false, wait
		}
		if b.probing {
			return nil, false, probeTime
		}
		b.probing, probe = true, true
	}
	era := b.era
	return func(v Verdict) { b.leave(v, caller, probe, era) }, probe, 0
}

func (b *Breaker) leave(v Verdict, caller string, probe bool, era int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if era != b.era {
		return
	}
	if probe {
		b.probing = false
	}
	switch {
	case v == Answered:
		b.close()
	case v == Failed:
		b.fail(caller, probe)
	}
}

// fail needs mu held.
func (b *Breaker) fail(caller string, probe bool) {
	if b.failing.IsZero() {
		b.failing = b.opts.Now()
	}
	if b.row == 0 {
		b.first = caller
	}
	b.row++
	others := caller == "" || caller != b.first
	b.several = b.several || others
	// While it is open for one caller alone, what they sent before is no news.
	if b.row >= b.opts.Failures && (b.probes == 0 || probe || others) {
		b.open()
	}
}

// open needs mu held.
func (b *Breaker) open() {
	now := b.opts.Now()
	open := min(b.opts.OpenFor<<min(b.probes, 16), b.opts.MaxOpen)
	open -= time.Duration(b.opts.Jitter() * float64(open/5))
	b.until = now.Add(open)
	if b.several {
		b.era++
	}
	if b.probes == 0 || b.several && !b.reported {
		b.opts.Log.Warn("upstream down", "upstream", b.opts.Upstream, "for_all", b.several, "failing_for", now.Sub(b.failing), "open_for", open)
	}
	b.reported = b.several
	b.probing = false
	b.probes++
}

// close needs mu held.
func (b *Breaker) close() {
	if b.probes > 0 {
		b.opts.Log.Warn("upstream up again", "upstream", b.opts.Upstream, "down_for", b.opts.Now().Sub(b.failing))
		b.era++
	}
	b.row, b.first, b.several, b.reported = 0, "", false, false
	b.failing, b.until, b.probes, b.probing = time.Time{}, time.Time{}, 0, false
}

// FailingSince is the time of the first failure since the upstream last
// answered; zero if its last call was answered, or nothing was asked.
func (b *Breaker) FailingSince() time.Time {
	if b == nil {
		return time.Time{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failing
}

// Open reports whether everybody's attempts are refused, or one is let through
// to see whether they need to be.
func (b *Breaker) Open() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.probes > 0 && b.several
}
