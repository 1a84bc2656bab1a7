package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Oddity is a way in which one entry of a list differs from the others.
type Oddity string

// The oddities. A number with a fraction means the same as without it. An entry with
// any other oddity is not a complete timer or worklog.
const (
	OddIssueGone Oddity = "issue-gone" // issue is null
	OddNoPerson  Oddity = "no-person"  // no person is named
	OddEmptyTime Oddity = "empty-time" // the start is an empty string
	OddFraction  Oddity = "fraction"   // numbers are written 3600.0
	OddNull      Oddity = "null"       // the entry is null
)

var errOddity = errors.New("no such oddity")

// MakeOdd makes lists show the timer or worklog with the id oddly, until it is called
// with "". The timer or worklog itself does not change.
func (s *Sandbox) MakeOdd(id int64, how Oddity) error {
	if how != "" && !slices.Contains([]Oddity{OddIssueGone, OddNoPerson, OddEmptyTime, OddFraction, OddNull}, how) {
		return fmt.Errorf("%w: %q", errOddity, how)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.odd == nil {
		s.odd = map[int64]Oddity{}
	}
	s.odd[id] = how
	return nil
}

// oddEntry returns an entry as the list shows it. It needs s.mu held.
func (s *Sandbox) oddEntry(id int64, whole any) any {
	odd := s.odd[id]
	if odd == "" {
		return whole
	}
	entry := fieldsOf(whole)
	switch odd {
	case OddIssueGone:
		entry["issue"] = nil
		if _, ok := entry["issueId"]; ok {
			entry["issueId"] = "gone"
		}
	case OddNoPerson:
		delete(entry, "author")
		if _, ok := entry["running_for"]; ok {
			entry["running_for"] = nil
		}
	case OddEmptyTime:
		for _, name := range []string{"started", "started_at"} {
			if _, ok := entry[name]; ok {
				entry[name] = ""
			}
		}
	case OddFraction:
		for _, name := range []string{"id", "till_now", "timeSpentSeconds", "worklog_count"} {
			if n, ok := entry[name]; ok {
				entry[name] = withFraction(n)
			}
		}
	case OddNull:
		return nil
	}
	return entry
}

func fieldsOf(entry any) (fields map[string]any) {
	text, err := json.Marshal(entry)
	if err != nil {
		panic("sandbox: encode an entry: " + err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		panic("sandbox: decode an entry: " + err.Error())
	}
	return fields
}

func withFraction(n any) any {
	if number, ok := n.(json.Number); ok {
		return number + ".0"
	}
	return n
}
