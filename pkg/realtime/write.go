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
	over     bool // every write has its outcome
}

// answer tells a write its outcome, once.
func (p *plan) answer(i int, o outcome) {
	done := p.writes[i].done
	if p.writes[i].done = nil; done != nil {
		done(o)
	}
}

// compute applies the writes, in order, to the room's present state.
func (p *plan) compute() {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	p.change = Change{User: r.user, After: r.seq - r.skip, Skipped: r.skip}
	p.outcomes = make([]outcome, len(p.writes))
	timers := r.timers
	if len(p.writes) > 1 {
		timers = maps.Clone(timers) // the room changes only once the store has
	}
	for i := range p.writes {
		next, out := p.decide(&p.writes[i], timers)
		leaving, ok := place(timers, &next)
		if out == (outcome{}) && !ok {
			out.refused = &refusal{CodeTooMany, "Too many of your timers run. Stop one first.", next.ID}
		}
		if p.outcomes[i] = out; out != (outcome{}) {
			continue
		}
		p.change.Dropped = append(p.change.Dropped, leaving...)
		next.Seq = p.change.Seq() + 1
		p.change.Events = append(p.change.Events, NewEvent(next))
		if len(p.writes) > 1 {
			for _, id := range leaving {
				delete(timers, id)
			}
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

// place names the timers that have to leave before next joins or grows: those
// whose stop is longest ago, so that every instance picks the same. If what runs
// leaves no place, nobody has to leave, and ok is false.
func place(timers map[string]Timer, next *Timer) (leaving []string, ok bool) {
	if now, known := timers[next.ID]; known && next.size() <= now.size() {
		return nil, true
	}
	number, bytes := 1, next.size()
	for id, t := range timers {
		if id != next.ID {
			number, bytes = number+1, bytes+t.size()
		}
	}
	fits := func() bool { return number <= MaxTimers && bytes <= MaxTimerBytes }
	if fits() {
		return nil, true
	}
	var stopped []Timer
	for id, t := range timers {
		if id != next.ID && t.Status == Stopped {
			stopped = append(stopped, t)
		}
	}
	slices.SortFunc(stopped, func(a, b Timer) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, t := range stopped {
		leaving = append(leaving, t.ID)
		if number, bytes = number-1, bytes-t.size(); fits() {
			return leaving, true
		}
	}
	return nil, false
}
