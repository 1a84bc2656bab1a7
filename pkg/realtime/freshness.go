package realtime

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

const (
	// staleAfter is when package timercache may begin to call a sync stale.
	staleAfter = 10 * time.Minute
	// freshnessPause is how long after an answer that says stale, or none, the
	// cache is asked again.
	freshnessPause = 10 * time.Second
	// freshnessTimeout bounds one such question.
	freshnessTimeout = 2 * time.Second
)

// Freshness is how old Clockwork's word on its timers is.
type Freshness struct {
	SyncedAt *time.Time `json:"synced_at"` // when Clockwork last answered; nil if that is not known
	Stale    bool       `json:"stale"`     // too long ago: what is shown may no longer be so
}

// freshness knows how old Clockwork's word is, and asks the cache again when it
// may have become stale, or fresh. Its nil value is for a server without
// Clockwork: nothing is ever stale.
type freshness struct {
	cache   Cache
	changed func(Freshness) // called for each change, one at a time

	asking sync.Mutex // held during a question

	mu    sync.Mutex
	now   Freshness
	known bool      // the cache was asked
	next  time.Time // when to ask again
}

func (f *freshness) get() Freshness {
	if f == nil {
		return Freshness{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *freshness) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.known || !now.Before(f.next)
}

// heard brings the next question forward if the last answer was stale: Clockwork
// has just been heard.
func (f *freshness) heard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.Stale {
		f.next = time.Time{}
	}
}

// ask asks the cache if that is due.
func (f *freshness) ask(ctx context.Context, now time.Time) error {
	if !f.due(now) {
		return nil
	}
	f.asking.Lock()
	defer f.asking.Unlock()
	if !f.due(now) {
		return nil // another call was faster
	}
	ctx, cancel := context.WithTimeout(ctx, freshnessTimeout)
	defer cancel()
	last, err := f.cache.Freshness(ctx)
	f.set(last, err, now)
	return err
}

// set records an answer. Without one, the last known sync grows old all the same.
func (f *freshness) set(last timercache.Freshness, err error, now time.Time) {
	f.mu.Lock()
	next := f.now
	switch {
	case err != nil:
		next.Stale = next.SyncedAt == nil || now.Sub(*next.SyncedAt) > staleAfter
	case last.SyncedAt.IsZero():
		next = Freshness{Stale: true}
	default:
		at := last.SyncedAt.UTC()
		next = Freshness{&at, last.Stale}
	}
	f.next = now.Add(freshnessPause)
	if err == nil && !next.Stale {
		f.next = later(f.next, next.SyncedAt.Add(staleAfter+time.Second))
	}
	changed := f.known && (next.Stale != f.now.Stale || next.Stale && !sameMoment(next.SyncedAt, f.now.SyncedAt))
	f.now, f.known = next, true
	f.mu.Unlock()
	if changed {
		f.changed(next)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func sameMoment(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func (f Freshness) encode() []byte {
	encoded, _ := json.Marshal(struct { // always encodes
		Event   string    `json:"event"`
		Payload Freshness `json:"payload"`
	}{"freshness", f})
	return encoded
}
