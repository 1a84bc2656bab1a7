package timer_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// comparison is what two snapshots, of noon and of five minutes later, say.
type comparison struct {
	before, after []timer.Timer
	same          bool
	want          []string // kind and issue of each change
}

const later = 5 * time.Minute

// grown is a timer as it is later.
func grown(t timer.Timer) timer.Timer {
	t.TillNow += int64(later / time.Second)
	return t
}

func list(timers ...timer.Timer) []timer.Timer { return timers }

func edit(t timer.Timer, change func(*timer.Timer)) []timer.Timer { return list(with(t, change)) }

func comparisons() map[string]comparison {
	a, b := one(2, "A-1", time.Minute), one(1, "A-2", time.Hour)
	mine := with(one(-5, "A-1", 0), func(t *timer.Timer) { t.TillNow = 0 })
	confirmed := func(moved time.Duration) []timer.Timer {
		return edit(grown(mine), func(t *timer.Timer) { t.ID, t.StartedAt = 5, t.StartedAt.Add(moved) })
	}
	held := with(a, func(t *timer.Timer) { t.WithinWorkingHours = false })
	edited := []string{"edited A-1"}
	return map[string]comparison{
		"nothing-ran":              {nil, nil, true, nil},
		"time-has-passed":          {list(a, b), list(grown(a), grown(b)), true, nil},
		"started":                  {list(b), list(grown(a), grown(b)), false, []string{"started A-1"}},
		"stopped":                  {list(a, b), list(grown(b)), false, []string{"stopped A-1"}},
		"stops-come-first":         {list(b), list(grown(a)), false, []string{"stopped A-2", "started A-1"}},
		"comment-added":            {list(a), edit(grown(a), func(t *timer.Timer) { t.Comment = new("x") }), false, edited},
		"comment-emptied":          {edit(a, func(t *timer.Timer) { t.Comment = new("") }), list(grown(a)), false, edited},
		"comment-equal":            {edit(a, func(t *timer.Timer) { t.Comment = new("x") }), edit(grown(a), func(t *timer.Timer) { t.Comment = new("x") }), true, nil},
		"worklog-added":            {list(a), edit(grown(a), func(t *timer.Timer) { t.WorklogCount = 1 }), false, edited},
		"issue-renamed":            {list(a), edit(grown(a), func(t *timer.Timer) { t.Issue.Summary = "New" }), false, edited},
		"author-named":             {list(a), edit(grown(a), func(t *timer.Timer) { t.Author = &timer.Person{AccountID: "ann", DisplayName: "Ann"} }), false, edited},
		"author-gone":              {list(a), edit(grown(a), func(t *timer.Timer) { t.Author = nil }), false, edited},
		"author-equal":             {list(a), edit(grown(a), func(t *timer.Timer) { t.Author = &timer.Person{AccountID: "ann"} }), true, nil},
		"hold-begins":              {list(a), list(with(grown(a), func(t *timer.Timer) { t.WithinWorkingHours = false })), false, edited},
		"hold-lasts":               {list(held), list(held), true, nil},
		"hold-ends":                {list(held), list(a), false, edited},
		"drift-of-five-seconds":    {list(a), edit(grown(a), func(t *timer.Timer) { t.TillNow += 5 }), true, nil},
		"drift-of-five-the-other":  {list(a), edit(grown(a), func(t *timer.Timer) { t.TillNow -= 5 }), true, nil},
		"drift-of-six-seconds":     {list(a), edit(grown(a), func(t *timer.Timer) { t.TillNow += 6 }), false, edited},
		"drift-of-six-the-other":   {list(a), edit(grown(a), func(t *timer.Timer) { t.TillNow -= 6 }), false, edited},
		"start-moved-by-hand":      {list(a), edit(grown(a), func(t *timer.Timer) { t.StartedAt = t.StartedAt.Add(-3 * time.Second) }), false, edited},
		"start-moved-by-a-second":  {list(a), edit(grown(a), func(t *timer.Timer) { t.StartedAt = t.StartedAt.Add(time.Second) }), false, nil},
		"start-in-another-zone":    {list(a), edit(grown(a), func(t *timer.Timer) { t.StartedAt = t.StartedAt.In(time.FixedZone("", 3600)) }), true, nil},
		"confirmed":                {list(mine), confirmed(0), false, nil},
		"confirmed-1s-earlier":     {list(mine), confirmed(-time.Second), false, nil},
		"confirmed-2s-later":       {list(mine), confirmed(2 * time.Second), false, nil},
		"confirmed-3s-earlier":     {list(mine), confirmed(-3 * time.Second), false, edited},
		"confirmed-3s-later":       {list(mine), confirmed(3 * time.Second), false, edited},
		"restarted":                {list(a), list(with(one(9, "A-1", 0), func(t *timer.Timer) {})), false, edited},
		"second-on-one-issue":      {list(a), list(one(9, "A-1", 0), grown(a)), false, edited},
		"second-stops":             {list(one(9, "A-1", 0), a), list(grown(a)), false, edited},
		"older-of-two-stops":       {list(a, one(1, "A-1", time.Hour)), list(grown(a)), false, nil},
		"both-of-one-issue-stop":   {list(a, one(1, "A-1", time.Hour)), nil, false, []string{"stopped A-1"}},
		"both-of-one-issue-start":  {nil, list(a, one(1, "A-1", time.Hour)), false, []string{"started A-1"}},
		"two-on-one-issue-go-on":   {list(a, one(1, "A-1", time.Hour)), list(grown(a), grown(one(1, "A-1", time.Hour))), true, nil},
		"issue-moved":              {list(a), edit(grown(a), func(t *timer.Timer) { t.Issue.Key = "B-7" }), false, []string{"edited B-7"}},
		"issue-moved-id-unknown":   {edit(a, func(t *timer.Timer) { t.Issue.ID = 0 }), list(grown(a)), false, edited},
		"another-issue-same-key":   {list(a), edit(grown(a), func(t *timer.Timer) { t.Issue.ID++ }), false, []string{"stopped A-1", "started A-1"}},
		"the-same-in-another-list": {list(a, b), list(grown(b), grown(a)), false, nil},
	}
}

