package realtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longest is the longest text that a client may give, in its longest encoding.
var longest = strings.Repeat("<", maxComment)

// fill makes as many changes of timers with the longest comments as there may be
// timers, and gives what was refused.
func fill(r *room, status Status) (refused int) {
	for n := range MaxTimers {
		p := &plan{room: r, writes: []write{{ifSeq: -1, timer: Timer{ID: fmt.Sprint(n), UserID: "ann", Status: status,
			StartedAt: testNow, UpdatedAt: testNow, Comment: longest, Source: SourceClient}}}}
		p.compute()
		r.deliver(p.change.Events)
		for _, o := range p.outcomes {
			if o.refused != nil {
				refused++
			}
		}
	}
	return refused
}

func newRoom() *room {
	r := &room{user: "ann"}
	r.replace(State{})
	return r
}

// However long a user's texts are, what is kept of them and what each connection
// gets is bounded.
func TestBytesOfAUser(t *testing.T) {
	for name, tc := range map[string]struct {
		status  Status
		refused bool
	}{"stopped-ones-leave": {Stopped, false}, "running-ones-stay": {Running, true}} {
		t.Run(name, func(t *testing.T) {
			r := newRoom()
			refused := fill(r, tc.status)
			assert.Equal(t, tc.refused, refused > 0)
			total := 0
			for _, timer := range r.timers {
				total += timer.size()
			}
			assert.LessOrEqual(t, total, MaxTimerBytes)
			assert.Greater(t, total, MaxTimerBytes/2, "it is used")
			assert.Less(t, r.state(testNow).size(), 512<<10)
			assert.LessOrEqual(t, r.recentBytes, maxRecentBytes+16<<10)
			kept := 0
			for _, p := range r.recent {
				kept += p.size()
			}
			assert.Equal(t, kept, r.recentBytes)
			assert.NotEmpty(t, r.recent)
		})
	}
}

// A running timer that cannot grow any more can be stopped.
func TestStopWhereNothingFits(t *testing.T) {
	r := newRoom()
	require.Positive(t, fill(r, Running))
	p := &plan{room: r, writes: []write{{ifSeq: -1, timer: Timer{ID: "0", UserID: "ann", Status: Stopped, StartedAt: testNow, UpdatedAt: testNow, Source: SourceClient}}}}
	p.compute()
	assert.Equal(t, []outcome{{}}, p.outcomes)
	assert.Empty(t, p.change.Dropped)
}

// A batch sees the places that it has itself given.
func TestPlacesInABatch(t *testing.T) {
	r := newRoom()
	p := &plan{room: r}
	for n := range MaxTimers + 10 {
		p.writes = append(p.writes, write{ifSeq: -1, timer: Timer{ID: fmt.Sprint(n), UserID: "ann", Status: Stopped, StartedAt: testNow, UpdatedAt: testNow}})
	}
	p.compute()
	assert.Len(t, p.change.Dropped, 10)
	assert.Contains(t, p.change.Dropped, "9")
	r.deliver(p.change.Events)
	assert.Len(t, r.timers, MaxTimers)
}

// Those who connect between two changes share one encoding of the timers.
func TestStateIsShared(t *testing.T) {
	r := newRoom()
	fill(r, Stopped)
	state := func() item {
		o := &outbox{start: func() {}}
		r.join(o, -1, testNow)
		defer r.quit(o)
		queued, _, _ := o.take(nil)
		return queued[0]
	}
	first, second := state(), state()
	assert.Same(t, &first.rest[0], &second.rest[0])
	assert.Less(t, len(first.frame), 200)
	r.deliver([]Event{NewEvent(Timer{ID: "new", UserID: "ann", Status: Running, Seq: r.seq + 1})})
	third := state()
	assert.NotSame(t, &first.rest[0], &third.rest[0])
	assert.Contains(t, string(third.rest), `"id":"new"`)
}

// A user's clients that read nothing are cut when they hold too much together;
// one that reads goes on, and what is no longer on its way is not counted.
func TestBudgetOfAUser(t *testing.T) {
	r := newRoom()
	reader := &outbox{start: func() {}}
	r.join(reader, -1, testNow)
	var silent []*outbox
	for range 49 {
		o := &outbox{start: func() {}}
		r.join(o, -1, testNow)
		silent = append(silent, o)
	}
	message := newItem(0, make([]byte, 16<<10))
	for range 20 {
		_, end, _ := reader.take(nil)
		require.Nil(t, end)
		for _, o := range append([]*outbox{reader}, silent...) {
			o.put(message)
		}
		assert.LessOrEqual(t, r.budget.used.Load(), int64(maxUserBytes+50*message.size()))
	}
	cut := 0
	for _, o := range silent {
		if o.ended() != nil {
			assert.Equal(t, &endBudget, o.ended())
			cut++
		}
	}
	assert.Positive(t, cut)
	assert.Nil(t, reader.ended())
	for _, o := range append(silent, reader) {
		r.quit(o)
	}
	assert.Zero(t, r.budget.used.Load())
	reader.put(message)
	_, _, _ = reader.take(nil)
	assert.Zero(t, r.budget.used.Load(), "it has left")
}

// One user's writes that wait for the store leave room for another's.
func TestWritesThatWait(t *testing.T) {
	c := &committer{wake: make(chan struct{}, 1), bytes: map[string]int{}}
	submit := func(user string) error {
		return c.submit(write{user: user, timer: Timer{ID: "a", UserID: user, Status: Running, StartedAt: testNow, UpdatedAt: testNow, Comment: longest}})
	}
	n := 0
	for submit("ann") == nil {
		n++
	}
	assert.Less(t, n*maxComment, maxUserWaiting)
	require.ErrorIs(t, submit("ann"), ErrUnavailable)
	require.NoError(t, submit("bob"))
	for len(c.waiting) > 0 {
		c.next()
	}
	assert.Empty(t, c.bytes)
	require.NoError(t, submit("ann"))
}

func TestFirstRunes(t *testing.T) {
	for text, want := range map[string]string{"": "", "ab": "ab", "abc": "abc", "abcd": "abc", "äöüß": "äöü"} {
		assert.Equal(t, want, firstRunes(text, 3))
	}
}

// BenchmarkJoin is what a connection costs that gets the state of a user with as
// many timers as there may be.
func BenchmarkJoin(b *testing.B) {
	r := newRoom()
	fill(r, Stopped)
	b.ReportAllocs()
	for b.Loop() {
		o := &outbox{start: func() {}}
		r.join(o, -1, testNow)
		r.quit(o)
	}
}
