package timercache

import (
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// LastSeen is a person's name and the issue that they ran last. The value of somebody who
// runs nothing lives for a week.
type LastSeen struct {
	Name      string      `json:"name,omitempty"`
	AvatarURL string      `json:"avatarUrl,omitempty"`
	Issue     timer.Issue `json:"issue"`
	At        time.Time   `json:"at"` // when it stopped, or when a sync found that
}

// lastSeen is what is kept of the account when its timers change. Timers that run
// say as much themselves, once their names are known.
func (a about) lastSeen(account string, before, after []timer.Timer, at time.Time) *LastSeen {
	switch {
	case len(before) == 0 && len(after) == 0:
		return a.LastSeen
	case nameOf(account, after) != nil:
		return nil
	case len(after) > 0:
		return a.LastSeen
	}
	last := LastSeen{Issue: before[0].Issue, At: at}
	if person := nameOf(account, before); person != nil {
		last.Name, last.AvatarURL = person.DisplayName, person.AvatarURL
	} else if a.LastSeen != nil {
		last.Name, last.AvatarURL = a.LastSeen.Name, a.LastSeen.AvatarURL
	}
	return &last
}

// nameOf is the person whose timers these are; nil if their name is not known.
func nameOf(account string, timers []timer.Timer) *timer.Person {
	i := slices.IndexFunc(timers, func(t timer.Timer) bool {
		return t.Author != nil && t.Author.AccountID == account && t.Author.DisplayName != ""
	})
	if i < 0 {
		return nil
	}
	return timers[i].Author
}
