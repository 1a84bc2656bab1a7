package timersource

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// orders in which a site may list its timers: by this number, ascending.
var orders = map[string]func(id int64) int64{
	"newest-first": func(id int64) int64 { return -id },
	"oldest-first": func(id int64) int64 { return id },
	"by-something": func(id int64) int64 { return id * 2_654_435_761 % 4_294_967_291 },
}

// busySite is a list of timers that people change while it is read. It has a
// clock of its own, which moves with each call.
type busySite struct {
	people   int
	pause    time.Duration // between two changes, on average
	latency  time.Duration
	pageSize int
	order    func(id int64) int64
	spoiling bool // some entries cannot be read for a while

	mu     sync.Mutex
	rng    *rand.Rand
	now    time.Time
	next   time.Time // change
	list   []int64
	runs   []int64 // by person, 0 for none
	lastID int64
	person map[int64]int
	began  map[int64]time.Time
	ended  map[int64]time.Time
	spoilt map[int64]int // how, by id
	calls  int
}

func newBusySite(people int, order func(id int64) int64) *busySite {
	s := &busySite{people: people, pause: 200 * time.Millisecond, latency: 100 * time.Millisecond, pageSize: 50, order: order,
		rng: rand.New(rand.NewPCG(1, 2)), now: start, next: start, runs: make([]int64, people),
		person: map[int64]int{}, began: map[int64]time.Time{}, ended: map[int64]time.Time{}, spoilt: map[int64]int{}}
	for person := range people {
		s.start(person)
	}
	return s
}

func (s *busySite) start(person int) {
	s.lastID += 1 + s.rng.Int64N(3) // others, of other sites, come between
	id := s.lastID
	at, _ := slices.BinarySearchFunc(s.list, id, s.compare)
	s.list = slices.Insert(s.list, at, id)
	s.runs[person], s.person[id], s.began[id] = id, person, s.now
}

func (s *busySite) stop(person int) {
	id := s.runs[person]
	at, _ := slices.BinarySearchFunc(s.list, id, s.compare)
	s.list = slices.Delete(s.list, at, at+1)
	s.runs[person], s.ended[id] = 0, s.now
}

func (s *busySite) compare(a, b int64) int {
	return int(min(max(s.order(a)-s.order(b), -1), 1))
}

// pass lets time pass, and people act: those at work stop or go on with
// something else, which changes the list twice at one moment, the others start.
func (s *busySite) pass(d time.Duration) {
	until := s.now.Add(d)
	for !s.next.After(until) {
		s.now = s.next
		s.next = s.next.Add(time.Duration(s.rng.ExpFloat64() * float64(s.pause)))
		person := s.rng.IntN(s.people)
		again := s.runs[person] == 0 || s.rng.IntN(2) == 0
		if s.runs[person] != 0 {
			s.stop(person)
		}
		if again {
			s.start(person)
		}
	}
	s.now = until
}

func (s *busySite) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// page answers as Clockwork does: a slow one, that works on four calls at a time.
func (s *busySite) page(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.pass(s.latency / 4)
	pages := max(1, (len(s.list)+s.pageSize-1)/s.pageSize)
	ids := s.list[min((page-1)*s.pageSize, len(s.list)):min(page*s.pageSize, len(s.list))]
	got := clockwork.TimersPage{Page: page, Pages: pages, Total: len(s.list), IsLast: page >= pages}
	for _, id := range ids {
		one := timer.Timer{ID: id, RunningFor: fmt.Sprint(s.person[id]), StartedAt: s.began[id], WithinWorkingHours: true, Issue: timer.Issue{ID: id}}
		if odd := s.odd(one); odd != nil {
			odd.Place = len(got.Timers)
			got.Unreadable = append(got.Unreadable, *odd)
		} else {
			got.Timers = append(got.Timers, one)
		}
	}
	return got, nil
}

// odd is what can be read of an entry that cannot be read, or nil.
func (s *busySite) odd(t timer.Timer) *clockwork.UnreadableTimer {
	if !s.spoiling {
		return nil
	}
	if s.rng.IntN(20) == 0 {
		s.spoilt[t.ID] = max(0, s.rng.IntN(12)-8)
	}
	switch s.spoilt[t.ID] {
	case 0:
		return nil
	case 1:
		return &clockwork.UnreadableTimer{ID: t.ID, Account: t.RunningFor, Err: errors.New("no issue")}
	case 2:
		return &clockwork.UnreadableTimer{Account: t.RunningFor, Err: errors.New("no id")}
	default:
		return &clockwork.UnreadableTimer{Err: errors.New("null")}
	}
}

