package realtime

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// maxHeld bounds the changes that wait for earlier ones.
const maxHeld = 1024

// room is one user on this instance: their timers as of the last change that
// was handed out, and the connections that get the next ones. Changes come from
// the committer and, made by other instances, from the feed; whichever way is
// faster, the room hands them out by seq.
type room struct {
	user      string
	log       *slog.Logger
	freshness *freshness

	users  int       // guarded by the hub
	unused time.Time // guarded by the hub

	loading sync.Mutex // held during a Load

	mu     sync.Mutex
	loaded bool
	// doubtful: the store may have more than this.
	doubtful bool
	seq      int64
	skip     int64 // how far seq is ahead of the store's
	timers   map[string]Timer
	recent   []past // the last changes up to seq
	// recentBytes is how long their messages are.
	recentBytes int
	// encoded are the timers as they are in a state, nil if they have changed.
	encoded []byte
	budget  budget // of the members' queues
	members []*outbox
	places  int             // taken by connections, those that are still being set up too
	held    map[int64]Event // came before their turn
	mending bool            // somebody sees to the gap before held

	comparison comparison // with Clockwork
}

// past is a change that was handed out.
type past struct {
	item
	id      string
	updated time.Time
	status  Status
}

// ensure loads the state unless that was done, and catches up where that is in
// doubt.
func (r *room) ensure(ctx context.Context, store Store, now time.Time) error {
	if r.sure() {
		return nil
	}
	return r.load(ctx, store, now, true)
}

// sure reports whether the state is known to be the store's.
func (r *room) sure() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loaded && !r.doubtful
}

// doubt makes the next ensure catch up: it is not known what the store has.
func (r *room) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubtful = true
}

// refresh catches up with the store: after a gap, or when another instance was
// faster.
func (r *room) refresh(ctx context.Context, store Store, now time.Time) error {
	return r.load(ctx, store, now, false)
}

func (r *room) load(ctx context.Context, store Store, now time.Time, ifNeeded bool) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.mu.Lock()
	before, sure := r.seq-r.skip, r.loaded && !r.doubtful
	r.mu.Unlock()
	if ifNeeded && sure {
		return nil // another call was faster
	}
	state, err := store.Load(ctx, r.user)
	if err != nil {
		return err
	}
	if state.Unreadable != nil {
		r.log.Error("realtime: part of a user's state left out", "error", state.Unreadable)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubtful = false
	switch missed := missedBy(state, r.seq); {
	case !r.loaded:
		r.replace(state)
	case state.Seq >= before && state.Seq <= r.seq-r.skip: // no more than was known, or is known by now
	case state.Seq > r.seq && missed != nil:
		for _, e := range missed {
			r.accept(e)
		}
	default:
		r.restart(state, now)
	}
	r.release()
	r.mending = false
	return nil
}

// lossGap is how many numbers a user's seq skips when the store has lost its
// memory: no client and no instance can then take what comes after for the
// continuation of what it knows.
const lossGap = 1_000_000

// restart takes a state that is no continuation: too much was missed, or the
// store lost its memory, and is right all the same. It needs mu held.
func (r *room) restart(state State, now time.Time) {
	last := r.seq
	r.held = nil
	r.replace(state)
	if state.Seq <= last {
		r.forget(len(r.recent))
		r.seq = last + lossGap
		r.skip = r.seq - state.Seq
	}
	r.tellState(now)
}

