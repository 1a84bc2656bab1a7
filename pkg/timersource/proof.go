package timersource

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timer"
)

const (
	// maxSearchCalls bounds the calls to look into one gap.
	maxSearchCalls = 10
	// provingTurns is how often a search turns between the two pages at a gap until a
	// timer that was not seen does not run. A running one escapes one turn only if the
	// list moves over the gap just then, and the next only if it moves back. One of the
	// two moves changes the length of the list, so turns count while that stays.
	provingTurns = 2
	// provingTurnsWithoutLength is the same if the pages do not say how long the list is.
	provingTurnsWithoutLength = 5
	// maxGaps is how many gaps are searched for new timers. If there are more, the list
	// is read as a whole.
	maxGaps = 20
	// maxQuietGaps is the same for a list that seems to be at rest: one that
	// stops and one that starts at once leave its length as it is.
	maxQuietGaps = 2
	// minOrdered is how many timers must be in order before that is taken for the
	// list's order, not for chance.
	minOrdered = 5
)

// A position is an id, or its negative if the list descends: positions ascend along
// the list.

// span is the part of the list that one page showed at one moment: every
// timer that ran then and whose position lies within it was on the page.
type span struct {
	first, last int64
	page        int
	sent        time.Time
	unreadable  []unreadableEntry
}

// unreadableEntry is an entry that could not be read: whose it is, and between which
// positions it stands.
type unreadableEntry struct {
	id            int64  // 0 if it could not be read either
	account       string // "" likewise
	after, before int64
}

// gap is a part of the list between two spans, its ends not included.
type gap struct {
	after, before int64
	page          int // the one behind it, when it was last seen
}

func (g gap) holds(position int64) bool { return g.after < position && position < g.before }

// orderOf is 1 if ids ascend along the pages, -1 if they descend, 0 if neither.
func orderOf(pages []receivedPage) int64 {
	for _, order := range []int64{-1, 1} {
		if inOrder(pages, order) {
			return order
		}
	}
	return 0
}

// showsOrder reports whether pages have enough timers for their order not to be chance.
func showsOrder(pages []receivedPage) bool {
	timers := 0
	for _, p := range pages {
		timers += len(p.Timers)
	}
	return timers >= minOrdered
}

// inOrder reports whether each page is in order, and they are among each other
// but for timers that moved between two of them: most of those come twice.
func inOrder(pages []receivedPage, order int64) bool {
	last, entries, misplaced, seen := int64(math.MinInt64), 0, 0, map[int64]bool{}
	for _, p := range pages {
		from := int64(math.MinInt64)
		for _, t := range p.Timers {
			if t.FinishedAt != nil {
				continue // they may stand elsewhere
			}
			position := order * t.ID
			if position < from {
				return false
			}
			if entries++; position < last && !seen[t.ID] {
				misplaced++
			}
			from, seen[t.ID] = position, true
		}
		last = max(last, from)
	}
	return misplaced <= entries/50
}

// keepsOrder reports whether the pages since the first pass are in its order.
func (r *reading) keepsOrder() bool {
	return !slices.ContainsFunc(r.pages[r.first:], func(p receivedPage) bool { return !inOrder([]receivedPage{p}, r.order) })
}

// span is false for a page that shows no timer, or is out of order.
func (r *reading) span(p receivedPage) (s span, ok bool) {
	position := int64(math.MinInt64)
	s = span{first: math.MaxInt64, page: p.asked, sent: p.sent}
	for _, t := range p.Timers {
		if t.FinishedAt != nil {
			continue
		}
		if r.order*t.ID < position {
			return span{}, false
		}
		position = r.order * t.ID
		s.first = min(s.first, position)
	}
	s.last = position
	if p.asked == 1 && p.inPlace() {
		s.first = math.MinInt64
	}
	if p.IsLast && (s.first <= s.last || p.asked == 1) {
		s.last = math.MaxInt64
	}
	s.unreadable = r.unreadableOn(p)
	return s, s.first <= s.last
}

// lacks reports whether the span, which does not show a timer, proves that it does not run.
func (s span) lacks(t timer.Timer, position int64) bool {
	return s.holds(position) && !mayBeAmong(s.unreadable, t, position)
}