// figures are what came of reading a busy site.
type figures struct {
	syncs, calls, pages int
	ghosts              int // shown, and stopped before the last sync but one
	missing             int // ran through a sync, and not shown after it
	unproven            int
}

// play syncs a site for a while, as often as may be but not more than every
// half a minute, and compares what is shown with what runs.
func play(t testing.TB, s *busySite, d time.Duration) (f figures) {
	t.Helper()
	var known []timer.Timer
	var before time.Time // when the last sync began
	for end := s.now.Add(d); s.now.Before(end); {
		began := s.now
		got, err := readTimers(t.Context(), s.page, s.clock, knownTo(known))
		require.NoError(t, err)
		f.syncs++
		f.pages += got.Pages
		f.unproven += len(got.Unproven)
		known = append(got.Timers, got.Unproven...)
		shown := map[int64]bool{}
		for _, one := range known {
			require.False(t, shown[one.ID], "a timer twice")
			shown[one.ID] = true
			if ended, over := s.ended[one.ID]; over && ended.Before(before) {
				f.ghosts++
			}
		}
		for _, id := range s.list {
			if s.began[id].Before(began) && !shown[id] {
				f.missing++
			}
		}
		before = began
		s.pass(began.Add(30 * time.Second).Sub(s.now))
	}
	f.calls = s.calls
	return f
}

// A busy morning: 20,000 people, five changes a second, for ten minutes.
// Nobody is shown who stopped before the last sync but one, and nobody who ran
// through a whole sync is missing. Only in a list without an order can a new timer
// move past each of the passes; the next sync finds it.
func TestBusySite(t *testing.T) {
	people := 20_000
	if underRace {
		people = 2_000
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			f := play(t, newBusySite(people, order), 10*time.Minute)
			assert.Zero(t, f.ghosts)
			assert.LessOrEqual(t, f.missing, map[string]int{"by-something": 2}[name])
			assert.Zero(t, f.unproven)
			assert.LessOrEqual(t, f.calls, maxPasses*f.pages+f.syncs, "calls")
		})
	}
}

// A few pages, at a pace that no team keeps up.
func TestBusyTeam(t *testing.T) {
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			s := newBusySite(200, order)
			s.pause = 2 * time.Second
			f := play(t, s, 2*time.Hour)
			assert.Zero(t, f.ghosts)
			assert.Zero(t, f.missing)
			assert.Less(t, f.calls, maxPasses*f.pages+maxSearchCalls*f.syncs, "calls")
		})
	}
}

// Small pages move at each call, and entries become unreadable and readable again: no
// known timer that runs on is taken for stopped.
func TestBusySiteWithUnreadableEntries(t *testing.T) {
	for _, name := range []string{"newest-first", "oldest-first"} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				s := newBusySite(20+int(seed%30), orders[name])
				s.rng, s.spoiling = rand.New(rand.NewPCG(seed, 2)), true
				s.pageSize, s.pause = 3+int(seed%4), time.Duration(150+seed%7*60)*time.Millisecond
				var known []timer.Timer
				for range 10 {
					got, err := readTimers(t.Context(), s.page, s.clock, knownTo(known))
					require.NoError(t, err)
					shown := map[int64]bool{}
					for _, one := range append(got.Timers, got.Unproven...) {
						shown[one.Issue.ID] = true
					}
					for _, one := range known {
						if _, over := s.ended[one.Issue.ID]; !over {
							require.True(t, shown[one.Issue.ID], "seed %d: %d", seed, one.ID)
						}
					}
					known = append(got.Timers, got.Unproven...)
					for i := range known {
						if known[i].ID > 0 && s.rng.IntN(6) == 0 {
							known[i].ID *= -1 // as if it was started here
						}
					}
					s.pass(time.Second / 2)
				}
			}
		})
	}
}

// BenchmarkBusySite prints what the busy morning costs and what is wrong after it.
func BenchmarkBusySite(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(orders)) {
		b.Run(name, func(b *testing.B) {
			var f figures
			for b.Loop() {
				f = play(b, newBusySite(20_000, orders[name]), 10*time.Minute)
			}
			b.ReportMetric(float64(f.pages)/float64(f.syncs), "pages/sync")
			b.ReportMetric(float64(f.calls)/float64(f.syncs), "calls/sync")
			b.ReportMetric(float64(f.ghosts), "old-ghosts")
			b.ReportMetric(float64(f.missing), "missing")
		})
	}
}
