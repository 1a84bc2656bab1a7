package timersync_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

// sources are the ways to the list of timers, Forge in each shape of answer.
var sources = map[string]func(w *world){
	"connect":       func(w *world) { w.sources = []string{"connect"} },
	"forge-current": func(w *world) { w.sources = []string{"forge"} },
	"forge-flat":    envelope(sandbox.EnvelopeFlat),
	"forge-nested":  envelope(sandbox.EnvelopeNested),
	"forge-text":    envelope(sandbox.EnvelopeText),
}

func envelope(e sandbox.Envelope) func(w *world) {
	return func(w *world) {
		w.sources = []string{"forge"}
		w.box.Switch(func(s *sandbox.Switches) { s.ForgeEnvelope = e })
	}
}

func TestSyncFirstUnchangedChanged(t *testing.T) {
	for name, choose := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, sandbox.Options{PageSize: 3}, func(t *testing.T, w *world) {
				choose(w)
				people := w.box.People()
				first := w.sync()
				w.settled()
				assert.Equal(t, 7, first.Timers)
				assert.Equal(t, 6, first.Users)
				assert.Equal(t, 7, first.Started)

				unchanged := w.sync()
				w.settled()
				assert.Equal(t, timercache.Result{Version: first.Version, Timers: 7, Users: 6}, unchanged)

				running := w.box.RunningTimers()
				_, err := w.box.StopTimer(running[0].RunningFor, running[0].Issue.Key)
				require.NoError(t, err)
				_, err = w.box.EditTimer(running[1].ID, sandbox.TimerEdit{Comment: new("looked again")})
				require.NoError(t, err)
				_, err = w.box.StartTimer(people[11].AccountID, w.box.Issues()[30].Key, "new")
				require.NoError(t, err)
				changed := w.sync()
				w.settled()
				assert.Equal(t, []int{1, 1, 1}, []int{changed.Started, changed.Stopped, changed.Edited})
			})
		})
	}
}

func TestSyncShowsOnlyWhatRunsAndEachOnce(t *testing.T) {
	w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 2})
	w.box.Switch(func(s *sandbox.Switches) { s.ListFinished = true })
	running := w.box.RunningTimers()
	_, err := w.box.StopTimer(running[2].RunningFor, running[2].Issue.Key)
	require.NoError(t, err)
	w.sync()
	w.settled()

	// Everybody stops: nothing runs, which is not the same as nothing known.
	for _, r := range w.box.RunningTimers() {
		_, err := w.box.StopTimer(r.RunningFor, r.Issue.Key)
		require.NoError(t, err)
	}
	got := w.sync()
	w.settled()
	assert.Equal(t, 6, got.Stopped)
}

func TestSyncUnknownShapeIsAnErrorAndChangesNothing(t *testing.T) {
	w := onMini(t)
	w.sync()
	w.settled()
	w.box.Switch(func(s *sandbox.Switches) { s.ForgeEnvelope = sandbox.EnvelopeUnknown })
	_, err := w.process().Run(t.Context())
	require.ErrorIs(t, err, timersource.ErrUnknownShape)
	assert.True(t, timersync.Permanent(err))
	w.settled()
}

// A list that moves while it is read is read again.
func TestSyncListChangesBetweenPages(t *testing.T) {
	for name, choose := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 2})
			choose(w)
			w.sync()
			w.settled()
			running := w.box.RunningTimers()
			newest := running[len(running)-1]
			var pages atomic.Int64
			w.box.OnRequest(func(operation string) {
				if operation != "report.timers" && operation != "forge.invoke" {
					return
				}
				if pages.Add(1) == 2 { // the first page has come: what is on the second moves there
					_, err := w.box.StopTimer(newest.RunningFor, newest.Issue.Key)
					assert.NoError(t, err)
				}
			})
			w.sync()
			w.box.OnRequest(nil)
			w.settled()
		})
	}
}

// unsettle makes the list move during every reading until the world ends: a
// person's timer stops after the first page and begins anew after the last.
func (w *world) unsettle(accountID, issueKey string) {
	var mu sync.Mutex // pages are fetched side by side
	readings := 0
	w.box.OnRequest(func(operation string) {
		if operation != "forge.invoke" && operation != "report.timers" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		readings++
		var err error
		if readings%2 == 0 {
			_, err = w.box.StopTimer(accountID, issueKey)
		} else if readings > 1 {
			_, err = w.box.StartTimer(accountID, issueKey, "")
		}
		assert.NoError(w.t, err)
	})
}

// A list that moves during every reading loses nobody, and what stopped is gone.
func TestSyncNeverDropsATimerThatMovedToAnotherPage(t *testing.T) {
	w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 4}) // two pages of seven
	restless, issue := w.box.People()[11].AccountID, w.box.Issues()[30].Key
	_, err := w.box.StartTimer(restless, issue, "")
	require.NoError(t, err)
	w.sync()
	w.settled()
	ended := w.box.RunningTimers()[2]
	_, err = w.box.StopTimer(ended.RunningFor, ended.Issue.Key)
	require.NoError(t, err)

	w.clock.Advance(time.Minute)
	w.unsettle(restless, issue)
	p := w.process()
	acquired, err := p.Acquire(t.Context())
	require.NoError(t, err)
	fetched, err := p.Fetch(t.Context(), "run", acquired)
	require.NoError(t, err)
	assert.True(t, fetched.Moved)
	assert.Zero(t, fetched.Unproven)
	_, err = p.Write(t.Context(), "run", fetched)
	require.NoError(t, err)
	w.box.OnRequest(nil)

	view, err := w.cache.Read(t.Context(), timercache.Subject{})
	require.NoError(t, err)
	shown := map[int64]int64{}
	for _, v := range view.Timers {
		shown[v.ID] = v.TillNow
	}
	for _, r := range w.box.RunningTimers() {
		if r.RunningFor != restless {
			assert.Contains(t, shown, r.ID)
			assert.InDelta(t, r.TillNow, shown[r.ID], 2)
		}
	}
	assert.NotContains(t, shown, ended.ID)

	_, _ = w.box.StopTimer(restless, issue)
	w.sync()
	w.settled()
}

