package timersource

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/timer"
)

func runningIDs(ids ...int64) (list []timer.Timer) {
	for _, id := range ids {
		list = append(list, running(id))
	}
	return list
}

func unprovenIDs(s Snapshot) []int64 { return idsOf(Snapshot{Timers: s.Unproven}) }

// A list at rest proves that a known timer has stopped: at no cost if it would
// be in the middle of a page, by some calls if it would be between two.
func TestReadingOfAListAtRest(t *testing.T) {
	tests := []struct {
		name     string
		list     []int64
		known    []int64
		maxCalls int
	}{
		{"nothing-stopped", []int64{1, 2, 3, 4, 5}, []int64{1, 2, 3}, 3},
		{"stopped-in-the-middle-of-a-page", []int64{1, 3, 4, 5}, []int64{1, 2, 3, 4, 5}, 2},
		{"oldest-stopped", []int64{2, 3, 4, 5}, []int64{1, 2, 3, 4, 5}, 2},
		{"newest-stopped", []int64{1, 2, 3, 4}, []int64{1, 2, 3, 4, 5}, 2},
		{"stopped-between-two-pages", []int64{1, 2, 4, 5}, []int64{1, 2, 3, 4, 5}, 2 + 3},
		{"between-pages-of-unknown-length", []int64{1, 2, 4, 5}, []int64{1, 2, 3, 4, 5}, 2 + 6},
		{"descending", []int64{9, 8, 6, 5}, []int64{9, 8, 7, 6, 5}, 2 + 3},
		{"all-stopped", nil, []int64{1, 2, 3}, 1},
		{"one-page", []int64{4, 9}, []int64{5, 1, 2, 10}, 1},
		{"no-order", []int64{5, 1, 4, 2, 7}, []int64{1, 2, 3, 4}, 3 + 3},
		{"no-order-and-nothing-stopped", []int64{5, 1, 4, 2, 7}, []int64{1, 2, 4}, 3},
		{"repeats-an-entry-for-good", []int64{1, 2, 2, 3, 4}, []int64{1, 2, 3, 4, 5}, 3 + 3},
		{"repeats-an-entry-out-of-order", []int64{1, 3, 2, 4, 1}, []int64{1, 2, 3, 4, 5}, 3 + 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
				calls++
				p := pageOf(runningIDs(tt.list...), page)
				if strings.HasSuffix(tt.name, "-of-unknown-length") {
					p.Total = -1
				}
				return p, nil
			}
			got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(runningIDs(tt.known...)))
			require.NoError(t, err)
			assert.ElementsMatch(t, slices.Compact(slices.Sorted(slices.Values(tt.list))), idsOf(got), "each once")
			assert.Empty(t, got.Unproven)
			assert.LessOrEqual(t, calls, tt.maxCalls)
		})
	}
}

// oneAtATime keeps calls that are under way together apart.
func oneAtATime(read pageReader) pageReader {
	turn := make(chan struct{}, 1)
	return func(ctx context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		return read(ctx, page, nil)
	}
}

// One stops on a page already read and another starts at the end: the length is
// what it was, and one that runs was on no page. Both orders of a list know it.
func TestReadingFindsATimerThatMovedToAPageAlreadyRead(t *testing.T) {
	for name, lists := range map[string][][]timer.Timer{
		"ascending":  {runningIDs(1, 2, 3, 4), runningIDs(2, 3, 4, 9)},
		"descending": {runningIDs(9, 8, 7, 6), runningIDs(8, 7, 6, 5)}, // 5 comes into the session's view
		"no-order":   {runningIDs(5, 2, 3, 4), runningIDs(2, 3, 4, 9)},
	} {
		t.Run(name, func(t *testing.T) {
			read, _ := changing(lists...)
			got, err := readTimers(t.Context(), read, ticking(), knownTo(lists[0]))
			require.NoError(t, err)
			for _, one := range lists[1] {
				assert.Contains(t, idsOf(got), one.ID)
			}
			assert.Empty(t, got.Unproven)
		})
	}
}

// Each time that the list is asked for the second page, the first timer has stopped, and
// each time for the first, another has started: one timer is always on the other page.
func TestReadingThatAlwaysMissesATimer(t *testing.T) {
	read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		if page == 1 {
			return pageOf(runningIDs(9, 8, 5, 4), page), nil
		}
		return pageOf(runningIDs(8, 5, 4), page), nil
	}
	got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(runningIDs(8, 5, 4)))
	require.NoError(t, err)
	assert.Equal(t, []int64{5}, unprovenIDs(got), "nobody saw that it stopped")
}

