package ratelimit

import (
	"strconv"
	"time"
)

// Policy is a quota for a window, as callers see it in the headers. NewPolicy makes one.
type Policy struct {
	Name   string
	Quota  int
	Window time.Duration

	field []string // of RateLimit-Policy
}

// NewPolicy returns a policy.
func NewPolicy(name string, quota int, window time.Duration) Policy {
	return Policy{Name: name, Quota: quota, Window: window,
		field: []string{`"` + name + `";q=` + strconv.Itoa(quota) + ";w=" + strconv.Itoa(int(window/time.Second))}}
}

// The policies. A desktop that polls every 10 s makes 6 reads a minute, 30 in
// the first after a start, and a dozen at once when it is opened: ten of one
// person's devices fit, and an office of 150 desktops behind one address.
var (
	Reads = NewPolicy("read", 120, time.Minute)
	// Writes change something, at an upstream's cost.
	Writes = NewPolicy("write", 30, time.Minute)
	// Lookups read, but an upstream is asked each time. A search is sent at each
	// pause in typing. A single issue is a read: most are in Redis.
	Lookups = NewPolicy("lookup", 60, time.Minute)
	// CostlyPerAddress bounds writes and lookups of unidentified callers, who could
	// pretend to be another one each time.
	CostlyPerAddress = NewPolicy("costly-address", 300, time.Minute)
	// PerAddress bounds everything.
	PerAddress = NewPolicy("address", 1200, time.Minute)
	// SignIns are those at one provider from an address. They bound guesses too: of
	// callbacks, of apps' codes, and of sessions.
	SignIns = NewPolicy("signin", 30, time.Minute)
	// Refreshes are those of one session, in all its tabs.
	Refreshes = NewPolicy("refresh", 60, time.Minute)
	// DeepHealth asks every upstream; a probe may do so every 30 s from several
	// places behind one address.
	DeepHealth = NewPolicy("health", 12, time.Minute)
)

// evenly is the policy's limit in one process.
func (p *Policy) evenly() Limit {
	return Limit{Burst: p.Quota, Interval: p.Window / time.Duration(p.Quota)}
}
