package timercache

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// scanAbout reads what a value says beside the timers, if it has the form in
// which value.encode writes it and nothing but names and numbers: that is most of
// them, and costs a tenth of decoding. text begins after the list.
func scanAbout(text string) (a about, ok bool) {
	if strings.IndexByte(text, '\\') >= 0 || !utf8.ValidString(text) {
		return about{}, false
	}
	raw := []byte(text)
	if hasControl(raw) {
		return about{}, false
	}
	s := scanner{rest: raw}
	if !s.take(`"cachedAt":`) || !s.moment(&a.CachedAt) || !s.take(`,"userKey":`) || !s.string(&a.UserKey) ||
		!s.take(`,"version":`) || !s.integer(&a.Version) ||
		s.take(`,"email":`) && !s.string(&a.Email) || s.take(`,"epoch":`) && !s.string(&a.Epoch) {
		return about{}, false
	}
	a.Listed = s.take(`,"listed":true`)
	if !s.take(`}`) || len(s.rest) > 0 {
		return about{}, false // starts and stops of a moment ago, or a moved issue
	}
	return a, true
}

// string reads a text that has no escapes.
func (s *scanner) string(into *string) bool {
	inside, ok := s.text()
	*into = string(inside)
	return ok
}

// syncMemo remembers the sync record that was decoded last: everybody reads the
// same one until the next sync.
type syncMemo struct{ last atomic.Pointer[decodedSync] }

type decodedSync struct {
	raw   string
	state syncState
	ok    bool
}

func (m *syncMemo) decode(raw string) (syncState, bool) {
	if last := m.last.Load(); last != nil && last.raw == raw {
		return last.state, last.ok
	}
	state, ok := decodeSync(raw)
	m.last.Store(&decodedSync{raw, state, ok})
	return state, ok
}
