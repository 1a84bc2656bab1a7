package fanout

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
)

var testNow = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// fixed is a store that holds one state for everybody.
type fixed struct{ realtime.State }

func (f *fixed) Load(context.Context, string) (realtime.State, error) { return f.State, nil }

func (*fixed) Commit(context.Context, []realtime.Change) ([]bool, error) { return nil, nil }

// newRoom is ann's room with a state.
func newRoom(t testing.TB, state realtime.State) *Room {
	t.Helper()
	r := NewHub(&fixed{state}, tasks.New(nil, nil, nil)).Enter("ann")
	require.NoError(t, r.EnsureFresh(t.Context()))
	return r
}

func newOutbox() *Outbox { return NewOutbox(func() {}) }

func change(seq int64) realtime.Event { return realtime.NewEvent(annsTimer("a", seq)) }

// longChanges are changes of timers with the longest comments, in the longest
// encoding.
func longChanges(from, n int64) (events []realtime.Event) {
	for seq := from; seq < from+n; seq++ {
		t := annsTimer(fmt.Sprint(seq%realtime.MaxTimers), seq)
		t.Status, t.Comment = realtime.Stopped, strings.Repeat("<", 2000)
		events = append(events, realtime.NewEvent(t))
	}
	return events
}

func seqsOf(o *Outbox) (seqs []int64) {
	queued, _, _ := o.Take(nil)
	for _, m := range queued {
		seqs = append(seqs, m.Seq)
	}
	return seqs
}

// A change that arrives early waits for the earlier ones, and none is sent twice.
func TestRoomOrders(t *testing.T) {
	r, o := newRoom(t, realtime.State{}), newOutbox()
	r.Join(o, 0)
	assert.True(t, r.Deliver([]realtime.Event{change(2)}), "a gap that the caller has to close")
	assert.False(t, r.Deliver([]realtime.Event{change(3)}), "somebody does")
	r.Deliver([]realtime.Event{change(1), change(2), change(1)})
	r.Deliver([]realtime.Event{change(4)})
	assert.Equal(t, []int64{1, 2, 3, 4}, seqsOf(o))
	assert.Empty(t, r.pending)
}

// What waits for earlier changes is bounded in bytes: the room reads the store instead,
// also while its state is being loaded.
func TestPendingBytes(t *testing.T) {
	for name, loaded := range map[string]bool{"loaded": true, "before-its-state": false} {
		t.Run(name, func(t *testing.T) {
			store := &fixed{}
			r := NewHub(store, tasks.New(nil, nil, nil)).Enter("ann")
			if loaded {
				require.NoError(t, r.EnsureFresh(t.Context()))
			}
			all := longChanges(1, 100)
			assert.True(t, r.Deliver(all[1:]))
			held := 0
			for _, e := range r.pending {
				held += len(e.JSON)
			}
			assert.Equal(t, held, r.pendingBytes)
			assert.Positive(t, held)
			assert.LessOrEqual(t, held, maxPendingBytes)
			store.State = realtime.State{Seq: 100, Recent: all}
			require.NoError(t, r.Refetch(t.Context()))
			assert.Equal(t, int64(100), r.seq)
			assert.Empty(t, r.pending)
			assert.Zero(t, r.pendingBytes)
		})
	}
}

// What is announced while the state is being loaded is neither lost nor sent twice.
func TestRoomBeforeItsState(t *testing.T) {
	store := &fixed{realtime.State{Seq: 2, Timers: []realtime.Timer{annsTimer("a", 2)}}}
	r := NewHub(store, tasks.New(nil, nil, nil)).Enter("ann")
	assert.False(t, r.Deliver([]realtime.Event{change(1), change(2), change(3)}))
	require.NoError(t, r.EnsureFresh(t.Context()))
	assert.Equal(t, int64(3), r.seq)
	assert.Empty(t, r.pending)
}

// After the store lost its data, a client that knows the old numbers gets the state.
func TestRoomAfterLoss(t *testing.T) {
	r, other := newRoom(t, realtime.State{Seq: 50, Timers: []realtime.Timer{annsTimer("old", 50)}}), realtime.State{}
	r.hub.store.(*fixed).State = other
	require.NoError(t, r.Refetch(t.Context()))
	assert.Empty(t, r.timers)
	r.Read(func(s Snapshot) { assert.Zero(t, s.Seq-s.Skip, "what the store has") })
	next := change(50 + lossGap + 1)
	r.Deliver([]realtime.Event{next})
	_, known := r.recent.after(50, r.seq)
	assert.False(t, known, "nobody continues from the old numbers")
	missed, known := r.recent.after(50+lossGap, r.seq)
	assert.True(t, known)
	assert.Len(t, missed, 1)
	assert.Nil(t, missedBy(realtime.State{Seq: next.Timer.Seq, Recent: []realtime.Event{next}}, 50), "nor does another instance")
}

