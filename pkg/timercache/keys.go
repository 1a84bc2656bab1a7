package timercache

import "github.com/clockwork-timer/backend/pkg/timer"

// Redis keys of the contract.
const (
	syncKey        = "clockwork:sync"
	allKey         = "clockwork:timers:all"
	activeUsersKey = "clockwork:active_users"
	timersPrefix   = "clockwork:timers:"
	fencePrefix    = "clockwork:fence:"
	stagingPrefix  = "clockwork:staging:"
	eventsPrefix   = "clockwork:events:"
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
	if email = timer.NormalizeEmail(email); email != "" && email != all {
		keys = append(keys, timersPrefix+email)
	}
	return keys
}

// emailOf returns the address that the timers' author has, or "".
func emailOf(timers []timer.Timer) string {
	for i := range timers {
		if author := timers[i].Author; author != nil && author.EmailAddress != "" {
			return timer.NormalizeEmail(author.EmailAddress)
		}
	}
	return ""
}
