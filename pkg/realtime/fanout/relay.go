package fanout

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
)

const (
	// gapWait is how long a change waits for an earlier one that is on its way,
	// before the store is asked for it.
	gapWait = 100 * time.Millisecond
	// maxRefetches bounds the load on a store that has just come back.
	maxRefetches = 8
	// noticeTimeout bounds the publishing of a notice.
	noticeTimeout = 5 * time.Second
)

// Relay passes changes and notices between the instances that share a store.
type Relay struct {
	hub      *Hub
	feed     realtime.Feed // nil if there is one instance
	tasks    *tasks.Group
	feedDown atomic.Bool
}

// NewRelay makes the relay of the hub's store, and listens if that is shared.
func NewRelay(h *Hub) *Relay {
	r := &Relay{hub: h, tasks: h.tasks}
	if feed, shared := h.store.(realtime.Feed); shared {
		r.feed = feed
		r.feedDown.Store(true)
		r.tasks.Go("feed", r.listen)
	}
	return r
}

// Shared reports whether there may be other instances.
func (r *Relay) Shared() bool { return r.feed != nil }

// FeedDown reports whether other instances are not heard at the moment.
func (r *Relay) FeedDown() bool { return r.feedDown.Load() }

// listen receives announcements. What was announced while the subscription was
// down is read from the store.
func (r *Relay) listen() {
	r.tasks.Subscribe("feed", func(ready func()) error {
		defer r.feedDown.Store(true)
		return r.feed.Listen(r.tasks.Context(),
			func() { ready(); r.feedDown.Store(false); r.tasks.Go("refetch rooms", r.refetchAll) },
			func(user, text string) { r.tasks.Contain("announcement", func() { r.announced(user, text) }) })
	})
}

// refetchAll compares with the store: rooms with connections now, the others when
// somebody connects.
func (r *Relay) refetchAll() {
	var group errgroup.Group
	group.SetLimit(maxRefetches)
	for _, room := range r.hub.Rooms() {
		room.MarkStale() // first, so that whoever connects now reads it too
		if room.Empty() {
			continue
		}
		group.Go(panics.Guard(func() error { r.refetch(room); return nil }))
	}
	_ = group.Wait()
}

// refetch reads from the store what a room lacks, until that succeeds.
func (r *Relay) refetch(room *Room) {
	ctx := r.tasks.Context()
	for backoff := tasks.MinBackoff; ctx.Err() == nil; backoff = min(2*backoff, tasks.MaxBackoff) {
		err := panics.Try(func() error { return room.Refetch(ctx) })
		if err == nil {
			return
		}
		r.tasks.Log.Warn("realtime: room not refreshed", "error", err, "again_in", backoff)
		_ = r.tasks.Sleep(ctx, backoff)
	}
}

// announced delivers what an instance announced. It may be this instance, whose
// commit got no answer: so it learns that the change was made.
func (r *Relay) announced(user, text string) {
	room := r.hub.Find(user)
	if room == nil || room.Delivered(lastAnnounced(text)) {
		return
	}
	a, events, err := parseAnnouncement(user, text)
	if err != nil {
		r.tasks.Log.Error("realtime: announcement not understood", "error", err)
	}
	if a.Notice != nil {
		room.Send(a.Notice)
	}
	// What was not understood, or too large to announce, is in the store.
	incomplete := err != nil || a.Notice == nil && len(events) == 0
	if room.Deliver(events) || incomplete {
		r.tasks.Go("refetch room", func() {
			_ = r.tasks.Sleep(r.tasks.Context(), gapWait)
			r.refetch(room)
		})
	}
}

// Notify sends a notice to all of a user's clients. If the other instances cannot
// be reached, those of this one get it.
func (r *Relay) Notify(user string, message []byte) {
	if r.feed != nil {
		ctx, cancel := context.WithTimeout(context.Background(), noticeTimeout)
		defer cancel()
		err := r.feed.Announce(ctx, user, announceNotice(message))
		if err == nil {
			return
		}
		r.tasks.Log.Warn("realtime: notice not announced", "error", err)
	}
	if room := r.hub.Find(user); room != nil {
		room.Send(message)
	}
}
