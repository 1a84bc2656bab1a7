package fanout

import (
	"slices"

	"github.com/clockwork-timer/backend/pkg/realtime"
)

// Reserve takes a place for a connection of the user, whatever it shows, of at most
// most; Quit returns it.
func (r *Room) Reserve(most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reserved >= most {
		return false
	}
	r.reserved++
	return true
}

// Empty reports whether nobody is connected.
func (r *Room) Empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reserved == 0
}

// Join adds a connection and queues what it needs: the changes after since or, if
// since is negative or too old, the state.
func (r *Room) Join(o *Outbox, since int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = append(r.members, o)
	r.Charge(o)
	missed, known := r.recent.after(since, r.seq)
	if !known {
		o.Put(r.state())
		return
	}
	for _, d := range missed {
		o.Put(d.Message)
	}
	if f := r.hub.freshness.Load(); f != nil { // it may have changed since
		o.Put(NewMessage(f.Encode()))
	}
}

// Charge counts a queue in the user's budget until Quit. That of a member is.
func (r *Room) Charge(o *Outbox) { o.join(&r.budget) }

// Watched reports whether a connection gets the user's changes.
func (r *Room) Watched() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members) > 0
}

// state is the message on connect. Its long part is encoded once per change. It
// needs mu held.
func (r *Room) state() Message {
	if r.encoded == nil {
		r.encoded = realtime.EncodeTimers(r.list())
	}
	return newState(r.seq, r.hub.Freshness(), r.hub.tasks.Now(), r.encoded)
}

// list needs mu held.
func (r *Room) list() []realtime.Timer {
	timers := make([]realtime.Timer, 0, len(r.timers))
	for _, t := range r.timers {
		timers = append(timers, t)
	}
	return timers
}

// Quit removes a connection; nil is one that has not joined.
func (r *Room) Quit(o *Outbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reserved--
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

// Send queues a message that is not a change for every connection.
func (r *Room) Send(text []byte) {
	m := NewMessage(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.members {
		o.Put(m)
	}
}

// Resend queues a timer, as it is now, for one connection.
func (r *Room) Resend(o *Outbox, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.timers[id]; ok {
		o.Put(newUpdate(t.Seq, realtime.NewEvent(t).JSON))
	}
}
