package timercache

import (
	"encoding/json"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// value is what a clockwork:timers:… key holds.
type value struct {
	Timers   []timer.Timer `json:"timers"`   // newest first
	CachedAt time.Time     `json:"cachedAt"` // when each TillNow was true
	UserKey  string        `json:"userKey"`  // the account id, also under the e-mail key; or "all"
	Version  int64         `json:"version"`
	// Email is the user's address: an empty list has no author who tells it.
	Email string `json:"email,omitempty"`
}

func (v value) encode() string {
	if v.Timers == nil {
		v.Timers = []timer.Timer{}
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		panic("timercache: a value that cannot be encoded: " + err.Error()) // only times before year 0 or after 9999
	}
	return string(encoded)
}

// decodeValue reads a value; ok is false where there is none or it does not parse.
func decodeValue(raw string) (v value, ok bool) {
	if raw == "" || json.Unmarshal([]byte(raw), &v) != nil || v.UserKey == "" || v.Timers == nil {
		return value{}, false
	}
	times := []*time.Time{&v.CachedAt}
	for i := range v.Timers {
		times = append(times, &v.Timers[i].StartedAt)
		if v.Timers[i].FinishedAt != nil {
			times = append(times, v.Timers[i].FinishedAt)
		}
	}
	if !encodable(times...) {
		return value{}, false
	}
	return v, true
}

// encodable takes times to UTC; false where one could not be written again.
// JSON lets in zones and, by them, years that it does not let out.
func encodable(times ...*time.Time) bool {
	for _, t := range times {
		*t = t.UTC()
		if t.Year() < 0 || t.Year() > 9999 {
			return false
		}
	}
	return true
}

// syncState is what clockwork:sync holds: what makes the values fresh.
type syncState struct {
	SyncedAt time.Time `json:"syncedAt"` // when the last snapshot's fetch began
	Version  int64     `json:"version"`  // of the last write of any value
	Source   string    `json:"source"`
	// Floor is the version of the last write of every value: an older one is
	// the leftover of a cache that lost its memory, and counts as absent.
	Floor int64 `json:"floor,omitempty"`
	// RefreshedAt, ActiveAt and EnrichedAt are when the values, the set of
	// active users, and the looked-up names were last renewed as a whole.
	RefreshedAt time.Time `json:"refreshedAt,omitzero"`
	ActiveAt    time.Time `json:"activeAt,omitzero"`
	EnrichedAt  time.Time `json:"enrichedAt,omitzero"`
	// Unnamed says that some timers lack names because Jira did not answer.
	Unnamed bool `json:"unnamed,omitempty"`
}

func (s syncState) encode() string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic("timercache: a state that cannot be encoded: " + err.Error()) // as in value.encode
	}
	return string(encoded)
}

// decodeSync reads the state; ok is false where there was never a sync, or the
// last was so long ago that it says nothing about now.
func decodeSync(raw string, now time.Time) (s syncState, ok bool) {
	if raw == "" || json.Unmarshal([]byte(raw), &s) != nil || s.SyncedAt.IsZero() ||
		!encodable(&s.SyncedAt, &s.RefreshedAt, &s.ActiveAt, &s.EnrichedAt) {
		return syncState{}, false
	}
	return s, now.Sub(s.SyncedAt) < forgetAge
}

// nextVersion is higher than every version before, also than those that a
// Redis that lost everything can no longer tell.
func (s syncState) nextVersion(now time.Time) int64 { return max(s.Version+1, now.UnixMilli()) }
