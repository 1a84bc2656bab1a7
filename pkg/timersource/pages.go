package timersource

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timer"
)

const (
	maxPages  = 2000 // 100,000 timers
	maxPasses = 5    // over a list whose order is not known
	// reserve is the part of the caller's time that is left for what follows a
	// reading. Only the first pass may use it.
	reserve = 8 * time.Second
	// maxUnreadable is how many entries a list may have of which none can be read. More
	// of them mean an unknown shape.
	maxUnreadable = 3
)

// pageReader reads one page, counted from 1. It calls tooMany when the upstream
// refuses a call because there were too many, before it tries again.
type pageReader func(ctx context.Context, page int, tooMany func()) (clockwork.TimersPage, error)

// Cached is what is known of the list from its last reading, and who is to learn
// what the new one sees.
type Cached struct {
	// Timers ran when the list was last read. It is called at most once, when
	// the first pass has arrived; nil if nothing is known.
	Timers func() []timer.Timer
	// Seen is called with the running timers of each page as it arrives, by several
	// goroutines at once; nil for nobody.
	Seen func([]timer.Timer)
}

// reading is everything that was received in one reading of the list.
type reading struct {
	read   pageReader
	now    func() time.Time
	seen   func([]timer.Timer)
	window *window
	known  []timer.Timer

	first   int   // how many of the pages are the first pass
	moved   bool  // the list, during the first pass
	atRest  bool  // the list, during the last pass
	order   int64 // 1 for ascending ids along the list, -1 for descending ones, 0 for neither
	ordered bool  // not by chance

	mu     sync.Mutex
	pages  []receivedPage // each pass by page number, then the pages of searches as they arrived
	since  int            // the first of the pages that decide what runs
	closed []gap          // that hold no timer, though no single page showed it
	drift  int            // by how many pages the last gap had moved
}

type receivedPage struct {
	clockwork.TimersPage
	asked    int
	sent, at time.Time
}

// readTimers reads the list, and says what that proves of the known timers: see
// the package comment.
func readTimers(ctx context.Context, read pageReader, now func() time.Time, cached Cached) (Snapshot, error) {
	r := &reading{read: read, now: now, seen: cached.Seen, window: newWindow()}
	pages, err := r.pass(ctx, nil)
	if err != nil {
		return Snapshot{}, err
	}
	if cached.Timers != nil {
		r.known = cached.Timers()
	}
	r.pages, r.first = pages, len(pages)
	if err := r.checkReadable(); err != nil {
		return Snapshot{}, err
	}
	r.order = orderOf(pages)
	r.ordered = r.order != 0 && showsOrder(pages)
	r.atRest = settled(pages)
	r.moved = !r.atRest
	again, cancel := withReserve(ctx)
	defer cancel()
	finished := r.readAgain(again) == nil
	if err := ctx.Err(); err != nil {
		return Snapshot{}, fmt.Errorf("read the list again: %w", err)
	}
	s := r.snapshot(finished)
	s.Moved = r.moved && !r.atOnce()
	return s, nil
}

// withReserve is the caller's context without the time that is reserved.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-reserve))
	}
	return context.WithCancel(ctx)
}

// readAgain makes the calls that are needed after the first pass. After an error
// less is proven, but no timer is lost.
func (r *reading) readAgain(ctx context.Context) error {
	if r.atOnce() {
		return nil
	}
	if r.order != 0 {
		if err := r.searchInOrder(ctx); err != nil || r.keepsOrder() {
			return err
		}
		r.order, r.ordered, r.since = 0, false, 0 // it was one by chance
	}
	return r.passAgain(ctx)
}

// searchInOrder searches the gaps in which a timer may have been missed. A list that
// moved is read again as a whole if that costs few calls, or if new timers may be
// anywhere: then the second pass decides what runs.
func (r *reading) searchInOrder(ctx context.Context) error {
	if !r.atRest && (r.first <= maxGaps || len(r.known) == 0 || len(r.newGaps()) > maxGaps) {
		pages, err := r.pass(ctx, backward(true, r.first))
		if err != nil {
			return err
		}
		r.pages, r.since = append(r.pages, pages...), r.first
		r.atRest = settled(pages)
	}
	gaps, more := r.knownGaps(), r.newGaps()
	if r.atRest && (len(r.known) == 0 || len(more) > maxQuietGaps) && !r.missesOwnStart() {
		more = nil
	}
	return r.searchGaps(ctx, append(gaps, more[:min(len(more), maxGaps)]...))
}

// atOnce reports whether the list is one page, and so was seen at one moment.
func (r *reading) atOnce() bool { return r.first == 1 && r.pages[0].IsLast }

// passAgain reads a list without a known order as a whole, backward and forward in
// turn, until a pass at rest shows every known timer, or two show the same timers.
func (r *reading) passAgain(ctx context.Context) error {
	before := r.pages[:r.first]
	if !r.moved && len(r.unseen()) == 0 {
		return nil
	}
	for n := 2; n <= maxPasses; n++ {
		pages, err := r.pass(ctx, backward(n%2 == 0, len(before)))
		if err != nil {
			return err
		}
		r.pages = append(r.pages, pages...)
		if settled(pages) && len(r.unseen()) == 0 || sameIDs(pages, before) {
			return nil
		}
		before = pages
	}
	return nil
}