// Two passes over a list without an order seem to be at rest, and both miss the timer that
// moves to the page that was just read. They do not show the same timers, so the list moved.
func TestReadingMissesATimerTwice(t *testing.T) {
	first, then, last := runningIDs(5, 1, 3, 4, 7), runningIDs(1, 3, 4, 7, 9), runningIDs(8, 1, 3, 4, 7)
	lists := map[int][][]timer.Timer{1: {first, last, last}, 2: {then, then, last}, 3: {then, then, last}}
	calls := map[int]int{}
	read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		list := lists[page][min(calls[page], 2)]
		calls[page]++
		return pageOf(list, page), nil
	}
	got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(first))
	require.NoError(t, err)
	assert.Contains(t, idsOf(got), int64(3))
}

// Many people start a timer during the second pass, before it reads the first page. So it
// misses more than a page of timers, and the search sees only some of them.
func TestReadingOfAGapOfSeveralPages(t *testing.T) {
	first, then, last := runningIDs(14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1), runningIDs(8, 7, 6, 5, 4, 3, 2, 1), runningIDs(26, 25, 24, 23, 22, 21, 8, 7, 6, 5, 4, 3, 2, 1)
	calls := map[int]int{}
	read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		calls[page]++
		list := then
		switch {
		case page == 1 && calls[page] == 1:
			list = first
		case page == 1, calls[page] > 2:
			list = last
		}
		return pageOf(list, page), nil
	}
	got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(first))
	require.NoError(t, err)
	assert.Subset(t, append(idsOf(got), unprovenIDs(got)...), []int64{8, 7, 6, 5, 4, 3, 2, 1})
}

// What a later page shows to have stopped is not shown, though an earlier page
// had it.
func TestReadingLeavesOutWhatWasSeenToStop(t *testing.T) {
	read, _ := changing(runningIDs(9, 8, 7, 6, 5), runningIDs(9, 7, 6, 5))
	got, err := readTimers(t.Context(), read, ticking(), Cached{})
	require.NoError(t, err)
	assert.True(t, got.Moved)
	assert.ElementsMatch(t, []int64{9, 7, 6, 5}, idsOf(got))
}

// A start of our own that has no id yet is known by its person and issue.
func TestReadingKnowsAStartOfOurOwn(t *testing.T) {
	ours := timer.Timer{ID: -7, RunningFor: "ann", Issue: timer.Issue{Key: "OLD-1", ID: 70}}
	other := timer.Timer{ID: -8, RunningFor: "bob", Issue: timer.Issue{Key: "OLD-1", ID: 70}}
	listed := timer.Timer{ID: 9, RunningFor: "ann", Issue: timer.Issue{Key: "NEW-1", ID: 70}} // it moved
	got, err := readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		return pageOf([]timer.Timer{listed}, page), nil
	}, ticking(), knownTo([]timer.Timer{ours, other}))
	require.NoError(t, err)
	assert.Empty(t, got.Unproven)

	got, err = readTimers(t.Context(), func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		p := pageOf([]timer.Timer{listed}, page)
		p.Unreadable = []clockwork.UnreadableTimer{{ID: 10, Err: errors.New("odd")}}
		return p, nil
	}, ticking(), knownTo([]timer.Timer{ours, other}))
	require.NoError(t, err)
	assert.Equal(t, []int64{-8}, unprovenIDs(got), "the unreadable one may be it")
}

// Our own start is on the border of two pages, between timers that were known before
// it was: the list seems to be at rest, because one stops as another starts.
func TestReadingMissesAStartOfOurOwn(t *testing.T) {
	ours := timer.Timer{ID: -7, RunningFor: "ann", Issue: timer.Issue{Key: "OWN-1", ID: 70}}
	before, after := runningIDs(10, 20, 30, 40, 50, 60, 70, 80), runningIDs(20, 30, 40, 50, 60, 70, 80, 90)
	before[2].RunningFor, before[2].Issue = ours.RunningFor, ours.Issue
	after[1] = before[2]
	known := append(runningIDs(10, 20, 40, 50, 60, 70, 80), ours)

	calls := 0
	found, err := readTimers(t.Context(), oneAtATime(func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		if calls++; calls == 1 {
			return pageOf(before, page), nil
		}
		return pageOf(after, page), nil
	}), ticking(), knownTo(known))
	require.NoError(t, err)
	assert.Contains(t, idsOf(found), int64(30))
	assert.Empty(t, found.Unproven)

	calls = 0
	missed, err := readTimers(t.Context(), oneAtATime(func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		list := after
		if page == 1 {
			list = before
		}
		calls++
		p := pageOf(list, page)
		p.Total += calls
		return p, nil
	}), ticking(), knownTo(known))
	require.NoError(t, err)
	assert.Equal(t, []int64{-7}, unprovenIDs(missed), "it may be where nobody has looked")
}