// unreadableOn are the running entries of pages that could not be read.
func (r *reading) unreadableOn(pages ...receivedPage) (entries []unreadableEntry) {
	for _, p := range pages {
		for _, u := range p.Unreadable {
			if u.Finished {
				continue
			}
			e := unreadableEntry{id: u.ID, account: u.Account, after: math.MinInt64, before: math.MaxInt64}
			if r.ordered {
				e.after, e.before = r.around(p.Timers, u.Place)
			}
			entries = append(entries, e)
		}
	}
	return entries
}

// around are the positions of the running timers before and after a place on a page.
func (r *reading) around(timers []timer.Timer, place int) (after, before int64) {
	after, before = math.MinInt64, math.MaxInt64
	for _, t := range timers[:place] {
		if t.FinishedAt == nil {
			after = r.order * t.ID
		}
	}
	for _, t := range slices.Backward(timers[place:]) {
		if t.FinishedAt == nil {
			before = r.order * t.ID
		}
	}
	return after, before
}

// mayBe reports whether the entry may be the timer, whose position is given.
func (e unreadableEntry) mayBe(t timer.Timer, position int64) bool {
	switch {
	case e.id != 0 && t.ID > 0:
		return e.id == t.ID
	case e.account != "" && e.account != t.RunningFor:
		return false
	default:
		return t.ID <= 0 || e.after < position && position < e.before
	}
}

func mayBeAmong(entries []unreadableEntry, t timer.Timer, position int64) bool {
	return slices.ContainsFunc(entries, func(e unreadableEntry) bool { return e.mayBe(t, position) })
}

func (s span) holds(position int64) bool { return s.first <= position && position <= s.last }

// spans are those of the pages that decide what runs.
func (r *reading) spans() []span { return r.spansOf(r.pages[r.since:]) }

func (r *reading) spansOf(pages []receivedPage) []span {
	all := make([]span, 0, len(pages))
	for _, p := range pages {
		if s, ok := r.span(p); ok {
			all = append(all, s)
		}
	}
	return all
}

func covered(all []span, position int64) bool {
	return slices.ContainsFunc(all, func(s span) bool { return s.holds(position) })
}

func inside(gaps []gap, position int64) bool {
	return slices.ContainsFunc(gaps, func(g gap) bool { return g.holds(position) })
}

// gapAt is the gap that holds a position.
func gapAt(all []span, position int64) gap {
	g := gap{after: math.MinInt64, before: math.MaxInt64, page: 1}
	for _, s := range all {
		if s.last < position && s.last >= g.after {
			g.after, g.page = s.last, s.page+1
		}
		if s.first > position {
			g.before = min(g.before, s.first)
		}
	}
	return g
}

// knownGaps are those in which a known timer may stand that no page showed.
func (r *reading) knownGaps() (gaps []gap) {
	all := r.spans()
	for _, t := range r.unseen() {
		if at := r.order * t.ID; t.ID > 0 && !covered(all, at) && !inside(gaps, at) {
			gaps = append(gaps, gapAt(all, at))
		}
	}
	return gaps
}

// missesOwnStart reports whether no page showed a start of our own, whose id is not known.
func (r *reading) missesOwnStart() bool {
	own := func(t timer.Timer) bool { return t.ID <= 0 }
	return slices.ContainsFunc(r.known, own) && slices.ContainsFunc(r.unseen(), own)
}