// backward lists the pages of a pass in the order to read them; nil is forward.
func backward(yes bool, pages int) []int {
	if !yes {
		return nil
	}
	order := make([]int, pages)
	for i := range order {
		order[i] = pages - i
	}
	return order
}

// pass reads every page once, in the given order, or forward if it is nil:
// then as many as the first page says, and more if the list grows meanwhile.
func (r *reading) pass(ctx context.Context, order []int) ([]receivedPage, error) {
	if order != nil {
		pages := make([]receivedPage, len(order))
		return pages, r.receiveAll(ctx, pages, order)
	}
	first, err := r.receive(ctx, 1)
	if err != nil {
		return nil, err
	}
	pages := []receivedPage{first}
	for {
		last := pages[len(pages)-1]
		if last.Pages > maxPages {
			return nil, fmt.Errorf("%w: %d pages of timers, at most %d are read", ErrUnknownShape, last.Pages, maxPages)
		}
		if last.IsLast || last.Pages <= len(pages) {
			return pages, nil
		}
		for page := len(pages) + 1; page <= last.Pages; page++ {
			order = append(order, page)
		}
		more := make([]receivedPage, len(order))
		if err := r.receiveAll(ctx, more, order); err != nil {
			return nil, err
		}
		pages, order = append(pages, more...), nil
	}
}

// receiveAll reads the pages of order, some at a time, into their slots: page n
// of a list that begins with the lowest.
func (r *reading) receiveAll(ctx context.Context, pages []receivedPage, order []int) error {
	lowest := slices.Min(order)
	group, ctx := errgroup.WithContext(ctx)
	for _, page := range order {
		halved, err := r.window.begin(ctx)
		if err != nil {
			return cmp.Or(group.Wait(), err)
		}
		group.Go(panics.Guard(func() (err error) {
			defer func() { r.window.end(halved, err) }()
			pages[page-lowest], err = r.ask(ctx, page, halved)
			return err
		}))
	}
	return group.Wait()
}

// receive reads one page.
func (r *reading) receive(ctx context.Context, page int) (got receivedPage, err error) {
	halved, err := r.window.begin(ctx)
	if err != nil {
		return receivedPage{}, err
	}
	defer func() { r.window.end(halved, err) }()
	return r.ask(ctx, page, halved)
}

func (r *reading) ask(ctx context.Context, page, halved int) (receivedPage, error) {
	sent := r.now()
	got, err := r.read(ctx, page, func() { r.window.halve(halved) })
	at := r.now()
	if err == nil && r.seen != nil {
		r.seen(got.Timers)
	}
	return receivedPage{got, page, sent, at}, err
}

// checkReadable returns ErrUnknownShape if no entry can be read, and either one has no id
// or they are more than maxUnreadable.
func (r *reading) checkReadable() error {
	var unreadable []clockwork.UnreadableTimer
	for _, p := range r.pages {
		if len(p.Timers) > 0 {
			return nil
		}
		unreadable = append(unreadable, p.Unreadable...)
	}
	withoutID := func(u clockwork.UnreadableTimer) bool { return u.ID == 0 }
	if len(unreadable) > maxUnreadable || slices.ContainsFunc(unreadable, withoutID) {
		return fmt.Errorf("%w: none of %d timers can be read: %w", ErrUnknownShape, len(unreadable), unreadable[0].Err)
	}
	return nil
}

// settled reports whether a pass shows one list that did not move: its pages
// agree on the length, each is the one that was asked for, no timer is on two
// of them, and together they have the promised number.
func settled(pages []receivedPage) bool {
	first, entries, withoutID, ids := pages[0], 0, 0, map[int64]bool{}
	for i, p := range pages {
		if !p.inPlace() || p.Total != first.Total || p.Pages != first.Pages || p.IsLast != (i == len(pages)-1) {
			return false
		}
		entries += len(p.Timers) + len(p.Unreadable)
		for _, t := range p.Timers {
			ids[t.ID] = true
		}
		for _, unreadable := range p.Unreadable {
			if unreadable.ID == 0 {
				withoutID++
				continue
			}
			ids[unreadable.ID] = true
		}
	}
	return entries == len(ids)+withoutID && (first.Total < 0 || first.Total == entries)
}

func (p receivedPage) inPlace() bool { return p.Page == 0 || p.Page == p.asked }

// sameIDs reports whether two passes show the same timers: then the list is at rest,
// although its total is wrong or a timer is listed twice.
func sameIDs(a, b []receivedPage) bool {
	return maps.Equal(counts(a), counts(b))
}

func counts(pages []receivedPage) map[int64]int {
	ids := map[int64]int{}
	for _, p := range pages {
		for _, t := range p.Timers {
			ids[t.ID]++
		}
	}
	return ids
}
