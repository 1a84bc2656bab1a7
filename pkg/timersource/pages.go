package timersource

import (
	"context"
	"fmt"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/timer"
)

const (
	pageConcurrency = 4
	maxPages        = 200
	maxReadings     = 3
)

// pageReader reads one page, counted from 1.
type pageReader func(ctx context.Context, page int) (clockwork.TimersPage, error)

// readTimers reads every page. The list moves while it is read: where its
// pages do not fit together it is read again, and after some readings the last
// one is kept, and marked. A number of timers that is never met, though the
// same ones come twice, is a wrong number and no movement.
func readTimers(ctx context.Context, read pageReader, now func() time.Time) (Snapshot, error) {
	var before reading
	for n := 1; ; n++ {
		r, err := readOnce(ctx, read, now)
		if err != nil {
			return Snapshot{}, err
		}
		settled := r.settled() || r.fits() && n > 1 && maps.Equal(r.ids(), before.ids())
		before = r
		if settled || n == maxReadings {
			snapshot := r.snapshot()
			snapshot.Unsettled = !settled
			return snapshot, nil
		}
	}
}

// reading is one pass over the pages.
type reading struct {
	startedAt time.Time
	pages     []receivedPage
}

type receivedPage struct {
	clockwork.TimersPage
	at time.Time
}

func readOnce(ctx context.Context, read pageReader, now func() time.Time) (reading, error) {
	r := reading{startedAt: now(), pages: make([]receivedPage, 1)}
	receive := func(ctx context.Context, page int) error {
		got, err := read(ctx, page)
		r.pages[page-1] = receivedPage{got, now()}
		return err
	}
	if err := receive(ctx, 1); err != nil {
		return reading{}, err
	}
	first := r.pages[0]
	if first.Pages > maxPages {
		return reading{}, fmt.Errorf("%w: %d pages of timers, at most %d are read", ErrUnknownShape, first.Pages, maxPages)
	}
	if first.IsLast {
		return r, nil
	}
	r.pages = append(r.pages, make([]receivedPage, max(first.Pages, 1)-1)...)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pageConcurrency)
	for page := 2; page <= len(r.pages); page++ {
		group.Go(func() error { return receive(ctx, page) })
	}
	return r, group.Wait()
}

// settled reports whether the pages are those of one list, and together have
// the promised number of timers.
func (r reading) settled() bool {
	total := r.pages[0].Total
	return r.fits() && (total < 0 || total == len(r.ids()))
}

// fits reports whether the pages can be those of one list: they agree on its
// length, each is the one that was asked for, and no timer is on two of them.
func (r reading) fits() bool {
	first, count := r.pages[0], 0
	for i, p := range r.pages {
		inPlace := p.Page == 0 || p.Page == i+1
		if !inPlace || p.Total != first.Total || p.Pages != first.Pages || p.IsLast != (i == len(r.pages)-1) {
			return false
		}
		count += len(p.Timers)
	}
	return len(r.ids()) == count
}

func (r reading) ids() map[int64]bool {
	ids := map[int64]bool{}
	for _, p := range r.pages {
		for _, t := range p.Timers {
			ids[t.ID] = true
		}
	}
	return ids
}

// snapshot joins the pages. A timer on two of them is taken from the one that
// came later. Finished timers are left out.
func (r reading) snapshot() Snapshot {
	s := Snapshot{Timers: []timer.Timer{}, FetchedAt: r.startedAt, Pages: len(r.pages)}
	latest := map[int64]time.Time{}
	for _, p := range r.pages {
		if p.at.After(s.CachedAt) {
			s.CachedAt = p.at
		}
		for _, t := range p.Timers {
			if seen, ok := latest[t.ID]; !ok || p.at.After(seen) {
				latest[t.ID] = p.at
			}
		}
	}
	for _, p := range r.pages {
		for _, t := range p.Timers {
			if t.FinishedAt != nil || !latest[t.ID].Equal(p.at) {
				continue
			}
			latest[t.ID] = time.Time{} // taken
			s.Timers = append(s.Timers, advance(t, s.CachedAt.Sub(p.at)))
		}
	}
	return s
}

// advance moves TillNow on by d. A timer on hold stands still.
func advance(t timer.Timer, d time.Duration) timer.Timer {
	if t.WithinWorkingHours {
		t.TillNow += int64(d.Round(time.Second) / time.Second)
	}
	return t
}
