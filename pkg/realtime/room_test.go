package realtime

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func change(seq int64) Event { return NewEvent(Timer{ID: "a", Seq: seq}) }

func seqsOf(o *outbox) (seqs []int64) {
	queued, _, _ := o.take(nil)
	for _, i := range queued {
		seqs = append(seqs, i.seq)
	}
	return seqs
}

// A change that comes before its turn waits for it, and none is given twice.
func TestRoomOrders(t *testing.T) {
	r := &room{user: "ann"}
	r.replace(State{})
	o := &outbox{start: func() {}}
	r.join(o, 0, testNow)
	assert.True(t, r.deliver([]Event{change(2)}), "a gap somebody has to see to")
	assert.False(t, r.deliver([]Event{change(3)}), "somebody does")
	r.deliver([]Event{change(1), change(2), change(1)})
	r.deliver([]Event{change(4)})
	assert.Equal(t, []int64{1, 2, 3, 4}, seqsOf(o))
	assert.Empty(t, r.held)
}

// What is announced while the state is being read is neither lost nor given
// twice.
func TestRoomBeforeItsState(t *testing.T) {
	r := &room{user: "ann"}
	assert.False(t, r.deliver([]Event{change(1), change(2), change(3)}))
	r.replace(State{Seq: 2, Timers: []Timer{{ID: "a", Seq: 2}}})
	assert.Equal(t, int64(3), r.seq)
	assert.Empty(t, r.held)
}

func TestOutboxCutsSlowReader(t *testing.T) {
	started := 0
	o := &outbox{start: func() { started++ }}
	for range maxQueued + 1 {
		o.put(newItem(0, []byte("x")))
	}
	assert.Equal(t, 1, started, "drained once at a time")
	queued, end, more := o.take(nil)
	assert.Empty(t, queued, "what was queued is not worth sending any more")
	assert.Equal(t, &endSlow, end)
	assert.True(t, more)
	o.finish(&endClosing)
	_, end, _ = o.take(nil)
	assert.Equal(t, &endSlow, end, "the first ending counts")
}

func TestFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65_535, 65_536, 100_000} {
		message := bytes.Repeat([]byte("x"), n)
		i := newItem(1, message)
		assert.Equal(t, message, i.message(), "%d bytes", n)
	}
}

// A store that lost its memory: whoever knows the old numbers gets the state.
func TestRoomAfterLoss(t *testing.T) {
	r := &room{user: "ann"}
	r.replace(State{Seq: 50, Timers: []Timer{{ID: "old", Seq: 50}}})
	r.restart(State{}, testNow)
	assert.Empty(t, r.timers)
	p := &plan{room: r, writes: []write{{timer: Timer{ID: "new"}, ifSeq: -1}}}
	p.compute()
	assert.Equal(t, int64(0), p.change.After, "what the store has")
	assert.Equal(t, int64(50+lossGap+1), p.change.Seq())
	r.deliver(p.change.Events)
	_, known := r.after(50)
	assert.False(t, known, "nobody continues from the old numbers")
	missed, known := r.after(50 + lossGap)
	assert.True(t, known)
	assert.Len(t, missed, 1)

	other := &room{user: "ann"}
	other.replace(State{Seq: 50, Timers: []Timer{{ID: "old", Seq: 50}}})
	assert.Nil(t, missedBy(State{Seq: p.change.Seq(), Recent: p.change.Events}, other.seq))
}