func TestCompare(t *testing.T) {
	for name, tc := range comparisons() {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.same, timer.SameSnapshot(tc.before, noon, tc.after, noon.Add(later)), "SameSnapshot")
			var got []string
			for _, change := range timer.Diff(tc.before, noon, tc.after, noon.Add(later)) {
				got = append(got, fmt.Sprintf("%s %s", change.Kind, change.Timer.Issue.Key))
			}
			assert.Equal(t, tc.want, got, "Diff")
		})
	}
}

// A list that was just written to may be newer than the snapshot that comes in.
func TestCompareWithAnOlderSnapshot(t *testing.T) {
	a := one(1, "A-1", time.Hour)
	assert.True(t, timer.SameSnapshot(list(grown(a)), noon.Add(later), list(a), noon))
	assert.Empty(t, timer.Diff(list(grown(a)), noon.Add(later), list(a), noon))
	edited := edit(a, func(t *timer.Timer) { t.TillNow += 60 })
	assert.False(t, timer.SameSnapshot(list(grown(a)), noon.Add(later), edited, noon))
	changes := timer.Diff(list(grown(a)), noon.Add(later), edited, noon)
	assert.Equal(t, []timer.Change{{Kind: timer.Edited, Timer: edited[0]}}, changes, "told as the snapshot has it")
}

func TestDiffTellsTheTimerAsItLastWas(t *testing.T) {
	a, b := one(2, "A-1", time.Minute), grown(one(1, "A-2", time.Hour))
	assert.Equal(t, []timer.Change{{Kind: timer.Stopped, Timer: a}, {Kind: timer.Started, Timer: b}},
		timer.Diff(list(a), noon, list(b), noon.Add(later)))
}

// Whatever two snapshots are, the changes between them turn one into the other:
// a client that replays events ends with what a client that reads sees.
func TestReplayingChangesGivesTheNewState(t *testing.T) {
	for seed := range uint64(5000) {
		random := rand.New(rand.NewPCG(seed, 1))
		before, after := randomList(random), randomList(random)
		if random.IntN(3) == 0 { // mostly the same, as snapshots are
			after = append(timer.Advance(before, noon, noon.Add(later)), after[:min(1, len(after))]...)
			timer.SortNewestFirst(after)
		}
		state := newestOfEachIssue(before)
		for _, change := range timer.Diff(before, noon, after, noon.Add(later)) {
			_, runs := state[change.Timer.Issue.Key]
			assert.Equal(t, change.Kind != timer.Started, runs, "seed %d: %s", seed, change.Kind)
			if change.Kind == timer.Stopped {
				delete(state, change.Timer.Issue.Key)
			} else {
				state[change.Timer.Issue.Key] = change.Timer
			}
		}
		want := newestOfEachIssue(after)
		if !assert.Len(t, state, len(want), "seed %d", seed) {
			return
		}
		for issue, w := range want { // what is no change to a person may differ a little
			got := state[issue]
			assert.LessOrEqual(t, got.StartedAt.Sub(w.StartedAt).Abs(), 2*time.Second, "seed %d", seed)
			got.ID, got.StartedAt, got.TillNow, w.ID, w.StartedAt, w.TillNow = 0, noon, 0, 0, noon, 0
			assert.Equal(t, w, got, "seed %d", seed)
		}
	}
}

func newestOfEachIssue(timers []timer.Timer) map[string]timer.Timer {
	newest := map[string]timer.Timer{}
	for _, x := range timers {
		if _, ok := newest[x.Issue.Key]; !ok {
			newest[x.Issue.Key] = x
		}
	}
	return newest
}

func randomList(random *rand.Rand) []timer.Timer {
	timers := make([]timer.Timer, random.IntN(5))
	for i := range timers {
		timers[i] = one(int64(i+1+10*random.IntN(3)), fmt.Sprintf("A-%d", random.IntN(4)), time.Duration(random.IntN(6))*time.Second)
		if random.IntN(3) == 0 {
			timers[i].Comment = new(fmt.Sprint(random.IntN(2)))
		}
		timers[i].WithinWorkingHours = random.IntN(4) > 0
		if random.IntN(5) == 0 {
			timers[i].ID *= -1
		}
	}
	timer.SortNewestFirst(timers)
	return timers
}
