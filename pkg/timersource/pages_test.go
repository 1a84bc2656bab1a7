package timersource

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/timer"
)

var start = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

// ticking is a clock that moves by a second at each look.
func ticking() func() time.Time {
	var mu sync.Mutex
	at := start.Add(-time.Second)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
}

func running(id int64) timer.Timer {
	return timer.Timer{ID: id, RunningFor: "a", TillNow: 100, WithinWorkingHours: true}
}

func runningAll(from, to int64) (list []timer.Timer) {
	for id := from; id <= to; id++ {
		list = append(list, running(id))
	}
	return list
}

// pageOf is what Clockwork answers, two timers to a page.
func pageOf(list []timer.Timer, page int) clockwork.TimersPage {
	const size = 2
	pages := max(1, (len(list)+size-1)/size)
	first, last := min((page-1)*size, len(list)), min(page*size, len(list))
	return clockwork.TimersPage{Timers: list[first:last], Page: page, Pages: pages, Total: len(list), IsLast: page >= pages}
}

func idsOf(s Snapshot) []int64 {
	ids := []int64{}
	for _, t := range s.Timers {
		ids = append(ids, t.ID)
	}
	return ids
}

func TestReadTimersReadsEveryPageOnce(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 3, 9} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			list := runningAll(1, n)
			var calls atomic.Int64
			got, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
				calls.Add(1)
				return pageOf(list, page), nil
			}, func() time.Time { return start }, Cached{})
			require.NoError(t, err)
			wantPages := max(1, (int(n)+1)/2)
			assert.Equal(t, Snapshot{Timers: append([]timer.Timer{}, list...), CachedAt: start, Pages: wantPages}, got)
			assert.EqualValues(t, wantPages, calls.Load())
		})
	}
}

func TestReadTimersBoundsConcurrency(t *testing.T) {
	tests := []struct {
		name   string
		refuse bool
		most   int64 // of the calls under way, once the first ones are answered
	}{
		{"never-grows-beyond-its-bound", false, maxWindow},
		{"halves-once-for-calls-that-are-refused-together", true, maxWindow * 3 / 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := runningAll(1, 800) // 400 pages
			var now, later atomic.Int64
			var together sync.WaitGroup
			together.Add(maxWindow)
			refused := make(chan struct{})
			refuse := sync.OnceFunc(func() { close(refused) })
			_, err := readTimers(t.Context(), func(_ context.Context, page int, tooMany func()) (clockwork.TimersPage, error) {
				n := now.Add(1)
				defer now.Add(-1)
				if 1 < page && page <= 1+maxWindow {
					together.Done()
					together.Wait() // until as many are under way as may be
					if tt.refuse {
						tooMany()
					}
					refuse()
					return pageOf(list, page), nil
				}
				if page > 1 {
					<-refused
				}
				for old := later.Load(); page > 2*maxWindow && n > old && !later.CompareAndSwap(old, n); old = later.Load() {
				}
				return pageOf(list, page), nil
			}, time.Now, Cached{})
			require.NoError(t, err)
			assert.LessOrEqual(t, later.Load(), tt.most)
		})
	}
}

func TestReadTimersLeavesFinishedOut(t *testing.T) {
	list := runningAll(1, 3)
	list[1].FinishedAt = &start
	got, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		return pageOf(list, page), nil
	}, time.Now, Cached{})
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 3}, idsOf(got))
	assert.False(t, got.Moved, "they count for the total all the same")
}

func TestReadTimersMakesTillNowTrueAtOneInstant(t *testing.T) {
	list := runningAll(1, 5)
	list[1].WithinWorkingHours = false // on hold, on the first page
	var order sync.Mutex
	got, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		order.Lock()
		defer order.Unlock()
		return pageOf(list, page), nil
	}, ticking(), Cached{})
	require.NoError(t, err)
	// The clock is read before and after each of three pages.
	assert.Equal(t, start.Add(5*time.Second), got.CachedAt)
	byID := map[int64]int64{}
	for _, tm := range got.Timers {
		byID[tm.ID] = tm.TillNow
	}
	assert.EqualValues(t, 104, byID[1], "page one came four seconds before the last")
	assert.EqualValues(t, 100, byID[2], "a timer on hold stands still")
	assert.EqualValues(t, 100, min(byID[3], byID[5]), "the last page")
}

// changing gives another list from the given call on.
func changing(lists ...[]timer.Timer) (pageReader, *int) {
	calls := new(int)
	return oneAtATime(func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		list := lists[min(*calls, len(lists)-1)]
		*calls++
		return pageOf(list, page), nil
	}), calls
}