// newGaps are those in which an unknown timer may stand. Its id is higher than all
// known ones; if the id of a known timer is not known, it may be any.
func (r *reading) newGaps() (gaps []gap) {
	all, highest := r.spans(), int64(0)
	if !r.missesOwnStart() {
		for _, t := range r.known {
			highest = max(highest, t.ID)
		}
	}
	for _, s := range all {
		if s.last == math.MaxInt64 || covered(all, s.last+1) || inside(gaps, s.last+1) || inside(r.closed, s.last+1) {
			continue
		}
		g := gapAt(all, s.last+1)
		if g.after == s.last && g.after+1 < g.before && max(r.order*g.after, r.order*g.before) > highest {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

func (r *reading) searchGaps(ctx context.Context, gaps []gap) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxGaps)
	for _, g := range gaps {
		group.Go(panics.Guard(func() error { return r.search(ctx, g) }))
	}
	return group.Wait()
}

// search reads the pages around a gap until one shows it whole, or until the border of
// two pages in it was gone over often enough. The list may have moved by some pages since.
func (r *reading) search(ctx context.Context, g gap) error {
	r.mu.Lock()
	page, way, turns, length := max(1, g.page+r.drift), 0, 0, -1
	r.mu.Unlock()
	border := g
	for range maxSearchCalls {
		p, err := r.receive(ctx, page)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.pages = append(r.pages, p)
		r.mu.Unlock()
		s, ok := r.span(p)
		if !inOrder([]receivedPage{p}, r.order) || !ok && len(p.Unreadable) > 0 && !p.IsLast {
			return nil // no place on the list can be told
		}
		before := way
		switch {
		case !ok:
			way, border.before = -1, g.before
		case s.first > g.after && page > 1:
			way, border.before = -1, s.first
		case s.last < g.before:
			way, border.after = 1, s.last
		default:
			r.mu.Lock()
			r.drift = page - g.page
			r.mu.Unlock()
			return nil
		}
		if before != 0 && way != before {
			turns++
		}
		if p.Total != length {
			turns, length = 0, p.Total
		}
		if turns == provingTurnsWithoutLength || turns == provingTurns && length >= 0 {
			r.mu.Lock()
			r.closed = append(r.closed, border)
			r.mu.Unlock()
			return nil
		}
		page = max(1, page+way)
	}
	return nil
}

// unseen are the timers that were known or on an earlier pass, but on none of the
// pages that decide what runs. One without an id of Clockwork's is identified by its
// person and issue.
func (r *reading) unseen() []timer.Timer {
	ids, issues := map[int64]bool{}, map[string][]timer.Issue{}
	for _, p := range r.pages[r.since:] {
		for _, t := range p.Timers {
			ids[t.ID], issues[t.RunningFor] = true, append(issues[t.RunningFor], t.Issue)
		}
	}
	var unseen []timer.Timer
	for _, t := range append(r.earlier(), r.known...) {
		switch {
		case t.ID > 0 && ids[t.ID]:
		case t.ID <= 0 && slices.ContainsFunc(issues[t.RunningFor], t.Issue.Same):
		default:
			unseen = append(unseen, t)
			ids[t.ID] = t.ID > 0 // once
		}
	}
	return unseen
}

// earlier are the running timers of the pages before those that decide what runs.
func (r *reading) earlier() (timers []timer.Timer) {
	for _, p := range r.pages[:r.since] {
		for _, t := range p.Timers {
			if t.FinishedAt == nil {
				timers = append(timers, t)
			}
		}
	}
	return timers
}

// undecided are the unseen timers that may still run. finished is false if the search
// ended early.
func (r *reading) undecided(finished bool) []timer.Timer {
	all, unreadable := r.spans(), r.unreadableOn(r.pages...)
	gaps := sync.OnceValue(r.newGaps)
	return slices.DeleteFunc(r.unseen(), func(t timer.Timer) bool {
		position := r.order * t.ID
		lacks := func(s span) bool { return s.lacks(t, position) }
		switch {
		case r.mayBeUnreadable(unreadable, t):
			return false
		case r.atOnce():
			return true
		case r.order == 0:
			return finished
		case t.ID <= 0:
			return finished && (len(gaps()) == 0 || r.atRest && r.first > maxGaps)
		default:
			return slices.ContainsFunc(all, lacks) || inside(r.closed, position) && !mayBeAmong(unreadable, t, position)
		}
	})
}

// mayBeUnreadable reports whether an unreadable entry is the timer by its id, or may be
// the timer because nobody knows where on the list the timer would stand.
func (r *reading) mayBeUnreadable(entries []unreadableEntry, t timer.Timer) bool {
	return slices.ContainsFunc(entries, func(e unreadableEntry) bool {
		return (e.id != 0 || t.ID <= 0 || !r.ordered) && e.mayBe(t, r.order*t.ID)
	})
}