// missedBy gives the changes after seq, nil where they are not all known.
func missedBy(state State, seq int64) []Event {
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

// replace takes the store's state. It needs mu held.
func (r *room) replace(state State) {
	r.loaded, r.seq, r.skip = true, state.Seq, 0
	r.timers = make(map[string]Timer, len(state.Timers))
	for _, t := range state.Timers {
		r.timers[t.ID] = t
	}
	r.encoded = nil
	r.forget(len(r.recent))
	for _, e := range state.Recent {
		r.remember(e)
	}
	r.release()
}

// deliver hands out changes in their turn. It reports whether one waits for
// others, which somebody then must see to.
func (r *room) deliver(events []Event) (gap bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	far := false
	for _, e := range events {
		if r.loaded && e.Timer.Seq == r.seq+1 {
			r.accept(e)
		} else if r.loaded && e.Timer.Seq-r.seq > maxHeld {
			far = true // whatever is right, the store knows it
		} else if (!r.loaded || e.Timer.Seq > r.seq) && len(r.held) < maxHeld {
			if r.held == nil {
				r.held = map[int64]Event{}
			}
			r.held[e.Timer.Seq] = e
		}
	}
	r.release()
	gap = r.loaded && (far || len(r.held) > 0) && !r.mending
	r.mending = r.mending || gap
	return gap
}

// release hands out held changes whose turn has come, and drops those that have
// been handed out. Before the state is known none has a turn. It needs mu held.
func (r *room) release() {
	if !r.loaded {
		return
	}
	for seq := range r.held {
		if seq <= r.seq {
			delete(r.held, seq)
		}
	}
	for len(r.held) > 0 {
		e, ok := r.held[r.seq+1]
		if !ok {
			return
		}
		delete(r.held, e.Timer.Seq)
		r.accept(e)
	}
}

// accept takes the next change and queues it for everybody. It needs mu held.
func (r *room) accept(e Event) {
	leaving, _ := place(r.timers, &e.Timer)
	for _, id := range leaving {
		delete(r.timers, id)
	}
	r.seq, r.skip = e.Timer.Seq, 0
	r.timers[e.Timer.ID] = e.Timer
	r.encoded = nil
	i := r.remember(e)
	for _, o := range r.members {
		o.put(i)
	}
}

// remember keeps a change for those who come back. It needs mu held.
func (r *room) remember(e Event) item {
	i := newUpdate(e.Timer.Seq, e.JSON)
	r.recentBytes += i.size()
	for len(r.recent) == MaxRecent || (len(r.recent) > 0 && r.recentBytes > maxRecentBytes) {
		r.forget(max(1, len(r.recent)/4)) // not one by one
	}
	r.recent = append(r.recent, past{i, e.Timer.ID, e.Timer.UpdatedAt, e.Timer.Status})
	return i
}

// forget drops the first n of the last changes. It needs mu held.
func (r *room) forget(n int) {
	for _, p := range r.recent[:n] {
		r.recentBytes -= p.size()
	}
	r.recent = slices.Delete(r.recent, 0, n)
}

// recorded reports whether this very change has been handed out. It needs mu
// held.
func (r *room) recorded(e Event) bool {
	i, found := slices.BinarySearchFunc(r.recent, e.Timer.Seq, func(p past, seq int64) int { return cmp.Compare(p.seq, seq) })
	return found && bytes.Equal(r.recent[i].frame, newUpdate(e.Timer.Seq, e.JSON).frame)
}

// heard reports whether this very change of a timer has been made. It needs mu
// held.
func (r *room) heard(t Timer) bool {
	return slices.ContainsFunc(r.recent, func(p past) bool { return p.id == t.ID && p.updated.Equal(t.UpdatedAt) && p.status == t.Status })
}

// has reports whether the change with this seq has been handed out.
func (r *room) has(seq int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return seq > 0 && r.loaded && seq <= r.seq
}

func (r *room) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.places == 0
}

// admit takes a place for one more connection; quit gives it back.
func (r *room) admit(most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.places >= most {
		return false
	}
	r.places++
	return true
}

// join adds a connection and queues what it needs: what came after since, or
// the whole state (since < 0, or too old).
func (r *room) join(o *outbox, since int64, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = append(r.members, o)
	o.join(&r.budget)
	if missed, known := r.after(since); known {
		for _, p := range missed {
			o.put(p.item)
		}
		if r.freshness != nil { // which may have changed since
			o.put(newItem(0, r.freshness.get().encode()))
		}
		return
	}
	o.put(r.state(now))
}

// state is the message on connect. Those who connect between two changes share
// the long part of it. It needs mu held.
func (r *room) state(now time.Time) item {
	if r.encoded == nil {
		r.encoded = encodeTimers(r.list())
	}
	return newState(r.seq, r.freshness.get(), now, r.encoded)
}

// after gives the changes after a seq, where they are all known. It needs mu
// held.
func (r *room) after(since int64) (missed []past, known bool) {
	missing := r.seq - since
	if since < 0 || missing < 0 || missing > int64(len(r.recent)) {
		return nil, false
	}
	missed = r.recent[int64(len(r.recent))-missing:]
	return missed, missing == 0 || missed[0].seq == since+1
}

func (r *room) quit(o *outbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.places--
	if o == nil {
		return
	}
	o.leave()
	if i := slices.Index(r.members, o); i >= 0 {
		last := len(r.members) - 1
		r.members[i], r.members[last] = r.members[last], nil
		r.members = r.members[:last]
	}
}

// tell queues a message that is no change for every connection.
func (r *room) tell(message []byte) {
	i := newItem(0, message)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.members {
		o.put(i)
	}
}

// remind queues a timer as it is now for one connection.
func (r *room) remind(o *outbox, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.timers[id]; ok {
		o.put(newUpdate(t.Seq, encodeTimer(&t)))
	}
}

// tellState queues the whole state for every connection. It needs mu held.
func (r *room) tellState(now time.Time) {
	i := r.state(now)
	for _, o := range r.members {
		o.put(i)
	}
}

// list needs mu held.
func (r *room) list() []Timer {
	timers := make([]Timer, 0, len(r.timers))
	for _, t := range r.timers {
		timers = append(timers, t)
	}
	return timers
}
