package writes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
)

// longest is the longest text that a client may send, in its longest encoding.
var longest = strings.Repeat("<", 2000)

func annsTimer(id string, status realtime.Status, comment string) realtime.Timer {
	return realtime.Timer{ID: id, UserID: "ann", Status: status, StartedAt: testNow, UpdatedAt: testNow, Comment: comment, Source: realtime.SourceClient}
}

func apply(r *fanout.Room, timers ...realtime.Timer) *plan {
	p := &plan{room: r}
	for _, timer := range timers {
		p.writes = append(p.writes, Write{IfSeq: -1, Timer: timer})
	}
	p.compute()
	r.Deliver(p.change.Events)
	return p
}

// fill starts or stops as many timers with the longest comments as are allowed, and
// counts those refused.
func fill(r *fanout.Room, status realtime.Status) (refused int) {
	for n := range realtime.MaxTimers {
		if apply(r, annsTimer(fmt.Sprint(n), status, longest)).outcomes[0].Refused != nil {
			refused++
		}
	}
	return refused
}

func TestBytesOfAUser(t *testing.T) {
	for name, tc := range map[string]struct {
		status  realtime.Status
		refused bool
	}{"stopped-ones-are-evicted": {realtime.Stopped, false}, "running-ones-stay": {realtime.Running, true}} {
		t.Run(name, func(t *testing.T) {
			r := roomWith(t, realtime.State{})
			assert.Equal(t, tc.refused, fill(r, tc.status) > 0)
			total := 0
			r.Read(func(s fanout.Snapshot) {
				for _, timer := range s.Timers {
					total += timer.Size()
				}
			})
			assert.LessOrEqual(t, total, realtime.MaxTimerBytes)
			assert.Greater(t, total, realtime.MaxTimerBytes/2, "the space is used")
		})
	}
}

// A running timer can be stopped even if no other fits.
func TestStopWhereNothingFits(t *testing.T) {
	r := roomWith(t, realtime.State{})
	require.Positive(t, fill(r, realtime.Running))
	p := apply(r, annsTimer("0", realtime.Stopped, ""))
	assert.Equal(t, []Outcome{{}}, p.outcomes)
	assert.Empty(t, p.change.Dropped)
}

// A batch sees the timers that it added itself.
func TestEvictionInABatch(t *testing.T) {
	r := roomWith(t, realtime.State{})
	var timers []realtime.Timer
	for n := range realtime.MaxTimers + 10 {
		timers = append(timers, annsTimer(fmt.Sprint(n), realtime.Stopped, ""))
	}
	p := apply(r, timers...)
	assert.Len(t, p.change.Dropped, 10)
	assert.Contains(t, p.change.Dropped, "9")
	r.Read(func(s fanout.Snapshot) { assert.Len(t, s.Timers, realtime.MaxTimers) })
}

// The queued writes of one user leave space for another's.
func TestQueuedWrites(t *testing.T) {
	q := newQueue()
	add := func(user string) error {
		timer := annsTimer("a", realtime.Running, longest)
		timer.UserID = user
		return q.add(Write{Timer: timer})
	}
	n := 0
	for add("ann") == nil {
		n++
	}
	assert.Less(t, n*len(longest), maxUserBytes)
	require.ErrorIs(t, add("ann"), realtime.ErrUnavailable)
	require.NoError(t, add("bob"))
	batch, _ := q.next()
	assert.Equal(t, "bob", batch[len(batch)-1].Timer.UserID, "ann's do not hold up bob's")
	bytes := 0
	for _, w := range batch {
		bytes += w.Timer.Size()
	}
	assert.Less(t, bytes, maxUserBatchBytes+1000)
	for total := len(batch); total < n+1; total += len(batch) {
		batch, _ = q.next()
		require.NotEmpty(t, batch)
	}
	assert.Empty(t, q.writes)
	assert.Empty(t, q.bytes)
	require.NoError(t, add("ann"))
}