func TestOutboxClosesSlowReader(t *testing.T) {
	started := 0
	o := NewOutbox(func() { started++ })
	for range maxQueued + 1 {
		o.Put(NewMessage([]byte("x")))
	}
	assert.Equal(t, 1, started, "one drain at a time")
	queued, closed, more := o.Take(nil)
	assert.Empty(t, queued, "what was queued is discarded")
	assert.Equal(t, &ClosedSlow, closed)
	assert.True(t, more)
	o.Close(&ClosedRestart)
	_, closed, _ = o.Take(nil)
	assert.Equal(t, &ClosedSlow, closed, "only the first close frame counts")
}

func TestFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65_535, 65_536, 100_000} {
		text := bytes.Repeat([]byte("x"), n)
		got, _ := NewMessage(text).Text()
		assert.Equal(t, text, got, "%d bytes", n)
	}
}

// However long a user's texts are, the state and the recent changes are bounded.
func TestBytesOfAUser(t *testing.T) {
	r := newRoom(t, realtime.State{})
	r.Deliver(longChanges(1, realtime.MaxTimers))
	assert.Less(t, r.state().Size(), 512<<10)
	total := 0
	for _, d := range r.recent.changes {
		total += d.Size()
	}
	assert.Equal(t, total, r.recent.bytes)
	assert.NotEmpty(t, r.recent.changes)
	assert.LessOrEqual(t, total, realtime.MaxRecentBytes+16<<10)
}

// Clients that connect between two changes share one encoding of the timers.
func TestStateIsShared(t *testing.T) {
	r := newRoom(t, realtime.State{})
	r.Deliver(longChanges(1, realtime.MaxTimers))
	state := func() Message {
		o := newOutbox()
		r.Join(o, -1)
		defer r.Quit(o)
		queued, _, _ := o.Take(nil)
		return queued[0]
	}
	first, second := state(), state()
	assert.Same(t, &first.rest[0], &second.rest[0])
	assert.Less(t, len(first.frame), 200)
	r.Deliver([]realtime.Event{realtime.NewEvent(annsTimer("new", r.seq+1))})
	third := state()
	assert.NotSame(t, &first.rest[0], &third.rest[0])
	assert.Contains(t, string(third.rest), `"id":"new"`)
}

// A user's clients that read nothing are closed when they hold too much together. One
// that reads stays, and what was written is not counted.
func TestBudgetOfAUser(t *testing.T) {
	r, reader := newRoom(t, realtime.State{}), newOutbox()
	r.Join(reader, -1)
	var silent []*Outbox
	for range 49 {
		o := newOutbox()
		r.Join(o, -1)
		silent = append(silent, o)
	}
	message := NewMessage(make([]byte, 16<<10))
	for range 20 {
		_, closed, _ := reader.Take(nil)
		require.Nil(t, closed)
		for _, o := range append([]*Outbox{reader}, silent...) {
			o.Put(message)
		}
		assert.LessOrEqual(t, r.budget.used.Load(), int64(maxUserBytes+50*message.Size()))
	}
	cut := 0
	for _, o := range silent {
		if o.Closed() != nil {
			assert.Equal(t, &ClosedOverBudget, o.Closed())
			cut++
		}
	}
	assert.Positive(t, cut)
	assert.Nil(t, reader.Closed())
	for _, o := range append(silent, reader) {
		r.Quit(o)
	}
	assert.Zero(t, r.budget.used.Load())
	reader.Put(message)
	_, _, _ = reader.Take(nil)
	assert.Zero(t, r.budget.used.Load(), "it has left")
}

// BenchmarkJoin is a connection to a user with as many timers as are allowed.
func BenchmarkJoin(b *testing.B) {
	r := newRoom(b, realtime.State{})
	r.Deliver(longChanges(1, realtime.MaxTimers))
	b.ReportAllocs()
	for b.Loop() {
		o := newOutbox()
		r.Join(o, -1)
		r.Quit(o)
	}
}
