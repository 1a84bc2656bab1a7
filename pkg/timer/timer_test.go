package timer_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timer"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// one is a timer that began a while before noon.
func one(id int64, issue string, age time.Duration) timer.Timer {
	return timer.Timer{ID: id, StartedAt: noon.Add(-age), RunningFor: "ann", TillNow: int64(age / time.Second),
		Issue: timer.Issue{Key: issue, ID: idOf(issue)}, Author: &timer.Person{AccountID: "ann"},
		WithinWorkingHours: true, StartedWithinWorkingHours: true}
}

// idOf is the id of an issue that was never moved.
func idOf(key string) int64 {
	id := int64(1)
	for _, letter := range []byte(key) {
		id = id*31 + int64(letter)
	}
	return id
}

func with(t timer.Timer, change func(*timer.Timer)) timer.Timer {
	change(&t)
	return t
}

func TestCountedSince(t *testing.T) {
	counted := func(age time.Duration, counted int64) timer.Timer {
		return with(one(1, "A-1", age), func(t *timer.Timer) { t.TillNow = counted })
	}
	finished := with(one(3, "A-3", time.Minute), func(t *timer.Timer) { t.FinishedAt = &noon })
	midnight := noon.Add(-12 * time.Hour)
	for name, tc := range map[string]struct {
		timers []timer.Timer
		want   int64
	}{
		"none":                           {nil, 0},
		"of-today":                       {[]timer.Timer{counted(time.Hour, 1800), counted(12*time.Hour, 60)}, 1860},
		"finished":                       {[]timer.Timer{finished}, 0},
		"from-yesterday-without-a-pause": {[]timer.Timer{counted(14*time.Hour, 14*3600)}, 12 * 3600},
		"from-yesterday-with-pauses":     {[]timer.Timer{counted(14*time.Hour, 3*3600)}, 3600},
		"perhaps-all-of-yesterday":       {[]timer.Timer{counted(20*time.Hour, 3*3600), counted(time.Hour, 60)}, 60},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, timer.CountedSince(tc.timers, midnight)) })
	}
}

func TestAdvance(t *testing.T) {
	held := with(one(2, "A-2", time.Minute), func(t *timer.Timer) { t.WithinWorkingHours = false })
	finished := with(one(3, "A-3", time.Minute), func(t *timer.Timer) { t.FinishedAt = &noon })
	for name, tc := range map[string]struct {
		by   time.Duration
		want int64
	}{
		"not-at-all":       {0, 60},
		"a-second":         {time.Second, 61},
		"almost-a-second":  {time.Second - 1, 60},
		"almost-two":       {2*time.Second - 1, 61},
		"an-hour":          {time.Hour, 3660},
		"a-clock-set-back": {-time.Hour, 60},
	} {
		t.Run(name, func(t *testing.T) {
			before := []timer.Timer{one(1, "A-1", time.Minute), held, finished}
			got := timer.Advance(before, noon, noon.Add(tc.by))
			assert.Equal(t, tc.want, got[0].TillNow)
			assert.Equal(t, int64(60), got[1].TillNow, "on hold")
			assert.Equal(t, int64(60), got[2].TillNow, "finished")
			assert.Equal(t, int64(60), before[0].TillNow, "the given list is left alone")
		})
	}
	assert.Empty(t, timer.Advance(nil, noon, noon.Add(time.Hour)))
}

func TestAdvanceIsNeverNegative(t *testing.T) {
	ahead := with(one(1, "A-1", 0), func(t *timer.Timer) { t.TillNow = -90 })
	held := with(ahead, func(t *timer.Timer) { t.WithinWorkingHours = false })
	most := with(ahead, func(t *timer.Timer) { t.TillNow = math.MaxInt64 })
	for _, by := range []time.Duration{-time.Hour, 0, time.Minute} {
		for _, got := range timer.Advance([]timer.Timer{ahead, held, most}, noon, noon.Add(by)) {
			assert.GreaterOrEqual(t, got.TillNow, int64(0), by)
		}
	}
	assert.Equal(t, int64(30), timer.Advance([]timer.Timer{ahead}, noon, noon.Add(2*time.Minute))[0].TillNow, "it counts from its start")
}

func TestTick(t *testing.T) {
	odd := noon.Add(250 * time.Millisecond)
	for name, tc := range map[string]struct{ from, now, want time.Time }{
		"whole-seconds":   {noon, noon.Add(3 * time.Second), noon.Add(3 * time.Second)},
		"rounds-down":     {noon, noon.Add(3*time.Second + 999*time.Millisecond), noon.Add(3 * time.Second)},
		"keeps-the-phase": {odd, noon.Add(3 * time.Second), odd.Add(2 * time.Second)},
		"no-time":         {noon, noon, noon},
		"never-goes-back": {noon, noon.Add(-time.Hour), noon},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, timer.Tick(tc.from, tc.now)) })
	}
}

func TestTickLosesNoTime(t *testing.T) {
	at, timers := noon, []timer.Timer{one(1, "A-1", 0)}
	for i := 1; i <= 100; i++ {
		next := timer.Tick(at, noon.Add(time.Duration(i)*770*time.Millisecond))
		timers, at = timer.Advance(timers, at, next), next
	}
	assert.Equal(t, int64(77), timers[0].TillNow)
}

func TestSortNewestFirst(t *testing.T) {
	timers := []timer.Timer{one(1, "A-1", time.Hour), one(4, "A-4", 0), one(2, "A-2", time.Hour), one(-9, "A-9", time.Hour), one(3, "A-3", time.Minute)}
	timer.SortNewestFirst(timers)
	var got []int64
	for _, x := range timers {
		got = append(got, x.ID)
	}
	assert.Equal(t, []int64{4, 3, 2, 1, -9}, got, "equal starts by id, the latest first")
}

func TestByAccount(t *testing.T) {
	bobs := with(one(3, "B-1", time.Minute), func(t *timer.Timer) { t.RunningFor = "bob" })
	got := timer.ByAccount([]timer.Timer{one(1, "A-1", time.Hour), bobs, one(2, "A-2", time.Minute)})
	assert.Equal(t, map[string][]timer.Timer{"ann": {one(2, "A-2", time.Minute), one(1, "A-1", time.Hour)}, "bob": {bobs}}, got)
	assert.Empty(t, timer.ByAccount(nil))
}

func TestNormalizeEmail(t *testing.T) {
	for given, want := range map[string]string{
		"": "", " Ann@Example.TEST\n": "ann@example.test", "ÄNN@Example.test": "Änn@example.test",
		"\u212Aate@example.test": "\u212Aate@example.test", // the Kelvin sign, whose lower case is k
		"\u0130nes@example.test": "\u0130nes@example.test", "\xffA@example.test": "\xffa@example.test",
	} {
		assert.Equal(t, want, timer.NormalizeEmail(given))
		assert.Equal(t, want, timer.NormalizeEmail(want), "it is its own spelling")
	}
}
