package timercache

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"
)

// canonical is one timer as value.encode writes it, with what a reader has to
// know of it. Finding that costs a tenth of decoding it.
type canonical struct {
	text      []byte // the JSON object
	startedAt time.Time
	id        int64
	tillNow   int64
	from, to  int       // tillNow's digits in text
	comment   [2]int    // where the comment begins and ends in text
	running   bool      // tillNow grows with the clock
	cachedAt  time.Time // when tillNow was true
	mate      *Mate     // whose it is, if everybody was read
}

// split takes a stored list of timers apart. It is false for a text that
// value.encode would not have written: that has to be decoded.
func split(list []byte) (into []canonical, ok bool) {
	s := scanner{rest: list}
	if hasControl(list) || !s.take(`[`) {
		return nil, false
	}
	for first := true; !s.take(`]`); first = false {
		if !first && !s.take(`,`) {
			return into, false
		}
		t, ok := s.timer()
		if !ok {
			return into, false
		}
		into = append(into, t)
	}
	return into, len(s.rest) == 0
}

// appendAt appends the timer as timer.Advance shows it at now, with its comment or
// with none.
func (t *canonical) appendAt(dst []byte, now time.Time, comment bool) []byte {
	tillNow := t.tillNow
	if t.running {
		tillNow += max(int64(now.Sub(t.cachedAt)/time.Second), 0)
	}
	from := 0
	if !comment {
		dst = append(append(dst, t.text[:t.comment[0]]...), `null`...)
		from = t.comment[1]
	}
	dst = append(dst, t.text[from:t.from]...)
	dst = strconv.AppendInt(dst, max(tillNow, 0), 10)
	return append(dst, t.text[t.to:]...)
}

// newestFirst orders as timer.SortNewestFirst does.
func newestFirst(a, b *canonical) int {
	if c := b.startedAt.Compare(a.startedAt); c != 0 {
		return c
	}
	return int(min(max(b.id-a.id, -1), 1))
}

// scanner reads the texts that encoding/json writes of our structs: no spaces,
// fields in their order. Each method is false if something else comes.
type scanner struct{ rest []byte }

// take skips a literal.
func (s *scanner) take(literal string) bool {
	if len(s.rest) < len(literal) || string(s.rest[:len(literal)]) != literal {
		return false
	}
	s.rest = s.rest[len(literal):]
	return true
}

// timer reads one timer.
func (s *scanner) timer() (t canonical, ok bool) {
	whole := s.rest
	at := func() int { return len(whole) - len(s.rest) }
	if !s.take(`{"id":`) || !s.integer(&t.id) || !s.take(`,"startedAt":`) {
		return t, false
	}
	if !s.moment(&t.startedAt) || !s.take(`,"finishedAt":`) {
		return t, false
	}
	var finishedAt time.Time
	unfinished := s.take(`null`)
	if !unfinished && !s.moment(&finishedAt) || !s.take(`,"comment":`) {
		return t, false
	}
	t.comment[0] = at()
	if !s.take(`null`) && !s.skipText() {
		return t, false
	}
	t.comment[1] = at()
	if !s.take(`,"runningFor":`) || !s.skipText() || !s.take(`,"tillNow":`) {
		return t, false
	}
	t.from = at()
	if !s.integer(&t.tillNow) {
		return t, false
	}
	t.to = at()
	var number int64
	if !s.take(`,"worklogCount":`) || !s.integer(&number) ||
		!s.take(`,"issue":{"key":`) || !s.skipText() || !s.take(`,"id":`) || !s.integer(&number) ||
		!s.optional(`,"summary":`) || !s.optional(`,"projectName":`) || !s.take(`}`) {
		return t, false
	}
	if s.take(`,"author":{"accountId":`) && (!s.skipText() ||
		!s.optional(`,"emailAddress":`) || !s.optional(`,"displayName":`) || !s.optional(`,"avatarUrl":`) || !s.take(`}`)) {
		return t, false
	}
	var within, startedWithin bool
	if !s.take(`,"withinWorkingHours":`) || !s.boolean(&within) || !s.take(`,"startedWithinWorkingHours":`) || !s.boolean(&startedWithin) || !s.take(`}`) {
		return t, false
	}
	t.text, t.running = whole[:at()], unfinished && within
	return t, true
}

// optional reads a text field that may be missing.
func (s *scanner) optional(name string) bool { return !s.take(name) || s.skipText() }

// integer reads what strconv.AppendInt writes.
func (s *scanner) integer(n *int64) bool {
	end := 0
	for end < len(s.rest) && (s.rest[end] >= '0' && s.rest[end] <= '9' || end == 0 && s.rest[end] == '-') {
		end++
	}
	digits := bytes.TrimPrefix(s.rest[:end], []byte("-"))
	if len(digits) == 0 || digits[0] == '0' && end > 1 {
		return false
	}
	var err error
	*n, err = strconv.ParseInt(string(s.rest[:end]), 10, 64)
	s.rest = s.rest[end:]
	return err == nil
}

func (s *scanner) boolean(is *bool) bool {
	*is = s.take(`true`)
	return *is || s.take(`false`)
}

// moment reads a time of UTC.
func (s *scanner) moment(t *time.Time) bool {
	text, ok := s.text()
	return ok && bytes.HasSuffix(text, []byte("Z")) && t.UnmarshalText(text) == nil
}

func (s *scanner) skipText() bool { _, ok := s.text(); return ok }

// text reads a string, and returns what is between its quotes.
func (s *scanner) text() (inside []byte, ok bool) {
	if !s.take(`"`) {
		return nil, false
	}
	for end := 0; ; end++ {
		next := bytes.IndexByte(s.rest[end:], '"')
		if next < 0 {
			return nil, false
		}
		escape := bytes.IndexByte(s.rest[end:end+next], '\\')
		if escape < 0 {
			inside = s.rest[:end+next]
			s.rest = s.rest[end+next+1:]
			return inside, true
		}
		end += escape + 1
		if end >= len(s.rest) || !s.escape(&end) {
			return nil, false
		}
	}
}

// escape checks what follows a backslash, and leaves at on its last byte. Half a
// character, which encoding/json never writes, is none.
func (s *scanner) escape(at *int) bool {
	switch s.rest[*at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		first := *at + 1
		for range 4 {
			*at++
			if *at >= len(s.rest) || !isHex(s.rest[*at]) {
				return false
			}
		}
		return s.rest[first]|0x20 != 'd' || s.rest[first+1] < '8'
	}
	return false
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

// hasControl reports a byte below the space, which JSON allows nowhere in what
// we write. It looks at eight bytes at a time.
func hasControl(text []byte) bool {
	const spaces, tops = 0x2020202020202020, 0x8080808080808080
	for len(text) >= 8 {
		x := binary.LittleEndian.Uint64(text)
		if (x-spaces)&^x&tops != 0 {
			return true
		}
		text = text[8:]
	}
	for _, b := range text {
		if b < ' ' {
			return true
		}
	}
	return false
}
