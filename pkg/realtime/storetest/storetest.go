// Package storetest tests the contract of a realtime.Store. The tests of each store run
// it; it is not part of the product.
package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Subject opens the store: an empty one first, and another instance on the same data at
// each later call.
type Subject func(t *testing.T) realtime.Store

// Run tests a store; each test opens a new one.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"unknown-user":        unknown,
		"epoch-is-kept":       epochIsKept,
		"keeps-all-fields":    fields,
		"several-users":       severalUsers,
		"drops":               drops,
		"refuses-what-is-old": old,
		"skips-numbers":       skips,
		"no-number-twice":     race,
		"recent-is-bounded":   bounded,
		"recent-bytes":        boundedBytes,
		"any-text":            anyText,
		"many-in-one":         many,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var start = time.Date(2026, 5, 4, 9, 0, 0, 123456789, time.UTC)

// event is the change with a seq.
func event(user, id string, seq int64, status realtime.Status) realtime.Event {
	return realtime.NewEvent(realtime.Timer{ID: id, UserID: user, Status: status, StartedAt: start, UpdatedAt: start.Add(time.Duration(seq) * time.Second),
		Seq: seq, CountedAt: start, Source: realtime.SourceClient})
}

func change(after int64, dropped []string, events ...realtime.Event) realtime.Change {
	return realtime.Change{User: events[0].Timer.UserID, After: after, Events: events, Dropped: dropped, Announcement: "{}"}
}

func commit(t *testing.T, s realtime.Store, changes ...realtime.Change) []bool {
	t.Helper()
	made, err := s.Commit(t.Context(), changes)
	require.NoError(t, err)
	return made
}

func load(t *testing.T, s realtime.Store, user string) realtime.State {
	t.Helper()
	state, err := s.Load(t.Context(), user)
	require.NoError(t, err)
	return state
}

// epoch is the seq that users start from.
func epoch(t *testing.T, s realtime.Store) int64 {
	t.Helper()
	return load(t, s, "nobody").Seq
}

// timersOf maps id to status.
func timersOf(state realtime.State) map[string]realtime.Status {
	m := map[string]realtime.Status{}
	for _, t := range state.Timers {
		m[t.ID] = t.Status
	}
	return m
}

func unknown(t *testing.T, open Subject) {
	state := load(t, open(t), "nobody")
	assert.Empty(t, state.Timers)
	assert.Empty(t, state.Recent)
	assert.InDelta(t, realtime.NewEpoch(time.Now()), state.Seq, float64(time.Minute.Microseconds()))
}

func epochIsKept(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	commit(t, s, change(began, nil, event("ann", "a", began+1, realtime.Running)))
	for name, store := range map[string]realtime.Store{"same": s, "another": open(t)} {
		assert.Equal(t, began, load(t, store, "bob").Seq, name)
		assert.Equal(t, began+1, load(t, store, "ann").Seq, name)
	}
}

func fields(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	want := realtime.Timer{ID: "one", UserID: "ann", Status: realtime.Running, StartedAt: start, UpdatedAt: start.Add(time.Hour), Seq: began + 1,
		IssueKey: "ABC-1", Summary: "Sum", Comment: "Com\nment", OnHold: true, Source: realtime.SourceClockwork,
		CountedSeconds: 5700, CountedAt: start.Add(2 * time.Hour)}
	require.Equal(t, []bool{true}, commit(t, s, change(began, nil, realtime.NewEvent(want))))
	state := load(t, open(t), "ann")
	assert.Equal(t, began+1, state.Seq)
	assert.Equal(t, []realtime.Timer{want}, state.Timers)
	for _, e := range state.Recent {
		assert.Equal(t, want, e.Timer)
	}
}

func severalUsers(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	assert.Equal(t, []bool{true, true}, commit(t, s,
		change(began, nil, event("ann", "x", began+1, realtime.Running), event("ann", "x", began+2, realtime.Stopped)),
		change(began, nil, event("bob", "x", began+1, realtime.Running))))
	ann, bob := load(t, s, "ann"), load(t, s, "bob")
	assert.Equal(t, map[string]realtime.Status{"x": realtime.Stopped}, timersOf(ann))
	assert.Equal(t, map[string]realtime.Status{"x": realtime.Running}, timersOf(bob), "the same id of another user is another timer")
	assert.Equal(t, began+2, ann.Seq)
	assert.Equal(t, began+1, bob.Seq)
	assert.Len(t, ann.Recent, 2)
	assert.Len(t, bob.Recent, 1)
}

func drops(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	commit(t, s, change(began, nil, event("ann", "a", began+1, realtime.Stopped), event("ann", "b", began+2, realtime.Running)))
	commit(t, s, change(began+2, []string{"a", "never-there"}, event("ann", "c", began+3, realtime.Running)))
	state := load(t, s, "ann")
	assert.Equal(t, map[string]realtime.Status{"b": realtime.Running, "c": realtime.Running}, timersOf(state))
	assert.Equal(t, began+3, state.Seq)
}

