package realtime

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clockwork-timer/backend/pkg/panics"
)

const (
	// graceForGap is how long a change waits for an earlier one that is on its
	// way, before the store is asked for it.
	graceForGap = 100 * time.Millisecond
	minBackoff  = 100 * time.Millisecond
	maxBackoff  = 10 * time.Second
	// catchUpsAtOnce bounds the load on a store that has just come back.
	catchUpsAtOnce = 8
)

// listen hears what other instances announce, for as long as the server runs.
// What was said while it did not listen is read from the store.
func (s *Server) listen(feed Feed) {
	s.keep("feed", func(ready func()) error {
		defer s.deaf.Store(true)
		return feed.Listen(s.ctx, func() { ready(); s.deaf.Store(false); s.spawn("catch-up", s.catchUp) },
			func(user, text string) { s.contain("announcement", func() { s.announced(user, text) }) })
	})
}

// keep runs a subscription again and again until the server closes, with
// growing pauses while it fails.
func (s *Server) keep(what string, subscribe func(ready func()) error) {
	backoff := minBackoff
	for s.ctx.Err() == nil {
		err := panics.Try(func() error { return subscribe(func() { backoff = minBackoff }) })
		if s.ctx.Err() != nil {
			return
		}
		s.log.Warn("realtime: subscription lost", "of", what, "error", err, "again_in", backoff)
		_ = s.sleep(s.ctx, backoff/2+rand.N(backoff/2)) // instances must not all come at once
		backoff = min(2*backoff, maxBackoff)
	}
}

// catchUp compares every room with the store: those with connections now, the
// others when somebody comes.
func (s *Server) catchUp() {
	var together errgroup.Group
	together.SetLimit(catchUpsAtOnce)
	for _, r := range s.hub.all() {
		if r.empty() {
			r.doubt()
			continue
		}
		together.Go(panics.Guard(func() error { s.mend(r); return nil }))
	}
	_ = together.Wait()
}

// mend reads from the store what a room lacks.
func (s *Server) mend(r *room) {
	for backoff := minBackoff; s.ctx.Err() == nil; backoff = min(2*backoff, maxBackoff) {
		err := panics.Try(func() error { return r.refresh(s.ctx, s.store, s.now()) })
		if err == nil {
			return
		}
		s.log.Warn("realtime: room not refreshed", "error", err, "again_in", backoff)
		_ = s.sleep(s.ctx, backoff)
	}
}

// announced takes in what an instance said, this one too: where its own commit
// got no answer, it learns so that it was made.
func (s *Server) announced(user, text string) {
	r := s.hub.find(user)
	if r == nil || r.has(lastAnnounced(text)) {
		return
	}
	a, events, err := parseAnnouncement(user, text)
	if err != nil {
		s.log.Error("realtime: announcement not understood", "error", err)
	}
	if a.Notice != nil {
		r.tell(a.Notice)
	}
	// What was not understood, or too large to announce, is in the store.
	unknown := err != nil || a.Notice == nil && len(events) == 0
	if r.deliver(events) || unknown {
		s.spawn("refresh", func() {
			_ = s.sleep(s.ctx, graceForGap)
			s.mend(r)
		})
	}
}

// notify sends a message that is no change to all of a user's clients. Where
// the instances cannot be reached, those that are connected here get it.
func (s *Server) notify(user string, message []byte) {
	if feed, shared := s.store.(Feed); shared {
		ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
		defer cancel()
		err := feed.Announce(ctx, user, announceNotice(message))
		if err == nil {
			return
		}
		s.log.Warn("realtime: notice not announced", "error", err)
	}
	if r := s.hub.find(user); r != nil {
		r.tell(message)
	}
}
