package timercache

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// People is what the hash of people holds, parsed. A read that finds the same values
// as the one before returns the same People, and for a person whose value is the
// same the same Mate.
type People struct {
	Mates  []*Mate // in no order
	sync   string  // the sync record
	byID   map[string]*Mate
	timers []canonical // newest first
	size   int         // bytes of the timers as they are stored
	unsure bool        // somebody may run more than their value says
}

// Mate is one person who runs something, or has in the last week.
type Mate struct {
	AccountID string
	CachedAt  time.Time // when each TillNow was true
	LastSeen  *LastSeen // nil if their timers say it, or if it is not known
	// Version is another one for each value of this person.
	Version uint64

	text    string
	unsure  bool // they may run more
	encoded []byte
	timers  []canonical
}

// Timers decodes the timers, newest first. The error wraps ErrUnavailable.
func (m *Mate) Timers() ([]timer.Timer, error) { return decodeTimers(m.encoded) }

// lastTeam remembers what was read last. Parsing costs several times as much as
// the rest of a read, and between two reads few people start or stop something.
type lastTeam struct{ parsed atomic.Pointer[People] }

// update parses those fields of the hash that have changed since the last read.
func (l *lastTeam) update(fields []string) (*People, error) {
	last := l.parsed.Load()
	if last == nil {
		last = &People{}
	}
	if last.holds(fields) {
		return last, nil
	}
	next := &People{byID: make(map[string]*Mate, len(fields)/2)}
	var changed []canonical
	for i := 0; i+1 < len(fields); i += 2 {
		field, text := fields[i], fields[i+1]
		switch {
		case field == stateField:
			next.sync = text
			continue
		case isEmailField(field), next.byID[field] != nil: // read twice while the hash grew
			continue
		}
		m := last.byID[field]
		if m == nil || m.text != text {
			var err error
			if m, err = newMate(field, text); err != nil {
				return nil, err
			}
			changed = append(changed, m.timers...)
		}
		next.byID[field], next.unsure = m, next.unsure || m.unsure
		next.Mates = append(next.Mates, m)
	}
	next.timers = make([]canonical, 0, len(last.timers)+len(changed))
	for i := range last.timers {
		if t := &last.timers[i]; next.byID[t.mate.AccountID] == t.mate {
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

// holds reports that the fields are those that p was parsed from.
func (p *People) holds(fields []string) bool {
	found, sync := 0, ""
	for i := 0; i+1 < len(fields); i += 2 {
		field, text := fields[i], fields[i+1]
		switch {
		case field == stateField:
			sync = text
		case isEmailField(field):
		default:
			m := p.byID[field]
			if m == nil || m.text != text {
				return false
			}
			found++
		}
	}
	return found == len(p.byID) && sync == p.sync
}

func isEmailField(field string) bool { return strings.HasPrefix(field, stateField) }

func newMate(field, text string) (*Mate, error) {
	own, ok := storedOf(text)
	if !ok {
		return nil, fmt.Errorf("%w: the stored timers of one person do not parse", ErrUnavailable)
	}
	m := &Mate{AccountID: field, CachedAt: own.CachedAt, LastSeen: own.LastSeen, Version: fingerprint(field, own.Version), text: text, unsure: own.Epoch == unsureEpoch}
	timers, err := own.split()
	if err != nil {
		return nil, err
	}
	for i := range timers {
		timers[i].mate = m
	}
	m.encoded, m.timers = own.timers, timers
	return m, nil
}
