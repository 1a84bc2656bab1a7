package bridge

import (
	"context"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

const (
	// staleAfter is when package timercache may begin to call a sync stale.
	staleAfter = 10 * time.Minute
	// freshnessRetry is how soon the cache is asked again while it says stale, or
	// does not answer.
	freshnessRetry   = 10 * time.Second
	freshnessTimeout = 2 * time.Second
)

// freshness asks the cache how old Clockwork's data is, whenever that may have become
// stale, or fresh again.
type freshness struct {
	cache   Cache
	publish func(f realtime.Freshness, changed bool)

	reading sync.Mutex // held during a read

	mu    sync.Mutex
	last  realtime.Freshness
	known bool      // the cache was asked
	next  time.Time // when to ask again
}

func (f *freshness) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.known || !now.Before(f.next)
}

// heard makes a read due if the last one said stale: Clockwork has just been heard.
func (f *freshness) heard() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last.Stale {
		f.next = time.Time{}
	}
}

// read asks the cache if that is due.
func (f *freshness) read(ctx context.Context, now time.Time) error {
	if !f.due(now) {
		return nil
	}
	f.reading.Lock()
	defer f.reading.Unlock()
	if !f.due(now) {
		return nil // another call was faster
	}
	// Others wait for the answer too, so a client that hangs up does not cancel it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), freshnessTimeout)
	defer cancel()
	answer, err := f.cache.Freshness(ctx)
	next, changed := f.set(answer, err, now)
	f.publish(next, changed)
	return err
}

// set records an answer. Without one, the last sync grows old nevertheless.
func (f *freshness) set(answer timercache.Freshness, err error, now time.Time) (next realtime.Freshness, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next = f.last
	switch {
	case err != nil:
		next.Stale = next.SyncedAt == nil || now.Sub(*next.SyncedAt) > staleAfter
	case answer.SyncedAt.IsZero():
		next = realtime.Freshness{Stale: true}
	default:
		next = realtime.Freshness{SyncedAt: new(answer.SyncedAt.UTC()), Stale: answer.Stale}
	}
	f.next = now.Add(freshnessRetry)
	if err == nil && !next.Stale {
		if later := next.SyncedAt.Add(staleAfter + time.Second); later.After(f.next) {
			f.next = later
		}
	}
	changed = f.known && (next.Stale != f.last.Stale || next.Stale && !sameMoment(next.SyncedAt, f.last.SyncedAt))
	f.last, f.known = next, true
	return next, changed
}

func sameMoment(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
