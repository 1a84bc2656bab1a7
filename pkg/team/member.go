package team

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Status is what somebody does.
type Status string

// The statuses, in the order in which members are listed.
const (
	Working Status = "working"
	OnHold  Status = "on_hold" // their timers stand still, outside working hours
	Idle    Status = "idle"
)

var order = map[Status]int{Working: 0, OnHold: 1, Idle: 2}

// Member is one person of the team, as far as they are shown.
type Member struct {
	AccountID   string `json:"accountId"`
	DisplayName string `json:"displayName"`
	AvatarURL   string `json:"avatarUrl,omitempty"`
	Status      Status `json:"status"`
	// Since is when the first of the timers that Status is about was started.
	Since *time.Time `json:"since,omitempty"`
	// Timers have their TillNow as of CountedAt, and no author: that is the member.
	Timers []timer.Timer `json:"timers"`
	Last   *Last         `json:"last,omitempty"`

	CountedAt time.Time `json:"-"`
	// Version is another one if anything but the time differs.
	Version uint64 `json:"-"`

	name    string // to sort by
	counted int64  // to sort by: the longest timer's seconds, of those that run less the clock's
	less    [timercache.Nothing]atomic.Pointer[Member]
	encode  func() [][]byte
}

// Last is what somebody who is idle worked on.
type Last struct {
	Issue timer.Issue `json:"issue"`
	At    time.Time   `json:"at"`
}

// newMember returns nil for somebody who is idle, and of whom nothing else is known.
func newMember(mate *timercache.Mate) (*Member, error) {
	timers, err := mate.Timers()
	if err != nil {
		return nil, err
	}
	m := &Member{AccountID: mate.AccountID, Timers: timers, CountedAt: mate.CachedAt, Version: mate.Version}
	seen := mate.LastSeen
	if seen != nil {
		m.DisplayName, m.AvatarURL = seen.Name, seen.AvatarURL
	}
	for i := range timers {
		if author := timers[i].Author; author != nil && author.AccountID == m.AccountID && author.DisplayName != "" {
			m.DisplayName, m.AvatarURL = author.DisplayName, author.AvatarURL
		}
		timers[i].Author = nil
	}
	switch {
	case len(timers) > 0:
	case m.DisplayName == "":
		return nil, nil
	default:
		m.Last = &Last{seen.Issue, seen.At}
	}
	m.describe()
	return m, nil
}

// describe sets what follows from the timers.
func (m *Member) describe() {
	m.Status, m.Since, m.counted = Idle, nil, math.MinInt64
	m.name = strings.ToLower(m.DisplayName)
	for i := range m.Timers {
		t := &m.Timers[i]
		status, counted := OnHold, t.TillNow
		if t.Running() {
			status, counted = Working, t.TillNow-m.CountedAt.Unix()
		}
		switch {
		case order[status] > order[m.Status]:
			continue
		case status != m.Status:
			m.Status, m.Since, m.counted = status, &t.StartedAt, counted
		case t.StartedAt.Before(*m.Since):
			m.Since = &t.StartedAt
		}
		m.counted = max(m.counted, counted)
	}
	m.encode = sync.OnceValue(m.parts)
}

// compare sorts by status, then by time, the longest first, then by name.
func compare(a, b *Member) int {
	switch {
	case a.Status != b.Status:
		return order[a.Status] - order[b.Status]
	case a.counted != b.counted:
		return cmp.Compare(b.counted, a.counted)
	case a.name != b.name:
		return cmp.Compare(a.name, b.name)
	}
	return cmp.Compare(a.AccountID, b.AccountID)
}

// Show returns as much of the member as detail allows, nil for nothing.
func (m *Member) Show(detail timercache.Detail) *Member {
	switch detail {
	case timercache.Everything:
		return m
	case timercache.Nothing:
		return nil
	}
	if less := m.less[detail].Load(); less != nil {
		return less
	}
	less := m.with(withoutComments(m.Timers))
	less.Last = m.Last
	if detail == timercache.StatusOnly {
		less = m.with([]timer.Timer{})
		less.Status = m.Status
	}
	less.Version = detail.Version(m.Version)
	m.less[detail].Store(less)
	return less
}

func withoutComments(timers []timer.Timer) []timer.Timer {
	bare := slices.Clone(timers)
	for i := range bare {
		bare[i].Comment = nil
	}
	return bare
}

// with is the person with other timers.
func (m *Member) with(timers []timer.Timer) *Member {
	other := &Member{AccountID: m.AccountID, DisplayName: m.DisplayName, AvatarURL: m.AvatarURL, Timers: timers, CountedAt: m.CountedAt, Version: m.Version}
	other.describe()
	return other
}

// In returns the member with their timers in the project alone, nil without any.
func (m *Member) In(project string) *Member {
	elsewhere := func(t timer.Timer) bool { return !strings.HasPrefix(t.Issue.Key, project+"-") }
	if !slices.ContainsFunc(m.Timers, elsewhere) && len(m.Timers) > 0 {
		return m
	}
	if own := slices.DeleteFunc(slices.Clone(m.Timers), elsewhere); len(own) > 0 {
		return m.with(own)
	}
	return nil
}

// unnamed reports whether Jira knows names that are missing.
func (m *Member) unnamed() bool {
	if m.DisplayName == "" {
		return true
	}
	for i := range m.Timers {
		if m.Timers[i].Issue.Summary == "" {
			return true
		}
	}
	return false
}

// AppendJSON appends the member as they are at now.
func (m *Member) AppendJSON(dst []byte, now time.Time) []byte {
	parts := m.encode()
	dst = append(dst, parts[0]...)
	seconds := max(int64(now.Sub(m.CountedAt)/time.Second), 0)
	for i := range m.Timers {
		tillNow := m.Timers[i].TillNow
		if m.Timers[i].Running() {
			tillNow += seconds
		}
		dst = append(strconv.AppendInt(dst, max(tillNow, 0), 10), parts[i+1]...)
	}
	return dst
}

// size is at least the length of the member's JSON and a comma.
func (m *Member) size() int {
	const digits = 20
	size := 1
	for _, part := range m.encode() {
		size += len(part) + digits
	}
	return size
}

// parts are the member's JSON, cut where each timer's TillNow goes.
func (m *Member) parts() [][]byte {
	const mark = `"tillNow":` // inside a string the quotes would be escaped
	encoded, err := json.Marshal(m)
	if err != nil {
		panic("team: a member that cannot be encoded: " + err.Error()) // only times before year 0 or after 9999
	}
	parts := bytes.SplitAfter(encoded, []byte(mark))
	for i := range parts[1:] {
		parts[i+1] = bytes.TrimLeft(parts[i+1], "-0123456789")
	}
	return parts
}
