package realtime

import (
	"log/slog"
	"sync"
	"time"
)

// linger is how long a user's room stays without a use: those who reconnect
// soon find what they missed.
const linger = time.Minute

// hub holds the rooms of this instance.
type hub struct {
	log       *slog.Logger
	freshness *freshness // of what comes from Clockwork

	mu    sync.Mutex
	rooms map[string]*room
}

// enter returns the user's room, which stays until leave.
func (h *hub) enter(user string) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[user]
	if r == nil {
		r = &room{user: user, log: h.log, freshness: h.freshness}
		h.rooms[user] = r
	}
	r.users++
	return r
}

func (h *hub) leave(r *room, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.users--
	r.unused = now
}

// find returns the user's room if there is one.
func (h *hub) find(user string) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[user]
}

// all returns the rooms, those too that are kept for who may come back.
func (h *hub) all() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}

// sweep forgets rooms that nobody has used for a while.
func (h *hub) sweep(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, r := range h.rooms {
		if r.users == 0 && now.Sub(r.unused) > linger {
			delete(h.rooms, user)
		}
	}
}
