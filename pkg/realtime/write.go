package realtime

import (
	"cmp"
	"maps"
	"slices"
)

// write is one change that somebody wants.
type write struct {
	user  string
	timer Timer // as wanted; what is empty in a client's message stays as it is
	// relayed marks a change that was made in Clockwork and that every instance
	// hears of: its UpdatedAt tells whether it has been made here already.
	relayed bool
	// ifSeq makes the write void where the user's seq is another: what it was
	// computed from has changed. Negative is any.
	ifSeq int64
	// done is told the outcome, after the change was handed out to everybody; it
	// must not block. May be nil.
	done func(outcome)
}

// outcome of a write: made (all zero), or one of the others.
type outcome struct {
	unchanged bool // the timer was so already
	void      bool // ifSeq was not met
	refused   *refusal
}

// plan is what a batch does to one user.
type plan struct {
	room     *room
	writes   []write
	change   Change
	outcomes []outcome
}

// compute applies the writes, in order, to the room's present state.
func (p *plan) compute() {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	p.change = Change{User: r.user, After: r.seq - r.skip, Skipped: r.skip}
	p.outcomes = make([]outcome, len(p.writes))
	timers := r.timers
	if len(p.writes) > 1 || len(timers) >= MaxTimers {
		timers = maps.Clone(timers) // the room changes only once the store has
	}
	for i := range p.writes {
		next, out := p.decide(&p.writes[i], timers)
		if p.outcomes[i] = out; out != (outcome{}) {
			continue
		}
		next.Seq = p.change.Seq() + 1
		p.change.Events = append(p.change.Events, NewEvent(next))
		if len(p.writes) > 1 {
			timers[next.ID] = next
			p.change.Dropped = slices.DeleteFunc(p.change.Dropped, func(id string) bool { return id == next.ID })
		}
	}
}

// recorded reports whether the room has been told of the very change.
func (p *plan) recorded() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	for _, e := range p.change.Events {
		if !p.room.recorded(e) {
			return false
		}
	}
	return true
}

// decide tells what a write makes of its timer. It needs the room's mu held.
func (p *plan) decide(w *write, timers map[string]Timer) (Timer, outcome) {
	next := w.timer
	if w.ifSeq >= 0 && w.ifSeq != p.change.Seq() {
		return next, outcome{void: true}
	}
	if w.relayed && p.room.heard(next) {
		return next, outcome{unchanged: true}
	}
	now, known := timers[next.ID]
	if !known {
		leaving, ok := place(timers)
		switch {
		case !ok:
			return next, outcome{refused: &refusal{CodeTooMany, "Too many of your timers run. Stop one first.", next.ID}}
		case leaving != "":
			delete(timers, leaving)
			p.change.Dropped = append(p.change.Dropped, leaving)
		}
		return next, outcome{}
	}
	next.Summary = cmp.Or(next.Summary, now.Summary) // none is not known
	if next.Source == SourceClient {
		next.IssueKey = cmp.Or(next.IssueKey, now.IssueKey)
		next.Comment = cmp.Or(next.Comment, now.Comment)
	}
	if !w.relayed && next.same(&now) {
		return next, outcome{unchanged: true}
	}
	return next, outcome{}
}

// place names the timer that has to leave before another joins, "" where there
// is a free place: the one whose stop is longest ago, so that every instance
// picks the same. Where all run, nobody has to leave, and ok is false.
func place(timers map[string]Timer) (leaving string, ok bool) {
	if len(timers) < MaxTimers {
		return "", true
	}
	var oldest int64
	for _, t := range timers {
		if t.Status == Stopped && (!ok || t.Seq < oldest) {
			leaving, oldest, ok = t.ID, t.Seq, true
		}
	}
	return leaving, ok
}
