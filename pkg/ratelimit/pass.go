package ratelimit

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// askTimeout is how long a question that goes alone may hold a request up; tests
// have more.
var askTimeout = 500 * time.Millisecond

// askPause is for how long none is asked after one that was not answered.
const askPause = 5 * time.Second

// Pass is one request's way past the limits. A nil Pass is that of a request
// that is not limited.
type Pass struct {
	limiter *Limiter
	now     time.Time
	held    [3]held
	n       int
	state   atomic.Int32
	refused *held // nil where the request may go on
}

// held is one claim of a request.
type held struct {
	claim  Claim
	hash   uint64
	bucket bucket
	due    int // how many Redis is to be told of, or asked for
}

// States of a Pass: nothing for Redis, or not yet sent. Only who takes it from
// waiting sends it.
const (
	quiet int32 = iota
	waiting
)

func (p *Pass) refuse(h *held, wait time.Duration) error {
	p.refused = h
	return &Exceeded{Policy: h.claim.Policy.Name, RetryAfter: wait}
}

// take hands what is for Redis to the one who will send it.
func (p *Pass) take() bool { return p != nil && p.state.CompareAndSwap(waiting, quiet) }

// counts is what is for Redis.
func (p *Pass) counts() []Count {
	var counts []Count
	for _, h := range p.held[:p.n] {
		if h.due > 0 {
			counts = append(counts, Count{Key: p.limiter.redisKey(h.claim), Limit: h.claim.Policy.limit(), N: h.due, Counted: !h.claim.Policy.strict()})
		}
	}
	return counts
}

// Ask sends what is for Redis by itself, where no command of the request's has
// taken it along. The error is an *Exceeded.
func (p *Pass) Ask(ctx context.Context) error {
	if !p.take() || p.limiter.now().UnixNano() < p.limiter.silentUntil.Load() {
		return nil
	}
	// A caller who hangs up is counted all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	reply, err := p.limiter.redis.Do(ctx, command(p.now, p.counts())...)
	return p.settle(ctx, reply, err)
}

// settle takes in Redis' answer. Where there is none, the process's own count
// has decided.
func (p *Pass) settle(ctx context.Context, reply any, err error) error {
	counts := 0
	for _, h := range p.held[:p.n] {
		counts += min(h.due, 1)
	}
	var wait time.Duration
	var busy []time.Time
	if err == nil {
		wait, busy, err = read(reply, counts)
	}
	if err != nil {
		p.limiter.unheard(ctx, err)
		return nil
	}
	var slowest *held
	for i := range p.held[:p.n] {
		h := &p.held[i]
		if h.due == 0 {
			continue
		}
		if wait > 0 && h.claim.Policy.strict() { // it was not counted
			p.limiter.table.giveBack(h.hash, h.claim.Policy, h.due)
		}
		h.bucket = p.limiter.table.learn(h.hash, h.claim.Policy, busy[0])
		busy = busy[1:]
		if h.claim.Policy.strict() && (slowest == nil || h.wait(p.now) > slowest.wait(p.now)) {
			slowest = h
		}
	}
	if wait > 0 && slowest != nil {
		return p.refuse(slowest, wait)
	}
	return nil
}

func (h *held) wait(now time.Time) time.Duration {
	return h.claim.Policy.limit().Wait(h.bucket.busy, now)
}

// Tell writes the RateLimit fields (draft-ietf-httpapi-ratelimit-headers) of
// the policy that refused the request, or of the request's first: t is when
// the whole quota is there again, in seconds.
func (p *Pass) Tell(header http.Header) {
	if p == nil {
		return
	}
	h := p.refused
	if h == nil {
		h = &p.held[0]
	}
	policy := h.claim.Policy
	left := policy.limit().Left(h.bucket.busy, p.now)
	if p.refused != nil {
		left = 0
	}
	seconds := max(0, (h.bucket.busy.Sub(p.now)+time.Second-1)/time.Second)
	field := make([]byte, 0, 48)
	field = append(append(append(field, '"'), policy.Name...), `";r=`...)
	field = append(strconv.AppendInt(field, int64(left), 10), ";t="...)
	field = strconv.AppendInt(field, int64(seconds), 10)
	header["Ratelimit"] = []string{string(field)}
	header["Ratelimit-Policy"] = policy.field
}
