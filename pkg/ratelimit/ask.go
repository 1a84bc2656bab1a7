package ratelimit

import (
	"context"
	"fmt"
	"time"
)

// askTimeout is how long a request waits for a count of its own round trip. Tests have
// more.
var askTimeout = 500 * time.Millisecond

// askPause is how long Redis is not asked again after it failed to answer.
const askPause = 5 * time.Second

// Ask has Redis count the request, in a round trip of its own. The error is an
// *Exceeded.
func (p *Pass) Ask(ctx context.Context) error {
	cmd := p.Command()
	if cmd == nil {
		return p.Settle(ctx, nil, nil)
	}
	reply, err := p.do(ctx, cmd...)
	return p.Settle(ctx, reply, err)
}

// Command is the command to send to Redis together with others of the request; nil for
// none. Settle takes the reply.
func (p *Pass) Command() []any {
	if p == nil || p.shared == nil {
		return nil
	}
	now := p.limiter.now()
	if p.limiter.silent(now) {
		return nil
	}
	window := p.shared.claim.Policy.Window
	p.asked, p.key = now, p.limiter.redisKey(p.shared.claim)
	if p.limiter.table.window(p.shared.hash).open(window, now) {
		return []any{"INCR", p.key}
	}
	return []any{"SET", p.key, 1, "NX", "PX", window.Milliseconds()}
}

// Settle evaluates the reply to Command. The error is an *Exceeded. Without a reply this
// process's own count decides.
func (p *Pass) Settle(ctx context.Context, reply any, err error) error {
	if p == nil || p.shared == nil {
		return nil
	}
	h, policy := p.shared, p.shared.claim.Policy
	p.shared = nil
	var b bucket
	if !p.asked.IsZero() {
		if b, err = p.answered(ctx, h, reply, err); err != nil {
			p.limiter.redisFailed(ctx, err)
		}
	}
	if p.asked.IsZero() || err != nil {
		b = p.limiter.table.alone(h.hash, policy.Window, p.now)
	}
	if wait := p.note(h, b); wait > 0 {
		p.refund(p.n)
		return p.refuse(h, wait)
	}
	return nil
}

// answered is the count as Redis has it. It is remembered for later requests.
func (p *Pass) answered(ctx context.Context, h *held, reply any, err error) (bucket, error) {
	policy, key := h.claim.Policy, p.key
	b := bucket{n: 1, busy: p.asked.Add(policy.Window)}
	if err == nil && reply == "OK" { // the window was opened
		p.limiter.table.remember(h.hash, b)
		return b, nil
	}
	if err == nil && reply == nil { // another process has opened it
		reply, err = p.do(ctx, "INCR", key)
	}
	if b.n, err = number(reply, err); err != nil {
		return b, err
	}
	known := p.limiter.table.window(h.hash)
	switch {
	case b.n == 1: // it had ended meanwhile
		_, err = p.do(ctx, "PEXPIRE", key, policy.Window.Milliseconds())
	case b.n > policy.Quota:
		b.busy = p.now.Add(p.rest(ctx, key, policy.Window))
	case known.open(policy.Window, p.now):
		b.busy = known.busy
	default:
		return b, nil // this process does not know when the window ends
	}
	p.limiter.table.remember(h.hash, b)
	return b, err
}

func number(reply any, err error) (int, error) {
	if failed, ok := reply.(error); ok && err == nil {
		err = failed
	}
	n, ok := reply.(int64)
	if err == nil && (!ok || n < 1) {
		err = fmt.Errorf("answer of type %T to a count", reply)
	}
	return int(n), err
}

// rest is how much longer a window lasts whose quota is used up. If a process was killed
// before it set the count's lifetime, that is set here.
func (p *Pass) rest(ctx context.Context, key string, window time.Duration) time.Duration {
	reply, err := p.do(ctx, "PTTL", key)
	ms, ok := reply.(int64)
	left := time.Duration(ms) * time.Millisecond
	switch {
	case err != nil || !ok:
		return window
	case ms == -2: // it has just ended
		return time.Millisecond
	case ms < 0 || left > window:
		_, _ = p.do(ctx, "PEXPIRE", key, window.Milliseconds()) // the next refusal tries again
		return window
	}
	return max(left, time.Millisecond)
}

// do runs one command. A caller who hangs up does not cancel it: the request counts.
func (p *Pass) do(ctx context.Context, cmd ...any) (any, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	return p.limiter.redis.Do(ctx, cmd...)
}
