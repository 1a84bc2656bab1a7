package realtime

import (
	"cmp"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/auth"
)

// Freshness says how old Clockwork's data is.
type Freshness struct {
	SyncedAt *time.Time `json:"synced_at"` // when Clockwork last answered; nil if not known
	Stale    bool       `json:"stale"`     // too old: timers may have changed since
}

// Encode is the freshness event.
func (f Freshness) Encode() []byte { return encodeEvent("freshness", f) }

// Listing is the answer of GET /timers.
type Listing struct {
	Timer      *Timer    `json:"timer"`  // the running one that started last, or null
	Timers     []Timer   `json:"timers"` // all that are known, the latest start first
	ServerTime time.Time `json:"server_time"`
	Freshness
}

// NewListing lists timers.
func NewListing(timers []Timer, fresh Freshness, now time.Time) Listing {
	l := Listing{Timers: append([]Timer{}, timers...), ServerTime: now.UTC(), Freshness: fresh}
	slices.SortFunc(l.Timers, func(a, b Timer) int {
		if c := b.StartedAt.Compare(a.StartedAt); c != 0 {
			return c
		}
		return int(b.Seq - a.Seq)
	})
	if i := slices.IndexFunc(l.Timers, func(t Timer) bool { return t.Status == Running }); i >= 0 {
		l.Timer = &l.Timers[i]
	}
	return l
}

// UserOf is the user whose timers a caller sees: the Atlassian account, to which
// Clockwork's timers belong, else the login's own id.
func UserOf(who auth.Caller) string { return cmp.Or(who.AccountID, who.UserID) }