// Nobody is taken for stopped whose timer may be the entry that cannot be read,
// and everybody else is.
func TestReadingWithAnUnreadableEntry(t *testing.T) {
	unreadable := func(id int64, account string) clockwork.UnreadableTimer {
		return clockwork.UnreadableTimer{ID: id, Account: account, Err: errors.New("no issue")}
	}
	tests := []struct {
		name       string
		list       []int64
		unreadable clockwork.UnreadableTimer // behind the first entry of the second page
		known      []int64                   // of account "a"
		want       []int64
	}{
		{"id-and-account", []int64{1, 2, 3, 5, 7, 8}, unreadable(4, "a"), []int64{1, 2, 3, 4, 5, 6, 7, 8}, []int64{4}},
		{"id-only", []int64{1, 2, 3, 5, 7, 8}, unreadable(4, ""), []int64{1, 2, 3, 4, 5, 6, 7, 8}, []int64{4}},
		{"account-only", []int64{1, 2, 3, 5, 7, 8}, unreadable(0, "a"), []int64{1, 2, 3, 4, 5, 6, 7, 8}, []int64{4}},
		{"of-another-account", []int64{1, 2, 3, 5, 7, 8}, unreadable(0, "b"), []int64{1, 2, 3, 4, 5, 6, 7, 8}, []int64{}},
		{"neither", []int64{1, 2, 3, 5, 7, 8}, unreadable(0, ""), []int64{1, 2, 3, 4, 5, 6, 7, 8}, []int64{4}},
		{"first-of-its-page", []int64{1, 3, 5, 7, 8}, unreadable(0, ""), []int64{1, 2, 3, 4, 5, 6, 7, 8}, []int64{4}},
		{"not-known", []int64{1, 2, 3, 5, 7, 8}, unreadable(4, "a"), []int64{1, 2, 3, 5, 7, 8}, []int64{}},
		{"finished", []int64{1, 2, 3, 5, 7, 8}, clockwork.UnreadableTimer{ID: 4, Finished: true}, []int64{1, 4}, []int64{}},
		{"no-order-id", []int64{8, 1, 3, 5, 7, 2}, unreadable(4, ""), []int64{1, 4, 6}, []int64{4}},
		{"no-order-neither", []int64{8, 1, 3, 5, 7, 2}, unreadable(0, ""), []int64{1, 4, 6}, []int64{4, 6}},
	}
	more := runningIDs(101, 102, 103)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
				p := pageOf(append(runningIDs(tt.list...), more...), page)
				p.Total++
				if page == 2 {
					tt.unreadable.Place = 1
					if tt.name == "first-of-its-page" {
						tt.unreadable.Place = 0
					}
					p.Unreadable = []clockwork.UnreadableTimer{tt.unreadable}
				}
				return p, nil
			}
			got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(runningIDs(tt.known...)))
			require.NoError(t, err)
			assert.ElementsMatch(t, append(tt.list, 101, 102, 103), idsOf(got), "the rest is there")
			assert.ElementsMatch(t, tt.want, unprovenIDs(got))
			assert.False(t, got.Moved, "it counts for the total")
			if tt.unreadable.Finished {
				assert.Empty(t, got.Unreadable)
			} else {
				assert.Equal(t, []clockwork.UnreadableTimer{tt.unreadable}, got.Unreadable)
			}
		})
	}
}

// Where an unreadable entry stands says nothing if no other is on its page, or if there
// are so few that their order may be chance.
func TestReadingOfAnUnreadableEntryWithoutAPlace(t *testing.T) {
	null := clockwork.UnreadableTimer{Err: errors.New("null")}
	tests := []struct {
		name  string
		list  []int64
		known int64
	}{
		{"alone-on-the-last-page", []int64{1, 2, 3, 4, 5, 6, 7, 8}, 9},
		{"few-timers", []int64{1, 4, 6}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
				p := pageOf(append(runningIDs(tt.list...), timer.Timer{}), page)
				if p.IsLast {
					p.Timers, p.Unreadable = p.Timers[:len(p.Timers)-1], []clockwork.UnreadableTimer{null}
					p.Unreadable[0].Place = len(p.Timers)
				}
				return p, nil
			}
			got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(runningIDs(append(tt.list, tt.known)...)))
			require.NoError(t, err)
			assert.Equal(t, []int64{tt.known}, unprovenIDs(got))
		})
	}
}

