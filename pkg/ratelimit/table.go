package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"
)

// maxBuckets bounds the memory of a process's own counts: about 1 MB.
const maxBuckets = 8192

// bucket is what one process knows of one count.
type bucket struct {
	busy   time.Time // as Redis last said, and what was counted here since
	told   time.Time // when the window began in which unsaid is counted
	unsaid int       // counted here, and not yet in Redis
}

// table holds the buckets of a process. Its keys are hashes with a seed of its
// own: it holds nobody's token or address.
type table struct {
	mu      sync.Mutex
	seed    maphash.Seed
	buckets map[uint64]bucket
}

func newTable() *table { return &table{seed: maphash.MakeSeed(), buckets: map[uint64]bucket{}} }

func (t *table) key(c Claim) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	for _, part := range [...]string{c.Policy.Name, c.Kind, c.Value} {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// take counts one and returns the bucket as it is then, and how many Redis is
// to be told of now; or counts nothing and returns how long to wait.
func (t *table) take(key uint64, p *Policy, now time.Time) (b bucket, due int, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, known := t.buckets[key]
	limit := p.limit()
	if wait = limit.Wait(b.busy, now); wait > 0 {
		return b, 0, wait
	}
	if !known && len(t.buckets) >= maxBuckets {
		t.drop()
	}
	if now.Sub(b.told) >= p.Window {
		b.told, b.unsaid = now, 0
	}
	b.busy = limit.Take(b.busy, now)
	if b.unsaid++; b.unsaid >= p.Share {
		due, b.unsaid = b.unsaid, 0
	}
	t.buckets[key] = b
	return b, due, 0
}

// giveBack takes one out again that another limit did not allow.
func (t *table) giveBack(key uint64, p *Policy, due int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b, known := t.buckets[key]; known {
		b.busy = b.busy.Add(-p.limit().Interval)
		b.unsaid = max(0, b.unsaid+due-1)
		t.buckets[key] = b
	}
}

// learn takes in what Redis said, beside what was counted here meanwhile. An
// answer may be older than what is known: several are under way at once.
func (t *table) learn(key uint64, p *Policy, busy time.Time) bucket {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, known := t.buckets[key]
	if busy = busy.Add(time.Duration(b.unsaid) * p.limit().Interval); busy.After(b.busy) {
		b.busy = busy
	}
	if known {
		t.buckets[key] = b
	}
	return b
}

// sampled is how many buckets are looked at to find one that matters little.
const sampled = 8

// drop makes room: of some at random the one goes that is free soonest. It
// needs t.mu held.
func (t *table) drop() {
	var soonest uint64
	var busy time.Time
	seen := 0
	for key, b := range t.buckets {
		if seen == 0 || b.busy.Before(busy) {
			soonest, busy = key, b.busy
		}
		if seen++; seen == sampled {
			break
		}
	}
	delete(t.buckets, soonest)
}
