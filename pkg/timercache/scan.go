package timercache

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// scanAbout reads what a value says beside the timers, if it has the form in
// which value.encode writes it and no escapes: that is most of them, and costs a
// tenth of decoding. text begins after the list.
func scanAbout(text string) (a about, ok bool) {
	raw := []byte(text)
	if strings.IndexByte(text, '\\') >= 0 || !utf8.Valid(raw) || hasControl(raw) {
		return about{}, false
	}
	s := scanner{rest: raw}
	if !s.about(&a) || len(s.rest) > 0 {
		return about{}, false
	}
	return a, true
}

func (s *scanner) about(a *about) bool {
	if !s.take(`"cachedAt":`) || !s.moment(&a.CachedAt) || !s.take(`,"userKey":`) || !s.string(&a.UserKey) ||
		!s.take(`,"version":`) || !s.integer(&a.Version) ||
		s.take(`,"email":`) && !s.string(&a.Email) || s.take(`,"epoch":`) && !s.string(&a.Epoch) {
		return false
	}
	a.Listed = s.take(`,"listed":true`)
	return (!s.take(`,"acts":[`) || s.acts(&a.Acts)) && (!s.take(`,"lastSeen":`) || s.lastSeen(&a.LastSeen)) && s.take(`}`) // or an issue has moved
}

func (s *scanner) lastSeen(into **LastSeen) bool {
	var l LastSeen
	*into = &l
	return s.take(`{`) && (!s.take(`"name":`) || s.string(&l.Name) && s.take(`,`)) && (!s.take(`"avatarUrl":`) || s.string(&l.AvatarURL) && s.take(`,`)) &&
		s.take(`"issue":{"key":`) && s.string(&l.Issue.Key) && s.take(`,"id":`) && s.integer(&l.Issue.ID) &&
		(!s.take(`,"summary":`) || s.string(&l.Issue.Summary)) && (!s.take(`,"projectName":`) || s.string(&l.Issue.ProjectName)) &&
		s.take(`},"at":`) && s.moment(&l.At) && s.take(`}`)
}

// acts reads the starts and stops after the opening bracket.
func (s *scanner) acts(into *[]act) bool {
	for {
		var a act
		if !s.take(`{"issue":`) || !s.string(&a.Issue) {
			return false
		}
		a.Started = s.take(`,"started":true`)
		if !s.take(`,"at":`) || !s.moment(&a.At) || s.take(`,"token":`) && !s.string(&a.Token) || !s.take(`}`) {
			return false
		}
		if *into = append(*into, a); !s.take(`,`) {
			return s.take(`]`)
		}
	}
}

// string reads a text that has no escapes.
func (s *scanner) string(into *string) bool {
	inside, ok := s.text()
	*into = string(inside)
	return ok
}

// syncMemo remembers the sync record that was decoded last: everybody reads the
// same one until the next sync.
type syncMemo struct {
	site string
	last atomic.Pointer[decodedSync]
}

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
	if state.ofAnother(m.site) {
		state, ok = syncState{Site: state.Site}, false // the site for CheckSite alone
	}
	m.last.Store(&decodedSync{raw, state, ok})
	return state, ok
}
