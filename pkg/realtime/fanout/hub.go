// Package fanout sends each change of a user's timers to all of the user's
// connections, in order. A Room holds the state of one user and the queues of the
// connections; a Relay brings the changes that other instances made. It does not
// decide what changes (package writes), and does not know how messages reach a
// client (package transport).
package fanout

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
)

// idleTTL is how long an unused room is retained, so that a client that reconnects
// soon finds the recent changes.
const idleTTL = time.Minute

// Hub holds the rooms of this instance.
type Hub struct {
	store     realtime.Store
	tasks     *tasks.Group
	freshness atomic.Pointer[realtime.Freshness] // nil if nothing comes from Clockwork

	mu    sync.Mutex
	rooms map[string]*Room
}

// NewHub makes a hub whose rooms load their state from store.
func NewHub(store realtime.Store, group *tasks.Group) *Hub {
	return &Hub{store: store, tasks: group, rooms: map[string]*Room{}}
}

// Enter returns the user's room, which is retained until Leave.
func (h *Hub) Enter(user string) *Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[user]
	if r == nil {
		r = &Room{User: user, hub: h}
		h.rooms[user] = r
	}
	r.uses++
	return r
}

// Leave ends a use of the room.
func (h *Hub) Leave(r *Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.uses--
	r.unused = h.tasks.Now()
}

// Find returns the user's room, nil if there is none.
func (h *Hub) Find(user string) *Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[user]
}

// Rooms returns all rooms, also unused ones.
func (h *Hub) Rooms() []*Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*Room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}

// Sweep deletes rooms that were unused for a while.
func (h *Hub) Sweep(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, r := range h.rooms {
		if r.uses == 0 && now.Sub(r.unused) > idleTTL {
			delete(h.rooms, user)
		}
	}
}

// Freshness is how old Clockwork's data is.
func (h *Hub) Freshness() realtime.Freshness {
	if f := h.freshness.Load(); f != nil {
		return *f
	}
	return realtime.Freshness{}
}

// SetFreshness is for clients that connect from now on; with announce the others
// are told too.
func (h *Hub) SetFreshness(f realtime.Freshness, announce bool) {
	h.freshness.Store(&f)
	if announce {
		for _, r := range h.Rooms() {
			r.Send(f.Encode())
		}
	}
}
