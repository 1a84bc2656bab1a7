package fanout

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// recent is a room's last changes, for clients that reconnect.
type recent struct {
	changes []delivered // in order
	bytes   int         // of the messages
}

type delivered struct {
	Message
	id      string
	updated time.Time
	status  realtime.Status
}

// add appends a change, and returns its message.
func (r *recent) add(e realtime.Event) Message {
	m := newUpdate(e.Timer.Seq, e.JSON)
	r.bytes += m.Size()
	for len(r.changes) == realtime.MaxRecent || (len(r.changes) > 0 && r.bytes > realtime.MaxRecentBytes) {
		r.drop(max(1, len(r.changes)/4)) // not one by one
	}
	r.changes = append(r.changes, delivered{m, e.Timer.ID, e.Timer.UpdatedAt, e.Timer.Status})
	return m
}

// drop removes the first n.
func (r *recent) drop(n int) {
	for _, d := range r.changes[:n] {
		r.bytes -= d.Size()
	}
	r.changes = slices.Delete(r.changes, 0, n)
}

// has reports whether exactly this change is among them.
func (r *recent) has(e realtime.Event) bool {
	i, found := slices.BinarySearchFunc(r.changes, e.Timer.Seq, func(d delivered, seq int64) int { return cmp.Compare(d.Seq, seq) })
	return found && bytes.Equal(r.changes[i].frame, newUpdate(e.Timer.Seq, e.JSON).frame)
}

// hasChange reports whether this very change of a timer is among them, under
// whatever number.
func (r *recent) hasChange(t realtime.Timer) bool {
	return slices.ContainsFunc(r.changes, func(d delivered) bool {
		return d.id == t.ID && d.updated.Equal(t.UpdatedAt) && d.status == t.Status
	})
}

// after returns the changes after since, if they are all known; seq is the last.
func (r *recent) after(since, seq int64) (missed []delivered, known bool) {
	missing := seq - since
	if since < 0 || missing < 0 || missing > int64(len(r.changes)) {
		return nil, false
	}
	missed = r.changes[int64(len(r.changes))-missing:]
	return missed, missing == 0 || missed[0].Seq == since+1
}
