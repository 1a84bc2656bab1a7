package timercache

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// team is what the hash of people holds, parsed.
type team struct {
	sync    string // the sync record
	people  map[string]*teammate
	timers  []canonical // newest first
	content uint64      // the version of everybody's timers together
	size    int         // bytes of the timers as they are stored
}

// teammate is one person of a team.
type teammate struct {
	text    string
	timers  []canonical
	content uint64
}

// lastTeam remembers what was read last. Parsing costs several times as much as
// the rest of a read, and between two reads few people start or stop something.
type lastTeam struct{ parsed atomic.Pointer[team] }

// update parses those fields of the hash that have changed since the last read.
func (l *lastTeam) update(fields []string) (*team, error) {
	last := l.parsed.Load()
	if last == nil {
		last = &team{}
	}
	if last.holds(fields) {
		return last, nil
	}
	next := &team{people: make(map[string]*teammate, len(fields)/2)}
	var changed []canonical
	for i := 0; i+1 < len(fields); i += 2 {
		field, text := fields[i], fields[i+1]
		switch {
		case field == stateField:
			next.sync = text
			continue
		case isEmailField(field), next.people[field] != nil: // read twice while the hash grew
			continue
		}
		m := last.people[field]
		if m == nil || m.text != text {
			var err error
			if m, err = newTeammate(field, text); err != nil {
				return nil, err
			}
			changed = append(changed, m.timers...)
		}
		next.people[field] = m
		next.content ^= m.content
	}
	next.timers = make([]canonical, 0, len(last.timers)+len(changed))
	for i := range last.timers {
		if t := &last.timers[i]; next.people[t.field] == last.people[t.field] {
			next.timers = append(next.timers, *t)
		}
	}
	next.timers = append(next.timers, changed...)
	slices.SortFunc(next.timers, func(a, b canonical) int { return newestFirst(&a, &b) })
	for i := range next.timers {
		next.size += len(next.timers[i].text)
	}
	if len(fields) <= scanCount { // a larger team would hold much memory
		l.parsed.Store(next)
	}
	return next, nil
}

// holds reports that the fields are those that t was parsed from.
func (t *team) holds(fields []string) bool {
	found := 0
	for i := 0; i+1 < len(fields); i += 2 {
		field, text := fields[i], fields[i+1]
		switch {
		case field == stateField:
			if text != t.sync {
				return false
			}
		case isEmailField(field):
		default:
			m := t.people[field]
			if m == nil || m.text != text {
				return false
			}
			found++
		}
	}
	return found == len(t.people)
}

func isEmailField(field string) bool { return strings.HasPrefix(field, stateField) }

func newTeammate(field, text string) (*teammate, error) {
	own, ok := storedOf(text)
	if !ok {
		return nil, fmt.Errorf("%w: the stored timers of one person do not parse", ErrUnavailable)
	}
	timers, err := own.split()
	if err != nil {
		return nil, err
	}
	m := &teammate{text: text, timers: timers}
	for i := range timers {
		timers[i].field = field
	}
	if len(timers) > 0 {
		m.content = fingerprint(field, own.Version)
	}
	return m, nil
}
