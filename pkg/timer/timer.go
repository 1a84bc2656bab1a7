// Package timer is the domain: what a Clockwork timer and a Jira worklog are,
// and the rules for starting, stopping, comparing and ageing them. It does no
// I/O and knows neither HTTP nor Redis nor an upstream's JSON; its own JSON is
// that of this backend's contract.
package timer

import (
	"strings"
	"time"
)

// Timer is one Clockwork timer. A negative ID marks a timer that this backend
// started and that no snapshot has confirmed yet: Clockwork's start_timer
// returns no id.
type Timer struct {
	ID         int64      `json:"id"`
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt *time.Time `json:"finishedAt"` // nil while it runs
	Comment    *string    `json:"comment"`
	// RunningFor is the Atlassian account id of the person whose time runs.
	RunningFor string `json:"runningFor"`
	// TillNow is the time tracked so far, in seconds, at the moment that the
	// surrounding snapshot names; Clockwork leaves time on hold out of it.
	TillNow      int64   `json:"tillNow"`
	WorklogCount int     `json:"worklogCount"`
	Issue        Issue   `json:"issue"`
	Author       *Person `json:"author,omitempty"`
	// WithinWorkingHours is false while Clockwork holds the timer: TillNow then
	// does not grow.
	WithinWorkingHours        bool `json:"withinWorkingHours"`
	StartedWithinWorkingHours bool `json:"startedWithinWorkingHours"`
}

// Issue is the little of a Jira issue that is shown beside a timer.
type Issue struct {
	Key         string `json:"key"`
	ID          int64  `json:"id"`
	Summary     string `json:"summary,omitempty"`
	ProjectName string `json:"projectName,omitempty"`
}

// Same reports whether both are one issue. An issue that moves to another
// project gets another key and keeps its id, so the ids decide if both are known.
func (i Issue) Same(other Issue) bool {
	if i.ID > 0 && other.ID > 0 {
		return i.ID == other.ID
	}
	return i.Key == other.Key
}

// Person is a Jira user. Jira hides what the user's profile hides, so all but
// the account id may be missing.
type Person struct {
	AccountID    string `json:"accountId"`
	EmailAddress string `json:"emailAddress,omitempty"`
	DisplayName  string `json:"displayName,omitempty"`
	AvatarURL    string `json:"avatarUrl,omitempty"`
}

// Worklog is one entry of tracked time.
type Worklog struct {
	ID               int64     `json:"id"`
	IssueID          int64     `json:"issueId"`
	IssueKey         string    `json:"issueKey,omitempty"`
	IssueName        string    `json:"issueName,omitempty"`
	ProjectName      string    `json:"projectName,omitempty"`
	TimeSpentSeconds int64     `json:"timeSpentSeconds"`
	Started          time.Time `json:"started"`
	Comment          *string   `json:"comment"`
	Author           Person    `json:"author"`
}

// Atlassian account ids are hexadecimal, or a site number, a colon and a UUID;
// up to 128 characters (Jira: the user resource).
const maxAccountID = 128

// IsAccountID reports whether id has the form of an Atlassian account id.
func IsAccountID(id string) bool {
	for i := range len(id) {
		c := id[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune(":_-", rune(c))) {
			return false
		}
	}
	return id != "" && len(id) <= maxAccountID
}

// NormalizeEmail gives the one spelling under which an e-mail address is
// stored and compared. It changes ASCII letters only: by Unicode's rules two
// people's addresses can be one, for K (the Kelvin sign) has the lower case k.
func NormalizeEmail(email string) string {
	email = strings.TrimSpace(email)
	if !strings.ContainsFunc(email, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return email
	}
	folded := []byte(email)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c - 'A' + 'a'
		}
	}
	return string(folded)
}