// A timer that was on the list stays if its entry cannot be read when its place is
// looked at once more.
func TestReadingOfAnEntryThatBecomesUnreadable(t *testing.T) {
	for name, unreadable := range map[string]clockwork.UnreadableTimer{
		"id":           {ID: 10, Err: errors.New("no issue")},
		"account-only": {Account: "a", Err: errors.New("no issue")},
		"neither":      {Err: errors.New("null")},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
				p := pageOf(runningIDs(10, 20, 30, 40, 50, 60, 70, 80), page)
				if calls++; calls > 4 && page == 1 {
					p.Timers, p.Unreadable = p.Timers[1:], []clockwork.UnreadableTimer{unreadable}
				}
				return p, nil
			}
			got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(runningIDs(10, 20, 25, 30, 40)))
			require.NoError(t, err)
			assert.Greater(t, calls, 4, "25 is looked for between the pages")
			assert.ElementsMatch(t, []int64{10, 20, 30, 40, 50, 60, 70, 80}, idsOf(got))
			assert.Empty(t, got.Unproven)
		})
	}
}

func TestReadingOfNothingReadable(t *testing.T) {
	stopped := errors.New("no issue")
	tests := []struct {
		name       string
		unreadable []clockwork.UnreadableTimer
		ok         bool
	}{
		{"the-only-one", []clockwork.UnreadableTimer{{ID: 1, Err: stopped}}, true},
		{"the-only-one-and-no-id", []clockwork.UnreadableTimer{{Account: "a", Err: stopped}}, false},
		{"many", []clockwork.UnreadableTimer{{ID: 1, Err: stopped}, {ID: 2, Err: stopped}, {ID: 3, Err: stopped}, {ID: 4, Err: stopped}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readTimers(t.Context(), func(context.Context, int, func()) (clockwork.TimersPage, error) {
				return clockwork.TimersPage{Unreadable: tt.unreadable, IsLast: true, Total: -1}, nil
			}, ticking(), knownTo(runningIDs(1)))
			if tt.ok {
				require.NoError(t, err)
				assert.Equal(t, []int64{1}, unprovenIDs(got))
				return
			}
			assert.ErrorIs(t, err, ErrUnknownShape)
		})
	}
}

// A call too few costs proof, and no timer.
func TestReadingWithoutTheCallsThatWouldProve(t *testing.T) {
	list, known := runningIDs(1, 2, 4, 5), runningIDs(1, 2, 3, 4, 5)
	calls := 0
	read := func(_ context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		if calls++; calls > 2 {
			return clockwork.TimersPage{}, errors.New("limited")
		}
		return pageOf(list, page), nil
	}
	got, err := readTimers(t.Context(), oneAtATime(read), ticking(), knownTo(known))
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 2, 4, 5}, idsOf(got))
	assert.Equal(t, []int64{3}, unprovenIDs(got))

	// Nor is the time that others need used up.
	late, cancel := context.WithTimeout(t.Context(), reserve-time.Second)
	defer cancel()
	got, err = readTimers(late, func(ctx context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		return pageOf(list, page), ctx.Err()
	}, ticking(), knownTo(known))
	require.NoError(t, err)
	assert.Equal(t, []int64{3}, unprovenIDs(got))

	stopped, cancel := context.WithCancel(t.Context())
	calls = 0
	_, err = readTimers(stopped, oneAtATime(func(ctx context.Context, page int, _ func()) (clockwork.TimersPage, error) {
		if calls++; calls > 2 {
			cancel()
		}
		return pageOf(list, page), ctx.Err()
	}), ticking(), knownTo(known))
	assert.ErrorIs(t, err, context.Canceled)
}

// A list of many pages that grows while it is read is read to its end.
func TestReadingFollowsAListThatGrows(t *testing.T) {
	read, _ := changing(runningAll(1, 4), runningAll(1, 4), runningAll(1, 7))
	got, err := readTimers(t.Context(), read, ticking(), knownTo(runningAll(1, 4)))
	require.NoError(t, err)
	assert.Subset(t, idsOf(got), []int64{1, 2, 3, 4})
	assert.Empty(t, got.Unproven)
}
