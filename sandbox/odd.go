package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Oddity is a way in which one entry of a list differs from all others.
type Oddity string

// The oddities. A fraction means the same as the number without it; nothing else
// can be read as a whole timer or worklog.
const (
	OddIssueGone Oddity = "issue-gone" // the issue is null
	OddNoPerson  Oddity = "no-person"  // nobody is named
	OddEmptyTime Oddity = "empty-time" // the start is an empty text
	OddFraction  Oddity = "fraction"   // numbers are written 3600.0
	OddNull      Oddity = "null"       // the entry is null
)

var errOddity = errors.New("no such oddity")

// MakeOdd changes how the timer or worklog with the id is listed from now on;
// "" ends that. The truth stays as it is.
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

// spoilt is an entry as it is listed. It needs s.mu held.
func (s *Sandbox) spoilt(id int64, whole any) any {
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