// The first sync of a list that moves writes what it saw, and says so.
func TestSyncOfAMovingListWithNothingKnown(t *testing.T) {
	w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 4})
	restless, issue := w.box.People()[11].AccountID, w.box.Issues()[30].Key
	_, err := w.box.StartTimer(restless, issue, "")
	require.NoError(t, err)
	w.unsettle(restless, issue)
	_, err = w.process().Run(t.Context())
	require.NoError(t, err)
	w.box.OnRequest(nil)
	assert.Contains(t, w.log.String(), "moved=true")
	view, err := w.cache.Read(t.Context(), timercache.Subject{})
	require.NoError(t, err)
	shown := map[int64]bool{}
	for _, v := range view.Timers {
		shown[v.ID] = true
	}
	for _, r := range w.box.RunningTimers() {
		assert.True(t, shown[r.ID] || r.RunningFor == restless, "%d ran all the time", r.ID)
	}
	_, _ = w.box.StopTimer(restless, issue)
	w.sync()
	w.settled()
}

// One odd entry stops nothing: its person keeps the timer that the cache holds,
// and whoever stopped has stopped.
func TestSyncWithAnOddEntry(t *testing.T) {
	for _, how := range []sandbox.Oddity{sandbox.OddIssueGone, sandbox.OddNoPerson, sandbox.OddEmptyTime, sandbox.OddFraction, sandbox.OddNull} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databases["rest-miniredis"], sandbox.Options{PageSize: 4})
			w.sync()
			w.settled()
			running := w.box.RunningTimers()
			require.NoError(t, w.box.MakeOdd(running[2].ID, how))
			_, err := w.box.StopTimer(running[5].RunningFor, running[5].Issue.Key)
			require.NoError(t, err)
			_, err = w.box.StartTimer(w.box.People()[11].AccountID, w.box.Issues()[30].Key, "")
			require.NoError(t, err)
			w.clock.Advance(10 * time.Minute)
			for range 3 { // it never ends by itself
				w.sync()
				w.settled()
			}
			odd := how != sandbox.OddFraction
			assert.Equal(t, odd, strings.Contains(w.log.String(), "unreadable timers left out"))
			assert.Equal(t, odd, strings.Contains(w.log.String(), "unproven=1"))

			_, err = w.box.StopTimer(running[2].RunningFor, running[2].Issue.Key)
			require.NoError(t, err)
			w.sync()
			w.settled()
		})
	}
}

// A first sync takes all but the odd entry.
func TestFirstSyncWithAnOddEntry(t *testing.T) {
	w := onMini(t)
	odd := w.box.RunningTimers()[2]
	require.NoError(t, w.box.MakeOdd(odd.ID, sandbox.OddIssueGone))
	p := w.process()
	fetched, err := p.Fetch(t.Context(), "run", timersync.Acquired{})
	require.NoError(t, err)
	assert.Equal(t, 1, fetched.Unreadable)
	assert.Zero(t, fetched.Unproven, "nobody knows it")
	result, err := p.Write(t.Context(), "run", fetched)
	require.NoError(t, err)
	assert.Equal(t, len(w.box.RunningTimers())-1, result.Timers)
	for _, person := range w.box.People() {
		subjects := []timercache.Subject{{AccountID: person.AccountID}}
		if !person.EmailHidden {
			subjects = append(subjects, timercache.Subject{Email: person.Email})
		}
		for _, subject := range subjects {
			view, err := w.cache.Read(t.Context(), subject)
			require.NoError(t, err)
			assert.Equal(t, person.AccountID == odd.RunningFor, view.Unreadable, "%+v", subject)
		}
	}
	require.NoError(t, w.box.MakeOdd(odd.ID, ""))
	w.sync()
	w.settled()
}

func TestSyncFailsWithoutAnswerAndLeavesTheCacheAlone(t *testing.T) {
	for name, f := range map[string]fault.Fault{
		"refused":                   {Kind: fault.Status, Status: 500},
		"not-found-page-of-another": {Kind: fault.HTML},
		"cut":                       {Kind: fault.Truncated},
		"malformed":                 {Kind: fault.MalformedJSON},
		"types":                     {Kind: fault.WrongTypes},
		"reset":                     {Kind: fault.Reset},
		"huge":                      {Kind: fault.Huge, Size: 20 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := onMini(t)
			w.sync()
			f.Operation = "forge.invoke"
			plan := w.box.Faults().Add(f)
			_, err := w.process().Run(t.Context())
			require.Error(t, err)
			w.settled()
			plan.Clear()
			w.sync()
			w.settled()
		})
	}
}

// A fetch that hangs ends with its caller.
func TestSyncEndsWithItsContext(t *testing.T) {
	w := onMini(t)
	w.sync()
	plan := w.box.Faults().Add(fault.Fault{Kind: fault.Hang, Operation: "forge.invoke"})
	ctx, cancel := context.WithCancel(t.Context())
	w.box.OnRequest(func(operation string) {
		if operation == "forge.invoke" {
			cancel()
		}
	})
	_, err := w.process().Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	w.box.OnRequest(nil)
	plan.Clear()
	w.settled()
}
