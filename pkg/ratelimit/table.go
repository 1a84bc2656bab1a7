package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"
)

// maxBuckets bounds the memory of a process's own counts: about 1 MB.
const maxBuckets = 8192

// bucket is what one process knows of one claim's count.
type bucket struct {
	// busy is until when the requests so far keep the limit busy; for a shared claim,
	// when the window of n ends.
	busy time.Time
	n    int // of a shared claim
}

// table holds the buckets of a process. Its keys are seeded hashes, so it holds no
// token and no address.
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
	if c.Shared {
		_ = h.WriteByte(1)
	}
	return h.Sum64()
}

// take counts one request and returns until when the limit is busy, or counts nothing
// and returns how long to wait.
func (t *table) take(key uint64, limit Limit, now time.Time) (busy time.Time, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buckets[key]
	if wait = limit.Wait(b.busy, now); wait == 0 {
		b.busy = limit.Take(b.busy, now)
		t.put(key, b)
	}
	return b.busy, wait
}

// refund removes a request that another limit refused.
func (t *table) refund(key uint64, limit Limit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b, known := t.buckets[key]; known {
		b.busy = b.busy.Add(-limit.Interval)
		t.buckets[key] = b
	}
}

// window is what is known of the window of a shared claim.
func (t *table) window(key uint64) bucket {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buckets[key]
}

// remember stores what Redis said of a shared claim.
func (t *table) remember(key uint64, b bucket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(key, b)
}

// alone counts one of a shared claim without Redis.
func (t *table) alone(key uint64, window time.Duration, now time.Time) bucket {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buckets[key]
	if !b.open(window, now) {
		b = bucket{busy: now.Add(window)}
	}
	b.n++
	t.put(key, b)
	return b
}

// open reports whether the window of a shared claim is open. If it seems to end later
// than possible, the clock was set back.
func (b bucket) open(window time.Duration, now time.Time) bool {
	return now.Before(b.busy) && !b.busy.After(now.Add(window))
}

// put needs t.mu held.
func (t *table) put(key uint64, b bucket) {
	if _, known := t.buckets[key]; !known && len(t.buckets) >= maxBuckets {
		t.drop()
	}
	t.buckets[key] = b
}

// sampled is how many buckets drop compares.
const sampled = 8

// drop makes room: it deletes, of some random buckets, the one that is free soonest. It
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
