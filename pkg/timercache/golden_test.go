package timercache_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/golden"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

var random = regexp.MustCompile(`"(epoch|run)":"\w+"`)

// assertGolden compares what is stored or published with a file.
func assertGolden(t *testing.T, name, got string) {
	t.Helper()
	golden.Text(t, name+".json", random.ReplaceAllString(got, `"$1":"RANDOM"`))
}

// What is in Redis outlives the program that wrote it, and others read it too.
func TestStoredForms(t *testing.T) {
	w := onMini(t)
	held := commented(running(2, "ann", "A-2", 90*time.Second), "waits for review")
	held.WithinWorkingHours, held.StartedWithinWorkingHours, held.WorklogCount = false, false, 3
	held.Issue.Summary, held.Issue.ProjectName = "Fix the door", "House"
	held.Author.AvatarURL = "https://avatars.example.test/ann.png"
	a1 := running(1, "ann", "A-1", time.Hour)
	s := w.seen(a1, held)
	s.Enriched = true
	w.commit(s)
	assertGolden(t, "value", w.get("clockwork:timers:ann"))
	assertGolden(t, "sync", w.get("clockwork:sync"))
	w.sameEverywhere()

	w.clock.Advance(1250 * time.Millisecond)
	stop := w.listen(t, nil)
	w.stopped("ann", "A-2")
	w.stopped("ann", "A-1")
	w.started("ann", "A-3")
	events := stop()
	require.Len(t, events, 3)
	assertGolden(t, "event-stopped", events[0].payload)
	assertGolden(t, "event-running", events[2].payload)
	assertGolden(t, "value-of-a-provisional-timer", w.get("clockwork:timers:ann"))
	w.sameEverywhere()
	w.stopped("ann", "A-3")
	assertGolden(t, "value-of-nothing", w.get("clockwork:timers:ann"))
	w.sameEverywhere()

	w.del(timercache.KnownKey("bob"))
	w.read(bob)
	assertGolden(t, "value-of-somebody-unknown", w.get("clockwork:timers:bob"))
	w.flush()
	w.started("ann", "A-1")
	assertGolden(t, "value-before-any-sync", w.get("clockwork:timers:ann"))
}

func TestStoredFormOfMovedIssues(t *testing.T) {
	w := onMini(t)
	a1, b1 := running(1, "ann", "A-1", time.Hour), running(2, "ann", "B-1", time.Minute)
	w.sync(a1, b1)
	a1.Issue.Key = "NEW-1"
	w.clock.Advance(time.Second)
	stop := w.listen(t, nil)
	w.sync(a1)
	events := stop()
	require.Len(t, events, 1)
	assertGolden(t, "events-of-one-change", events[0].payload)
	assertGolden(t, "value-of-a-moved-issue", w.get("clockwork:timers:ann"))
}

// sameEverywhere asserts that ann's value is the same text in all three places,
// and that her address leads to it.
func (w *world) sameEverywhere() {
	w.t.Helper()
	all := w.dump()
	assert.Equal(w.t, all["clockwork:timers:ann"], all["clockwork:timers:ann@example.test"])
	assert.Equal(w.t, all["clockwork:timers:ann"], all[timercache.PeopleKey+"/ann"])
	assert.Equal(w.t, "ann", all[timercache.PeopleKey+"/@ann@example.test"])
	assert.Equal(w.t, all["clockwork:sync"], all[timercache.PeopleKey+"/@"])
}

// The fields of the contract come first, in its order: others read them.
func TestStoredTimersComeFirst(t *testing.T) {
	v := timercache.NewValue(timercache.About{CachedAt: start, UserKey: "ann", Version: 7}, timer.Timer{ID: 1, StartedAt: start, RunningFor: "ann"})
	assert.Regexp(t, `^\{"timers":\[\{"id":1,.*\}\],"cachedAt":"2026-05-04T09:00:00Z","userKey":"ann","version":7\}$`, v.Encode())
}