func old(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	commit(t, s, change(began, nil, event("ann", "a", began+1, realtime.Running)))
	repeated := change(began, nil, event("ann", "a", began+1, realtime.Stopped))
	early := change(began+5, nil, event("ann", "a", began+6, realtime.Stopped))
	other := change(began, nil, event("bob", "b", began+1, realtime.Running))
	assert.Equal(t, []bool{false, true}, commit(t, s, repeated, other), "one user's refusal is not another's")
	assert.Equal(t, []bool{false}, commit(t, s, early))
	state := load(t, s, "ann")
	assert.Equal(t, map[string]realtime.Status{"a": realtime.Running}, timersOf(state))
	assert.Equal(t, began+1, state.Seq)
	assert.Len(t, state.Recent, 1)
}

func skips(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	commit(t, s, change(began, nil, event("ann", "a", began+1, realtime.Running)))
	c := change(began+1, nil, event("ann", "a", began+1002, realtime.Stopped))
	c.Skipped = 1000
	assert.Equal(t, []bool{true}, commit(t, s, c))
	assert.Equal(t, began+1002, load(t, s, "ann").Seq)
	assert.Equal(t, []bool{false}, commit(t, s, change(began+2, nil, event("ann", "a", began+3, realtime.Running))))
	assert.Equal(t, []bool{true}, commit(t, s, change(began+1002, nil, event("ann", "a", began+1003, realtime.Running))))
}

// race has two instances commit for one user: no number is used twice.
func race(t *testing.T, open Subject) {
	const each = 20
	first, second := open(t), open(t)
	began := epoch(t, first)
	var both sync.WaitGroup
	for i, s := range []realtime.Store{first, second} {
		both.Go(func() {
			for n := 0; n < each; {
				state, err := s.Load(t.Context(), "ann")
				if !assert.NoError(t, err) {
					return
				}
				id := fmt.Sprintf("%d-%d", i, n)
				made, err := s.Commit(t.Context(), []realtime.Change{change(state.Seq, nil, event("ann", id, state.Seq+1, realtime.Running))})
				if !assert.NoError(t, err) {
					return
				}
				if made[0] {
					n++
				}
			}
		})
	}
	both.Wait()
	state := load(t, first, "ann")
	assert.Equal(t, began+2*each, state.Seq)
	assert.Len(t, state.Timers, 2*each)
}

func bounded(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	const total = realtime.MaxRecent + 40
	for seq := int64(0); seq < total; seq += 8 {
		var events []realtime.Event
		for n := range int64(8) {
			events = append(events, event("ann", "a", began+seq+n+1, realtime.Running))
		}
		require.Equal(t, []bool{true}, commit(t, s, change(began+seq, nil, events...)))
	}
	recent := load(t, s, "ann").Recent
	require.Len(t, recent, realtime.MaxRecent)
	for i, e := range recent {
		assert.Equal(t, began+int64(total-realtime.MaxRecent+i+1), e.Timer.Seq)
	}
}

// boundedBytes has one user make changes with long texts: what others need is small.
func boundedBytes(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	const total = 120
	size := 0
	for seq := began; seq < began+total; seq++ {
		e := event("ann", "a", seq+1, realtime.Running)
		e.Timer.Comment = strings.Repeat("<", 2000) // six bytes each in JSON
		e = realtime.NewEvent(e.Timer)
		size += len(e.JSON)
		require.Equal(t, []bool{true}, commit(t, s, change(seq, nil, e)))
	}
	require.Greater(t, size, 4*realtime.MaxRecentBytes)
	kept := 0
	recent := load(t, open(t), "ann").Recent
	for i, e := range recent {
		kept += len(e.JSON)
		assert.Equal(t, began+total-int64(len(recent)-i-1), e.Timer.Seq)
	}
	assert.LessOrEqual(t, kept, realtime.MaxRecentBytes)
	assert.Greater(t, kept, realtime.MaxRecentBytes/2)
}

func anyText(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	for i, text := range []string{"seq", "a:b*?[x]", "it's \"quoted\" \\", "ünï ✓ \U0001F600", "'; DROP TABLE timers; --", "%d %s {}"} {
		e := event("user "+text, text, began+1, realtime.Running)
		e.Timer.Comment = text
		require.Equal(t, []bool{true}, commit(t, s, change(began, nil, realtime.NewEvent(e.Timer))), "text %d", i)
		state := load(t, s, "user "+text)
		require.Len(t, state.Timers, 1)
		assert.Equal(t, e.Timer, state.Timers[0])
	}
}

// many is more than fits into one statement or script.
func many(t *testing.T, open Subject) {
	s := open(t)
	began := epoch(t, s)
	var changes []realtime.Change
	for n := range 600 {
		user := fmt.Sprintf("user-%d", n)
		changes = append(changes, change(began, nil, event(user, "a", began+1, realtime.Running), event(user, "b", began+2, realtime.Stopped)))
	}
	for _, made := range commit(t, s, changes...) {
		assert.True(t, made)
	}
	assert.Equal(t, began+2, load(t, s, "user-599").Seq)
}
