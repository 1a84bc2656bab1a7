// Package bridge connects Clockwork's own timers: it submits the changes that package
// timercache publishes, compares with the cache when events may have been missed, and
// starts and stops timers in Clockwork for clients. Every instance gets every event;
// the first to commit it makes the change.
package bridge

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
	"github.com/clockwork-timer/backend/pkg/realtime/tasks"
	"github.com/clockwork-timer/backend/pkg/realtime/teamroom"
	"github.com/clockwork-timer/backend/pkg/realtime/writes"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
)

// Options say how Clockwork's timers are read, started and stopped. All but Admit and
// Explain are required.
type Options struct {
	Events  Events
	Cache   Cache
	Control Control
	// Token is the Clockwork token with which a caller may start and stop. Without one
	// the error is auth.ErrNoClockwork.
	Token func(ctx context.Context, who auth.Caller) (Token, error)
	// Admit counts a start or stop, and refuses one too many. Nil admits all.
	Admit func(ctx context.Context, who auth.Caller) error
	// Explain is the code and the sentence for an error. Nil explains nothing.
	Explain func(err error) (code, message string)
}

// Token is a Clockwork token.
type Token struct {
	Value secret.Text
	Saved bool // the person has saved it here
	// Failed is what the error of a call with the token means. Nil: as it is.
	Failed func(ctx context.Context, err error) error
}

// Events brings the messages on clockwork:events:*.
type Events interface {
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// Cache knows what runs in Clockwork.
type Cache interface {
	Read(ctx context.Context, subject timercache.Subject) (timercache.View, error)
	Freshness(ctx context.Context) (timercache.Freshness, error)
}

// Control starts and stops timers in Clockwork.
type Control interface {
	Start(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error)
	Stop(ctx context.Context, r timercontrol.Request) (timercontrol.Outcome, error)
}

// Bridge connects one server to Clockwork.
type Bridge struct {
	Options
	hub       *fanout.Hub
	relay     *fanout.Relay
	writes    *writes.Committer
	team      *teamroom.Room
	tasks     *tasks.Group
	freshness freshness

	mu     sync.Mutex
	queued map[string]bool // users to compare with the cache
	wake   chan struct{}
}

// Start makes a bridge, which listens and compares until the group is stopped.
func Start(o Options, hub *fanout.Hub, relay *fanout.Relay, committer *writes.Committer, room *teamroom.Room, group *tasks.Group) *Bridge {
	b := &Bridge{Options: o, hub: hub, relay: relay, writes: committer, team: room, tasks: group, queued: map[string]bool{}, wake: make(chan struct{}, 1)}
	b.freshness = freshness{cache: o.Cache, publish: b.setFreshness}
	group.Go("comparisons", b.runComparisons)
	group.Go("clockwork events", b.listen)
	return b
}

const channelPrefix = "clockwork:events:"

func (b *Bridge) listen() {
	b.tasks.Subscribe("clockwork events", func(ready func()) error {
		return b.Events.PSubscribe(b.tasks.Context(), func() { ready(); b.missedAll() },
			func(channel, payload string) {
				b.team.Changed()
				if account, changed := strings.CutPrefix(channel, channelPrefix); changed {
					b.tasks.Contain("clockwork event", func() { b.published(account, payload) })
				}
			}, channelPrefix+"*", team.ChoicesChannel)
	})
}

// setFreshness is fanout's, for everybody: those who see the team too.
func (b *Bridge) setFreshness(f realtime.Freshness, changed bool) {
	b.hub.SetFreshness(f, changed)
	if changed {
		b.team.Send(f.Encode())
	}
}

// published handles a message about one person: one event or several.
func (b *Bridge) published(account, payload string) {
	b.freshness.heard()
	events, err := timercache.Events(payload)
	if err != nil {
		b.notUnderstood(account, err)
	}
	for _, event := range events {
		b.event(account, string(event))
	}
}

// event submits a change, or passes on why a start failed. Every instance gets the
// latter by itself.
func (b *Bridge) event(account, payload string) {
	if why := realtime.ParseRefusal(account, payload); why != nil {
		if r := b.hub.Find(account); r != nil {
			r.Send(why.Encode())
		}
		return
	}
	t, err := realtime.ParseEvent(payload)
	if err == nil {
		err = b.writes.Submit(writes.Write{Timer: t, Relayed: true, IfSeq: -1, Done: func(o writes.Outcome) {
			if o.Refused != nil {
				b.missed(t.UserID)
			}
		}})
	}
	switch {
	case errors.Is(err, realtime.ErrUnavailable):
		b.missed(t.UserID)
	case err != nil && !errors.Is(err, writes.ErrClosing):
		b.notUnderstood(account, err)
	}
}

func (b *Bridge) notUnderstood(account string, err error) {
	b.tasks.Log.Error("realtime: clockwork event not understood", "error", err)
	b.missed(account)
}

// Entered is called when somebody connects: it reads the freshness, and has the room
// compared if that is due.
func (b *Bridge) Entered(ctx context.Context, r *fanout.Room) {
	b.ReadFreshness(ctx)
	if r.Comparison().Due(b.tasks.Now()) {
		b.queueComparison(r.User)
	}
}

// Update compares the room if that is due, and reads the freshness.
func (b *Bridge) Update(ctx context.Context, r *fanout.Room) {
	if err := b.compareIfDue(ctx, r); err != nil {
		b.tasks.Log.Warn("realtime: not compared with the cache", "first_error", err)
	}
	b.ReadFreshness(ctx)
}

// Sweep queues the comparisons that are due, and reads the freshness if somebody is
// connected.
func (b *Bridge) Sweep(now time.Time) {
	connected := false
	for _, r := range b.hub.Rooms() {
		connected = connected || !r.Empty()
		if r.Watched() && r.Comparison().Due(now) {
			b.queueComparison(r.User)
		}
	}
	if connected && b.freshness.due(now) {
		b.tasks.Go("freshness", func() { b.ReadFreshness(b.tasks.Context()) })
	}
}

// ReadFreshness asks the cache how old Clockwork's data is, if that is due.
func (b *Bridge) ReadFreshness(ctx context.Context) {
	if err := b.freshness.read(ctx, b.tasks.Now()); err != nil && b.tasks.Context().Err() == nil {
		b.tasks.Log.Warn("realtime: freshness not read", "error", err)
	}
}
