// Package teamroom shows the team to its viewers as it changes. A server process has
// one room. It reads everybody from the cache when something may have
// changed, at most twice a second. All viewers who may see the same share a message,
// which is encoded once. Package team decides what they may see.
package teamroom

import (
	"context"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
	"github.com/clockwork-timer/backend/pkg/team"
)

const (
	// window is the shortest time between two messages to a viewer. It is half of the
	// second within which the last viewer has a change.
	window = 500 * time.Millisecond
	// refreshEvery is how often the room reads if nothing was heard: what people did
	// a week ago is dropped without an event, and an event may be lost.
	refreshEvery = 5 * time.Minute
	readTimeout  = 5 * time.Second
)

// Room shows the team. A nil Room has no viewers.
type Room struct {
	team  *team.Team
	hub   *fanout.Hub // knows whether Clockwork's data is stale
	tasks *tasks.Group
	wake  chan struct{}

	reading sync.Mutex // held during a read

	mu      sync.Mutex
	viewers int // including those that are being admitted
	state   team.State
	readAt  time.Time      // of state; zero if the last read failed
	views   map[bool]*view // by whether they are admins'; none without viewers
}

// New makes a room, which reads until the group is stopped.
func New(of *team.Team, hub *fanout.Hub, group *tasks.Group) *Room {
	r := &Room{team: of, hub: hub, tasks: group, wake: make(chan struct{}, 1), views: map[bool]*view{}}
	group.Go("team", r.run)
	return r
}

// Changed has the room read soon.
func (r *Room) Changed() {
	if r == nil {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it will read
	}
}

// Sweep has the room read if it has not for long.
func (r *Room) Sweep(now time.Time) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.viewers > 0 && now.Sub(r.readAt) >= refreshEvery {
		r.Changed()
	}
}

// Send queues a message that is not a change for every viewer.
func (r *Room) Send(text []byte) {
	if r == nil {
		return
	}
	m := fanout.NewMessage(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.views {
		v.put(m)
	}
}

func (r *Room) run() {
	ctx, backoff := r.tasks.Context(), tasks.MinBackoff
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		_ = r.tasks.Sleep(ctx, r.pause(r.tasks.Now()))
		select {
		case <-r.wake: // during the pause: one read is enough
		default:
		}
		err := panics.Try(func() error { return r.update(ctx, r.tasks.Now()) })
		if err == nil {
			backoff = tasks.MinBackoff
		} else if ctx.Err() == nil {
			r.tasks.Log.Warn("realtime: team not read", "error", err, "again_in", backoff)
			_ = r.tasks.Sleep(ctx, backoff)
			backoff = min(2*backoff, tasks.MaxBackoff)
			r.Changed()
		}
	}
}

// pause is how long the next message has to wait for the last one's window to end.
func (r *Room) pause(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(0, window-now.Sub(r.readAt))
}

// update reads everybody unless that was done after since or nobody would be shown
// anything, and sends what has changed.
func (r *Room) update(ctx context.Context, since time.Time) error {
	r.reading.Lock()
	defer r.reading.Unlock()
	r.mu.Lock()
	needed := r.viewers > 0 && !r.readAt.After(since)
	r.mu.Unlock()
	if !needed {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	began := r.tasks.Now()
	state, err := r.team.Read(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.readAt = time.Time{}
		return err
	}
	r.state, r.readAt = state, began
	for admin, v := range r.views {
		v.update(r.sight(admin), state)
	}
	return nil
}

// sight is what admins see, or everybody else. Nobody is shown more of themselves
// than the others are.
func (r *Room) sight(admin bool) team.Sight {
	return team.Sight{Viewer: team.Viewer{Admin: admin}, Rules: r.team.Rules, Choices: r.state.Choices}
}
