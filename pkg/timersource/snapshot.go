package timersource

import (
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// snapshot joins the pages that decide what runs. A timer on several pages is taken
// from the one that came last, unless its place was seen without it later. Finished
// timers are left out. finished is false if the search ended early.
func (r *reading) snapshot(finished bool) Snapshot {
	s := Snapshot{Timers: []timer.Timer{}, Pages: r.first, Unreadable: r.unreadable()}
	latest := map[int64]int{} // by id, the page
	for i, p := range r.pages {
		if p.at.After(s.CachedAt) {
			s.CachedAt = p.at
		}
		for _, t := range p.Timers {
			if page, ok := latest[t.ID]; !ok || !p.at.Before(r.pages[page].at) {
				latest[t.ID] = i
			}
		}
	}
	open := map[int64]bool{}
	for _, t := range r.undecided(finished) {
		if _, seen := latest[t.ID]; seen {
			open[t.ID] = true
		} else {
			s.Unproven = append(s.Unproven, t)
		}
	}
	later := r.later()
	for i, p := range r.pages {
		for _, t := range p.Timers {
			if latest[t.ID] != i || t.FinishedAt != nil || i < r.since && !open[t.ID] || r.stopped(later, t, p.at) {
				continue
			}
			latest[t.ID] = -1 // taken
			s.Timers = append(s.Timers, advance(t, s.CachedAt.Sub(p.at)))
		}
	}
	return s
}

// later are the spans of the pages that were read after a whole pass.
func (r *reading) later() []span {
	if r.order == 0 {
		return nil
	}
	return r.spansOf(r.pages[min(r.since+r.first, len(r.pages)):])
}

// stopped reports whether the place of a timer was seen without it after a moment at
// which it was there. Only timers that no later page shows are asked about.
func (r *reading) stopped(later []span, t timer.Timer, at time.Time) bool {
	return slices.ContainsFunc(later, func(s span) bool { return s.sent.After(at) && s.lacks(t, r.order*t.ID) })
}

// unreadable are the entries that could not be read: each id once, and those without
// an id from the first pass.
func (r *reading) unreadable() (unreadable []clockwork.UnreadableTimer) {
	listed := map[int64]bool{}
	for i, p := range r.pages {
		for _, u := range p.Unreadable {
			if u.Finished || listed[u.ID] || u.ID == 0 && i >= r.first {
				continue
			}
			listed[u.ID] = u.ID != 0
			unreadable = append(unreadable, u)
		}
	}
	return unreadable
}

// advance moves TillNow on by d. A timer on hold stands still.
func advance(t timer.Timer, d time.Duration) timer.Timer {
	if t.WithinWorkingHours {
		t.TillNow += int64(d.Round(time.Second) / time.Second)
	}
	return t
}