// A first reading of a list that moves is read again backward, and nobody who
// ran through both is missing.
func TestReadTimersReadsAgainWhenTheListMoves(t *testing.T) {
	abc, bc := runningAll(1, 3), runningAll(2, 3)
	moved := append([]timer.Timer{running(9)}, runningAll(1, 2)...) // one began, one ended
	tests := []struct {
		name  string
		lists [][]timer.Timer
		want  []int64
		calls int
	}{
		{"one-stopped", [][]timer.Timer{abc, bc}, []int64{2, 3}, 4},
		{"one-started", [][]timer.Timer{abc, runningAll(1, 4)}, []int64{1, 2, 3, 4}, 4},
		{"out-of-order-and-one-comes-twice", [][]timer.Timer{abc, moved}, []int64{1, 2, 9}, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read, calls := changing(tt.lists...)
			got, err := readTimers(t.Context(), read, ticking(), Cached{})
			require.NoError(t, err)
			assert.ElementsMatch(t, tt.want, idsOf(got))
			assert.True(t, got.Moved)
			assert.Equal(t, tt.calls, *calls)
		})
	}
}

func TestReadTimersEndsThoughTheListNeverSettles(t *testing.T) {
	abc, dab := runningAll(1, 3), append([]timer.Timer{running(4)}, runningAll(1, 2)...)
	read, calls := changing(abc, dab, abc, dab, abc, dab, abc, dab, abc, dab, abc, dab)
	got, err := readTimers(t.Context(), read, ticking(), Cached{})
	require.NoError(t, err)
	assert.True(t, got.Moved)
	assert.LessOrEqual(t, *calls, 12)
	assert.Subset(t, idsOf(got), []int64{1, 2}, "each once, though 2 was on both pages")
}

func TestReadTimersPagesThatDoNotFit(t *testing.T) {
	tests := []struct {
		name string
		page func(page int) clockwork.TimersPage
	}{
		{"another-page-than-asked", func(page int) clockwork.TimersPage {
			return clockwork.TimersPage{Timers: runningAll(int64(page), int64(page)), Page: 1, Pages: 2, Total: 2, IsLast: page == 2}
		}},
		{"no-last-page", func(page int) clockwork.TimersPage {
			return clockwork.TimersPage{Timers: runningAll(int64(page), int64(page)), Page: page, Pages: 2, Total: 2}
		}},
		{"another-total", func(page int) clockwork.TimersPage {
			return clockwork.TimersPage{Timers: runningAll(int64(page), int64(page)), Page: page, Pages: 2, Total: 1 + page, IsLast: page == 2}
		}},
		{"another-number-of-pages", func(page int) clockwork.TimersPage {
			return clockwork.TimersPage{Timers: runningAll(int64(page), int64(page)), Page: page, Pages: 3 - page, Total: -1, IsLast: page == 2}
		}},
		{"not-the-last-of-one", func(int) clockwork.TimersPage {
			return clockwork.TimersPage{Timers: runningAll(1, 1), Page: 1, Pages: 1, Total: 1}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) { return tt.page(page), nil }, ticking(), Cached{})
			require.NoError(t, err)
			assert.Equal(t, tt.name != "not-the-last-of-one", got.Pages > 1)
			assert.True(t, got.Moved)
			assert.NotEmpty(t, got.Timers)
		})
	}
}

// A total that counts what is not shown costs a second pass, and no proof.
func TestReadTimersFewerThanPromisedEachTime(t *testing.T) {
	calls := 0
	read := oneAtATime(func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		calls++
		p := pageOf(runningAll(1, 3), page)
		p.Total = 5
		return p, nil
	})
	got, err := readTimers(t.Context(), read, ticking(), Cached{})
	require.NoError(t, err)
	assert.ElementsMatch(t, []int64{1, 2, 3}, idsOf(got))
	assert.LessOrEqual(t, calls, 10)

	calls = 0
	known := append(runningAll(1, 3), running(0)) // the last one has stopped since
	known[3].ID, known[3].RunningFor = -1, "b"
	got, err = readTimers(t.Context(), read, ticking(), knownTo(known))
	require.NoError(t, err)
	assert.ElementsMatch(t, []int64{1, 2, 3}, idsOf(got))
	assert.Empty(t, got.Unproven)
	assert.Equal(t, 4, calls)
}

func TestReadTimersWithoutTotals(t *testing.T) {
	got, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		p := pageOf(runningAll(1, 3), page)
		p.Total, p.Page = -1, 0
		return p, nil
	}, ticking(), Cached{})
	require.NoError(t, err)
	assert.False(t, got.Moved)
	assert.Equal(t, []int64{1, 2, 3}, idsOf(got))
}

func TestReadTimersFails(t *testing.T) {
	boom := errors.New("boom")
	for _, failing := range []int{1, 3} {
		_, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
			if page == failing {
				return clockwork.TimersPage{}, boom
			}
			return pageOf(runningAll(1, 9), page), nil
		}, ticking(), Cached{})
		assert.ErrorIs(t, err, boom)
	}

	_, err := readTimers(t.Context(), func(context.Context, int, func()) (clockwork.TimersPage, error) {
		return clockwork.TimersPage{Pages: maxPages + 1}, nil
	}, ticking(), Cached{})
	assert.ErrorIs(t, err, ErrUnknownShape, "never a part of the list")
}
