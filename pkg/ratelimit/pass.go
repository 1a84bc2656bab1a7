package ratelimit

import (
	"net/http"
	"strconv"
	"time"
)

// Pass is the state of one request's limits. A nil Pass limits nothing.
type Pass struct {
	limiter *Limiter
	now     time.Time
	held    [3]held
	n       int
	shared  *held     // to be counted by Redis; or nil
	asked   time.Time // when Redis was asked; or zero
	key     string    // that it was asked for
	refused *held     // nil if the request may go on
}

// held is one claim of a request, and the values of its headers.
type held struct {
	claim Claim
	hash  uint64
	left  int           // requests
	reset time.Duration // until the whole quota is there
}

// count counts a claim in this process, and returns how long to wait if that refuses
// the request.
func (p *Pass) count(h *held) (wait time.Duration) {
	policy := h.claim.Policy
	if h.claim.Shared {
		p.shared = h
		known := p.limiter.table.window(h.hash)
		if !known.open(policy.Window, p.now) {
			known = bucket{busy: p.now.Add(policy.Window)}
		}
		return p.note(h, known)
	}
	limit := policy.evenly()
	busy, wait := p.limiter.table.take(h.hash, limit, p.now)
	h.left, h.reset = limit.Left(busy, p.now), busy.Sub(p.now)
	return wait
}

// note stores a shared claim's count, and returns how long to wait if it is too high.
func (p *Pass) note(h *held, b bucket) (wait time.Duration) {
	h.left, h.reset = max(0, h.claim.Policy.Quota-b.n), b.busy.Sub(p.now)
	if b.n > h.claim.Policy.Quota {
		return h.reset
	}
	return 0
}

// refund removes the request from the first n counts.
func (p *Pass) refund(n int) {
	for _, h := range p.held[:n] {
		if !h.claim.Shared {
			p.limiter.table.refund(h.hash, h.claim.Policy.evenly())
		}
	}
}

func (p *Pass) refuse(h *held, wait time.Duration) error {
	p.shared, p.refused = nil, h
	return &Exceeded{Policy: h.claim.Policy.Name, RetryAfter: wait}
}

// WriteHeader writes the RateLimit fields (draft-ietf-httpapi-ratelimit-headers) of
// the policy that refused the request, or of the request's first: t is when
// the whole quota is there again, in seconds.
func (p *Pass) WriteHeader(header http.Header) {
	if p == nil {
		return
	}
	h := p.refused
	if h == nil {
		h = &p.held[0]
	}
	left := h.left
	if p.refused != nil {
		left = 0
	}
	seconds := max(0, (h.reset+time.Second-1)/time.Second)
	field := make([]byte, 0, 48)
	field = append(append(append(field, '"'), h.claim.Policy.Name...), `";r=`...)
	field = append(strconv.AppendInt(field, int64(left), 10), ";t="...)
	field = strconv.AppendInt(field, int64(seconds), 10)
	header["Ratelimit"] = []string{string(field)}
	header["Ratelimit-Policy"] = h.claim.Policy.field
}
