package teamroom

import (
	"context"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/team"
)

// Place is that of one viewer.
type Place struct {
	Admin bool
	room  *Room
}

// Enter takes a place for a viewer who may see the team, until Leave. The error is
// that of reading.
func (r *Room) Enter(ctx context.Context, viewer team.Viewer) (*Place, error) {
	r.mu.Lock()
	r.viewers++
	r.mu.Unlock()
	p := &Place{viewer.Admin, r}
	if err := panics.Try(func() error { return r.update(ctx, r.tasks.Now().Add(-window)) }); err != nil {
		p.Leave(nil)
		return nil, err
	}
	return p, nil
}

// Join queues all that the viewer may see, and from then on what changes.
func (p *Place) Join(o *fanout.Outbox) {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.views[p.Admin]
	if v == nil {
		v = &view{}
		v.update(r.sight(p.Admin), r.state)
		r.views[p.Admin] = v
	}
	v.viewers = append(v.viewers, o)
	o.Put(v.all(r.tasks.Now(), r.hub.Freshness().Stale))
}

// Leave gives the place back. o is nil if it has not joined.
func (p *Place) Leave(o *fanout.Outbox) {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.views[p.Admin]; v != nil && v.drop(o) {
		delete(r.views, p.Admin)
	}
	if r.viewers--; r.viewers == 0 {
		r.state, r.readAt = team.State{}, time.Time{}
	}
}
