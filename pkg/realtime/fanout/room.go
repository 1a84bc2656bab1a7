package fanout

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Bounds of the changes that wait for earlier ones. Beyond them, the room reads the
// store instead.
const (
	maxPending      = 1024
	maxPendingBytes = realtime.MaxRecentBytes
)

// Room is one user on this instance: the timers as of the last change that was
// delivered, and the connections that get the next one. Changes come from package
// writes and, if other instances made them, from the Relay, in any order; the room
// delivers them in order of seq.
type Room struct {
	User string
	hub  *Hub

	uses   int       // guarded by the hub
	unused time.Time // guarded by the hub

	loading sync.Mutex // held during a load

	mu     sync.Mutex
	loaded bool
	stale  bool // the store may have more
	seq    int64
	// skip is how far seq is ahead of the store's, because the store lost its data.
	skip    int64
	timers  map[string]realtime.Timer
	encoded []byte // timers in a state message; nil if they have changed
	recent  recent
	pending map[int64]realtime.Event // changes that wait for earlier ones
	// pendingBytes is the size of pending.
	pendingBytes int
	// refetching: a reload that will close the gap before pending is in progress.
	refetching bool
	comparison Comparison

	members  []*Outbox
	reserved int // places of connections, including those that are being set up
	budget   budget
}

// Snapshot is a room's state. It is valid only within Read.
type Snapshot struct {
	Seq     int64 // as clients know it
	Skip    int64 // how far Seq is ahead of the store's
	Timers  map[string]realtime.Timer
	Changed func(t realtime.Timer) bool // whether this very change was delivered
}

// Read calls f with the room's state.
func (r *Room) Read(f func(Snapshot)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(Snapshot{r.seq, r.skip, r.timers, r.recent.hasChange})
}

// Fresh reports whether the state is known to be the store's.
func (r *Room) Fresh() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loaded && !r.stale
}

// MarkStale makes the next EnsureFresh load the state.
func (r *Room) MarkStale() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stale = true
}

// EnsureFresh loads the state unless it is fresh.
func (r *Room) EnsureFresh(ctx context.Context) error {
	if r.Fresh() {
		return nil
	}
	return r.load(ctx, true)
}

// Refetch catches up with the store: after a gap, or if another instance was
// faster.
func (r *Room) Refetch(ctx context.Context) error { return r.load(ctx, false) }

func (r *Room) load(ctx context.Context, ifStale bool) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.mu.Lock()
	before, fresh := r.seq-r.skip, r.loaded && !r.stale
	r.mu.Unlock()
	if ifStale && fresh {
		return nil // another call was faster
	}
	state, err := r.hub.store.Load(ctx, r.User)
	if err != nil {
		return err
	}
	if state.Unreadable != nil {
		r.hub.tasks.Log.Error("realtime: part of a user's state left out", "error", state.Unreadable)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stale = false
	switch missed := missedBy(state, r.seq); {
	case !r.loaded:
		r.reset(state)
	case state.Seq >= before && state.Seq <= r.seq-r.skip: // nothing new, or delivered since
	case state.Seq > r.seq && missed != nil:
		for _, e := range missed {
			r.apply(e)
		}
	default:
		r.restart(state)
	}
	r.applyPending()
	r.refetching = false
	return nil
}

// missedBy is the changes after seq, nil if they are not all known.
func missedBy(state realtime.State, seq int64) []realtime.Event {
	missing := state.Seq - seq
	if missing <= 0 || missing > int64(len(state.Recent)) {
		return nil
	}
	missed := state.Recent[int64(len(state.Recent))-missing:]
	if missed[0].Timer.Seq != seq+1 {
		return nil // numbers were skipped
	}
	return missed
}

// lossGap is how far a user's seq jumps when the store has lost its data, so that
// no client and no instance takes the next change for a continuation.
const lossGap = 1_000_000

// restart accepts a state that does not continue the room's: too many changes were
// missed, or the store lost its data. It needs mu held.
func (r *Room) restart(state realtime.State) {
	last := r.seq
	r.pending, r.pendingBytes = nil, 0
	r.reset(state)
	if state.Seq <= last {
		r.recent.drop(len(r.recent.changes))
		r.seq = last + lossGap
		r.skip = r.seq - state.Seq
	}
	message := r.state()
	for _, o := range r.members {
		o.Put(message)
	}
}

// reset replaces the state by the store's. It needs mu held.
func (r *Room) reset(state realtime.State) {
	r.loaded, r.seq, r.skip = true, state.Seq, 0
	r.timers = make(map[string]realtime.Timer, len(state.Timers))
	for _, t := range state.Timers {
		r.timers[t.ID] = t
	}
	r.encoded, r.recent = nil, recent{}
	for _, e := range state.Recent {
		r.recent.add(e)
	}
	r.applyPending()
}

// Deliver sends changes when all earlier ones have been. It reports whether some
// are missing that nobody is fetching yet: then the caller has to.
func (r *Room) Deliver(events []realtime.Event) (gap bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		switch seq := e.Timer.Seq; {
		case r.loaded && seq == r.seq+1:
			r.apply(e)
		case r.loaded && seq <= r.seq: // delivered before
		case r.loaded && seq-r.seq > maxPending: // refetched if it is true
			gap = true
		case !r.hold(e):
			gap = true
		}
	}
	r.applyPending()
	gap = (gap || r.loaded && len(r.pending) > 0) && !r.refetching
	r.refetching = r.refetching || gap
	return gap
}

// hold keeps a change until its turn, if there is space. It needs mu held.
func (r *Room) hold(e realtime.Event) bool {
	if r.pending == nil {
		r.pending = map[int64]realtime.Event{}
	}
	r.unhold(e.Timer.Seq)
	if len(r.pending) >= maxPending || r.pendingBytes+len(e.JSON) > maxPendingBytes {
		return false
	}
	r.pending[e.Timer.Seq] = e
	r.pendingBytes += len(e.JSON)
	return true
}

// unhold needs mu held.
func (r *Room) unhold(seq int64) {
	r.pendingBytes -= len(r.pending[seq].JSON)
	delete(r.pending, seq)
}

// applyPending applies the pending changes that are next, and drops those that were
// delivered. It needs mu held.
func (r *Room) applyPending() {
	if !r.loaded {
		return
	}
	for seq := range r.pending {
		if seq <= r.seq {
			r.unhold(seq)
		}
	}
	for len(r.pending) > 0 {
		e, ok := r.pending[r.seq+1]
		if !ok {
			return
		}
		r.unhold(e.Timer.Seq)
		r.apply(e)
	}
}

// apply makes the next change and queues it for every member. It needs mu held.
func (r *Room) apply(e realtime.Event) {
	evicted, _ := realtime.Evict(r.timers, &e.Timer)
	for _, id := range evicted {
		delete(r.timers, id)
	}
	r.seq, r.skip = e.Timer.Seq, 0
	r.timers[e.Timer.ID] = e.Timer
	r.encoded = nil
	message := r.recent.add(e)
	for _, o := range r.members {
		o.Put(message)
	}
}

// Delivered reports whether the change with this seq was delivered.
func (r *Room) Delivered(seq int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return seq > 0 && r.loaded && seq <= r.seq
}

// DeliveredAll reports whether exactly these changes were delivered.
func (r *Room) DeliveredAll(events []realtime.Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(events, func(e realtime.Event) bool { return !r.recent.has(e) })
}
