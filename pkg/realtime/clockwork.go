package realtime

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// maxEvent bounds a published change, in bytes.
const maxEvent = 256 << 10

// maxRefusal bounds an error event: a code, a sentence and an id.
const maxRefusal = 4 << 10

const (
	eventsPrefix  = "clockwork:events:"
	eventsPattern = eventsPrefix + "*"
	// clockworkPrefix begins the ids of Clockwork's timers: cw:{accountId}:{issueKey}.
	clockworkPrefix = "cw:"
)

func clockworkID(account, issueKey string) string { return clockworkPrefix + account + ":" + issueKey }

// clockwork brings Clockwork's timers into the store: from the events that
// package timercache publishes and, where events may have been missed, from
// what it has cached. Every instance hears every event; the first to commit one
// makes the change.
type clockwork struct {
	server *Server
	o      ClockworkOptions
	// freshness is sent to everybody when it changes.
	freshness *freshness

	mu     sync.Mutex
	wanted map[string]bool // users to compare with the cache
	wake   chan struct{}
}

func newClockwork(s *Server, o ClockworkOptions) *clockwork {
	fresh := &freshness{cache: o.Cache, changed: func(f Freshness) {
		for _, r := range s.hub.all() {
			r.tell(f.encode())
		}
	}}
	return &clockwork{server: s, o: o, freshness: fresh, wanted: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// run listens, and compares when asked to, until the server closes.
func (b *clockwork) run() {
	b.server.spawn("comparisons", b.reconciles)
	b.server.keep("clockwork events", func(ready func()) error {
		return b.o.Events.PSubscribe(b.server.ctx, func() { ready(); b.missedAll() },
			func(channel, payload string) {
				b.server.contain("clockwork event", func() { b.message(channel, payload) })
			}, eventsPattern)
	})
}

// message applies what was published about one person: one change or several.
func (b *clockwork) message(channel, payload string) {
	b.freshness.heard()
	events, err := timercache.Events(payload)
	if err != nil {
		b.server.log.Error("realtime: clockwork event not understood", "error", err)
		b.missed(strings.TrimPrefix(channel, eventsPrefix))
	}
	for _, event := range events {
		b.event(channel, string(event))
	}
}

// event applies one change, or passes on to the person's clients why a start of
// theirs came to nothing. Every instance hears that itself.
func (b *clockwork) event(channel, payload string) {
	account := strings.TrimPrefix(channel, eventsPrefix)
	if why := parseRefusal(account, payload); why != nil {
		if r := b.server.hub.find(account); r != nil {
			r.tell(why.encode())
		}
		return
	}
	t, err := parseEvent(payload)
	if err == nil {
		err = b.server.committer.submit(write{user: t.UserID, timer: t, relayed: true, ifSeq: -1, done: func(o outcome) {
			if o.refused != nil {
				b.missed(t.UserID)
			}
		}})
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		b.missed(t.UserID)
	case err != nil && !errors.Is(err, errClosing):
		b.server.log.Error("realtime: clockwork event not understood", "error", err)
		b.missed(account)
	}
}

// parseRefusal reads an error event about one of the account's timers; nil if it
// is none.
func parseRefusal(account, payload string) *refusal {
	var message struct {
		Event   string
		Payload refusal
	}
	if len(payload) > maxRefusal || json.Unmarshal([]byte(payload), &message) != nil || message.Event != "error" ||
		message.Payload.Code == "" || message.Payload.Message == "" || !ofAccount(account, message.Payload.ID) {
		return nil
	}
	return &message.Payload
}

var (
	errNotAnUpdate = errors.New("not a timer_updated of a Clockwork timer")
	errTooLong     = errors.New("longer than any timer_updated")
)

func parseEvent(payload string) (Timer, error) {
	var message struct {
		Event   string
		Payload Timer
	}
	if len(payload) > maxEvent {
		return Timer{}, errTooLong
	}
	if err := json.Unmarshal([]byte(payload), &message); err != nil {
		return Timer{}, err
	}
	t := message.Payload
	if message.Event != "timer_updated" || t.Check() != nil || t.UpdatedAt.IsZero() || !ofAccount(t.UserID, t.ID) {
		return Timer{}, errNotAnUpdate
	}
	t.Seq, t.Source = 0, SourceClockwork
	if t.CountedAt.IsZero() { // from an instance that is being replaced
		t.CountByClock()
	}
	t.shorten()
	return t, nil
}

// ofAccount reports whether an event's id is that of one of the account's timers.
// The key in it is the one that the issue had when the timer was first seen.
func ofAccount(account, id string) bool {
	key, ok := issueOf(account, id)
	return ok && key != ""
}

// issueOf is the issue in the id of one of the account's Clockwork timers.
func issueOf(account, id string) (issueKey string, ok bool) {
	return strings.CutPrefix(id, clockworkPrefix+account+":")
}
