package writes

import (
	"cmp"
	"maps"
	"slices"

	"github.com/clockwork-timer/backend/pkg/realtime"
	"github.com/clockwork-timer/backend/pkg/realtime/fanout"
)

// Write is one change that somebody asks for.
type Write struct {
	// Timer is what it should become. Texts that are empty in a client's message stay
	// as they are.
	Timer realtime.Timer
	// Relayed marks a change in Clockwork, which every instance gets. Its UpdatedAt shows whether another instance has already made it.
	Relayed bool
	// IfSeq makes the write void unless it is the user's seq: what the write was
	// computed from has changed. Negative means any.
	IfSeq int64
	// Done gets the outcome, after the change was delivered. It must not block, and
	// may be nil.
	Done func(Outcome)
}

// Outcome of a write. The zero value means that the change was made.
type Outcome struct {
	Unchanged bool // the timer was like this already
	Void      bool // IfSeq did not match
	Refused   *realtime.Refusal
}

// plan is what a batch does to one user.
type plan struct {
	room     *fanout.Room
	writes   []Write
	change   realtime.Change
	outcomes []Outcome
	ended    bool // every write has its outcome
}

// report gives a write its outcome, once.
func (p *plan) report(i int, o Outcome) {
	done := p.writes[i].Done
	if p.writes[i].Done = nil; done != nil {
		done(o)
	}
}

// compute applies the writes, in order, to the room's state.
func (p *plan) compute() { p.room.Read(p.computeOn) }

func (p *plan) computeOn(now fanout.Snapshot) {
	p.change = realtime.Change{User: p.room.User, After: now.Seq - now.Skip, Skipped: now.Skip}
	p.outcomes = make([]Outcome, len(p.writes))
	if len(p.writes) > 1 {
		now.Timers = maps.Clone(now.Timers) // the room's change only after the store's
	}
	for i := range p.writes {
		next, out := p.decide(&p.writes[i], now)
		evicted, ok := realtime.Evict(now.Timers, &next)
		if out == (Outcome{}) && !ok {
			out.Refused = &realtime.Refusal{Code: realtime.CodeTooMany, Message: "Too many of your timers run. Stop one first.", ID: next.ID}
		}
		if p.outcomes[i] = out; out != (Outcome{}) {
			continue
		}
		p.change.Dropped = append(p.change.Dropped, evicted...)
		next.Seq = p.change.Seq() + 1
		p.change.Events = append(p.change.Events, realtime.NewEvent(next))
		if len(p.writes) > 1 {
			for _, id := range evicted {
				delete(now.Timers, id)
			}
			now.Timers[next.ID] = next
			p.change.Dropped = slices.DeleteFunc(p.change.Dropped, func(id string) bool { return id == next.ID })
		}
	}
}

// decide computes what a write makes of its timer.
func (p *plan) decide(w *Write, now fanout.Snapshot) (realtime.Timer, Outcome) {
	next := w.Timer
	if w.IfSeq >= 0 && w.IfSeq != p.change.Seq() {
		return next, Outcome{Void: true}
	}
	if w.Relayed && now.Changed(next) {
		return next, Outcome{Unchanged: true}
	}
	old, known := now.Timers[next.ID]
	if !known {
		return next, Outcome{}
	}
	next.Summary = cmp.Or(next.Summary, old.Summary) // "" means unknown
	if next.Source == realtime.SourceClient {
		next.IssueKey = cmp.Or(next.IssueKey, old.IssueKey)
		next.Comment = cmp.Or(next.Comment, old.Comment)
	}
	if !w.Relayed && next.Same(&old) {
		return next, Outcome{Unchanged: true}
	}
	return next, Outcome{}
}
