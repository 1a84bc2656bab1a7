package ratelimit

import (
	"strconv"
	"time"
)

// Policy is one limit, made by NewPolicy, as callers are told of it: a quota
// that may be used at once and comes back evenly over the window.
type Policy struct {
	Name   string
	Quota  int
	Window time.Duration
	// Share is how many requests of a caller a process admits in a window
	// before it tells Redis of them. 1 is a strict policy: Redis is asked about
	// each.
	Share int

	field []string // of RateLimit-Policy
}

// NewPolicy returns a policy. The quota must divide the window into whole
// milliseconds, with which Redis counts.
func NewPolicy(name string, quota int, window time.Duration, share int) Policy {
	return Policy{Name: name, Quota: quota, Window: window, Share: share,
		field: []string{`"` + name + `";q=` + strconv.Itoa(quota) + ";w=" + strconv.Itoa(int(window/time.Second))}}
}

// The policies. A desktop that polls every 10 s makes 6 reads a minute, 30 in
// the first after a start, and a dozen at once when it is opened: ten of one
// person's devices fit, and an office of 150 desktops behind one address.
var (
	Reads = NewPolicy("read", 120, time.Minute, 20)
	// Writes change something, at an upstream's cost.
	Writes = NewPolicy("write", 30, time.Minute, 1)
	// Lookups read, but an upstream is asked each time. A search is sent at each
	// pause in typing. A single issue is a read: most are in Redis.
	Lookups = NewPolicy("lookup", 60, time.Minute, 1)
	// CostlyPerAddress bounds writes and lookups of callers whom nobody has
	// checked: they could be another one each time.
	CostlyPerAddress = NewPolicy("costly-address", 300, time.Minute, 1)
	// PerAddress bounds everything.
	PerAddress = NewPolicy("address", 1200, time.Minute, 200)
	// DeepHealth asks every upstream; a probe may do so every 30 s from several
	// places behind one address.
	DeepHealth = NewPolicy("health", 12, time.Minute, 6)
)

// debtWindows is for how many windows a caller may be shut out who used many
// instances at once, and any caller by an instance's wrong clock. It makes room
// for what Quota × debtWindows / Share instances have not told.
const debtWindows = 3

func (p *Policy) limit() Limit {
	limit := Limit{Burst: p.Quota, Interval: p.Window / time.Duration(p.Quota)}
	if !p.strict() {
		limit.Debt = debtWindows * p.Quota
	}
	return limit
}

func (p *Policy) strict() bool { return p.Share <= 1 }
