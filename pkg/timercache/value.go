package timercache

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// value is what a clockwork:timers:… key holds. The timers come first: they are
// served as they are stored (see Page).
type value struct {
	Timers []timer.Timer `json:"timers"` // newest first
	about
}

// about is what a value says beside the timers.
type about struct {
	CachedAt time.Time `json:"cachedAt"` // when each TillNow was true
	UserKey  string    `json:"userKey"`  // the account id, also under the e-mail key
	Version  int64     `json:"version"`  // grows with each change of this person's timers
	// Email is the person's address: an empty list has no author to read it from.
	Email string `json:"email,omitempty"`
	// Epoch is that of the sync record under which the value was written.
	Epoch string `json:"epoch,omitempty"`
	// SeenAs is the key by which events name a timer, by the id of its issue, if
	// the issue has moved to another key since the timer was first seen.
	SeenAs map[int64]string `json:"seenAs,omitempty"`
	// Listed: the set of active users has the person since the last snapshot.
	Listed bool `json:"listed,omitempty"`
	// Acts are the latest starts and stops through this backend.
	Acts []act `json:"acts,omitempty"`

	// LastSeen is set until a running timer has the person's name.
	LastSeen *LastSeen `json:"lastSeen,omitempty"`

	// mark is the version as the script finds it in the stored text, "" for none.
	mark string
}

// unsureEpoch is the epoch of a value that a start or stop wrote after Redis had lost
// what else the person ran. No sync record has it, so such a value is believed to be
// all that the person runs only after the next sync has written it again.
const unsureEpoch = "unsure"

// marksOf reads version and epoch as the script does, in any text: a value that
// does not parse must not look like another to one of the two. A quote inside a
// JSON string is escaped, so no comment looks like them.
func marksOf(raw string) (a about) {
	if digits := after(raw, `"version":`, isDigit); digits != "0" {
		a.mark = digits
		a.Version, _ = strconv.ParseInt(digits, 10, 64)
	}
	for rest := raw; a.Epoch == ""; {
		var found bool
		if _, rest, found = strings.Cut(rest, `"epoch":"`); !found {
			break
		}
		if word := strings.TrimLeftFunc(rest, isWord); strings.HasPrefix(word, `"`) {
			a.Epoch = rest[:len(rest)-len(word)]
		}
	}
	return a
}

// after returns the characters of a kind behind the first mark that is followed
// by one.
func after(raw, mark string, kind func(rune) bool) string {
	for {
		_, rest, found := strings.Cut(raw, mark)
		if !found {
			return ""
		}
		if left := strings.TrimLeftFunc(rest, kind); len(left) < len(rest) {
			return rest[:len(rest)-len(left)]
		}
		raw = rest
	}
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isWord(r rune) bool {
	return isDigit(r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
}

// inUTC gives a timer's times the zone in which they are served as they are stored.
func inUTC(t *timer.Timer) {
	t.StartedAt = t.StartedAt.UTC()
	if t.FinishedAt != nil {
		t.FinishedAt = new(t.FinishedAt.UTC())
	}
}

// toUTC converts times to UTC. It is false if one could not be written again.
// JSON lets in zones and, by them, years that it does not let out.
func toUTC(times ...*time.Time) bool {
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
	Version  int64     `json:"version"`
	Source   string    `json:"source"`
	// Run is random, so that the records of two snapshots of one moment differ.
	Run string `json:"run,omitempty"`
	// Epoch names the life of peopleKey. It changes if that hash was lost: then
	// nobody can list the values that were written before, so they are not
	// believed any more.
	Epoch string `json:"epoch,omitempty"`
	// Floor does the same for values and sync records of earlier versions,
	// which have no epoch: a lower version is a leftover.
	Floor int64 `json:"floor,omitempty"`
	// ActiveAt and EnrichedAt are when the set of active users, and the looked-up
	// names, were last renewed as a whole.
	ActiveAt   time.Time `json:"activeAt,omitzero"`
	EnrichedAt time.Time `json:"enrichedAt,omitzero"`
	// Unnamed says that some timers lack names because Jira did not answer.
	Unnamed bool `json:"unnamed,omitempty"`
	// Unreadable is how many timers the last snapshot left out, UnreadableOf whose
	// they are: account ids and, if known, addresses; empty if they may be anybody's.
	Unreadable   int      `json:"unreadable,omitempty"`
	UnreadableOf []string `json:"unreadableOf,omitempty"`
	// Site is the host name of the Jira site. A record of an earlier version has none.
	Site string `json:"site,omitempty"`
}

// ofAnother reports whether the record is another site's.
func (s syncState) ofAnother(site string) bool { return s.Site != "" && site != "" && s.Site != site }

// lacksSomeOf reports whether the last snapshot left out timers that may be the
// person's, by account id or address.
func (s syncState) lacksSomeOf(name string) bool {
	return s.Unreadable > 0 && (name == all || len(s.UnreadableOf) == 0 || slices.Contains(s.UnreadableOf, name))
}

func (s syncState) encode() string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic("timercache: a sync record that cannot be encoded: " + err.Error()) // as in value.encode
	}
	return string(encoded)
}

// decodeSync reads the record; ok is false if there was never a sync.
func decodeSync(raw string) (s syncState, ok bool) {
	if raw == "" || json.Unmarshal([]byte(raw), &s) != nil || s.SyncedAt.IsZero() ||
		!toUTC(&s.SyncedAt, &s.ActiveAt, &s.EnrichedAt) {
		return syncState{}, false
	}
	return s, true
}

// fresh reports whether the last sync says anything about now.
func (s syncState) fresh(now time.Time) bool {
	return !s.SyncedAt.IsZero() && now.Sub(s.SyncedAt) < forgetAge
}

// tellsAll reports whether a value that is written under the record is all that the
// person runs.
func (s syncState) tellsAll(now time.Time) bool { return s.fresh(now) && s.Epoch != unsureEpoch }

// believes reports whether a value was written in the life of the hash that the
// record describes.
func (s syncState) believes(v about) bool {
	if v.Epoch != "" && s.Epoch != "" {
		return v.Epoch == s.Epoch
	}
	return v.Version >= s.Floor
}

// nextVersion is higher than before, and higher than the versions that a Redis
// that lost everything no longer knows: clients keep ETags.
// A version dates its events, so one that is no moment before the year 10000 was
// not written here.
func nextVersion(before int64, now time.Time) int64 {
	const last = 253402300799999 // the end of the year 9999, in milliseconds
	if before >= last {
		before = 0
	}
	return max(before+1, now.UnixMilli())
}
