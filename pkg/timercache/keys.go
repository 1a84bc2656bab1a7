package timercache

import "github.com/clockwork-timer/backend/pkg/timer"

// Redis keys of the contract.
const (
	syncKey        = "clockwork:sync"
	allKey         = "clockwork:timers:all"
	activeUsersKey = "clockwork:active_users"
	// pendingKey lists the accounts changed while there was no list of
	// everybody to change: the next snapshot would not know of them otherwise.
	pendingKey    = "clockwork:pending"
	timersPrefix  = "clockwork:timers:"
	fencePrefix   = "clockwork:fence:"
	stagingPrefix = "clockwork:staging:"
	eventsPrefix  = "clockwork:events:"
)

// all is the user key of everybody's timers.
const all = "all"

func fenceKey(accountID string) string { return fencePrefix + accountID }
func stagingKey(runID string) string   { return stagingPrefix + runID }

// EventsChannel is where changes of one account's timers are published.
func EventsChannel(accountID string) string { return eventsPrefix + accountID }

// userKeys are the keys under which one user's value is stored: by account
// and, where Jira shows it, by e-mail address.
func userKeys(accountID, email string) []string {
	keys := []string{timersPrefix + accountID}
	if email = timer.NormalizeEmail(email); email != "" {
		keys = append(keys, timersPrefix+email)
	}
	return keys
}

// emailOf returns the address of the account whose timers these are, or "".
// Their author may be another person, whose keys are not theirs.
func emailOf(timers []timer.Timer) string {
	for i := range timers {
		author := timers[i].Author
		if author == nil || author.AccountID != timers[i].RunningFor {
			continue
		}
		if email := timer.NormalizeEmail(author.EmailAddress); email != "" && email != all {
			return email
		}
	}
	return ""
}

// withEmail gives the authors of one account's timers the address where they
// lack it, so that whoever ends these timers knows the key to clear.
func withEmail(timers []timer.Timer, accountID, email string) []timer.Timer {
	if email == "" || emailOf(timers) != "" {
		return timers
	}
	for i := range timers {
		person := timer.Person{AccountID: accountID}
		if author := timers[i].Author; author != nil && author.AccountID == accountID {
			person = *author
		}
		person.EmailAddress = email
		timers[i].Author = &person
	}
	return timers
}
