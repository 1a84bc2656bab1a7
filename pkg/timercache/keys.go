package timercache

import (
	"crypto/sha1"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Redis keys (docs/operate.md).
const (
	syncKey        = "clockwork:sync"
	activeUsersKey = "clockwork:active_users"
	timersPrefix   = "clockwork:timers:"
	stagingPrefix  = "clockwork:staging:"
	eventsPrefix   = "clockwork:events:"

	// peopleKey is a hash of everybody's values: by account id the same text as
	// the person's own key, by "@" and an e-mail address the account id, and by
	// "@" alone the same text as syncKey. Redis evicts it as a whole or not at
	// all, so what it lacks is known to be absent.
	//
	// An earlier version kept everybody's timers there in one string. It reads no
	// hash, and takes it for none; its string gives way to the hash.
	peopleKey = "clockwork:timers:all"
)

// knownPrefix begins the keys of 1,024 buckets with the names of those who have a
// value: account ids and e-mail addresses. A reader reads one of them together
// with the value. It distinguishes somebody who runs nothing from somebody whose value
// Redis has evicted.
const knownPrefix = "clockwork:known:"

// fencePrefix begins the keys by which an earlier version says who has started or stopped
// something since a sync began.
const fencePrefix = "clockwork:fence:"

// knownKey is the bucket of a name, as the script computes it too.
func knownKey(name string) string {
	sum := sha1.Sum([]byte(name))
	return knownPrefix + strconv.Itoa(int(binary.BigEndian.Uint16(sum[:]))%1024)
}

// unlisted reports whether a bucket says that there is no value under the name.
// A bucket of another epoch, or one that was evicted, says nothing.
func unlisted(bucket, epoch, name string) bool {
	return epoch != "" && strings.HasPrefix(bucket, epoch+"|") && !strings.Contains(bucket, "|"+name+"|")
}

// Fields of peopleKey: stateField holds the sync record, beganField a mark; see
// Cache.begin. An earlier version takes the latter for an address.
const (
	stateField = "@"
	beganField = "@@"
)

// all is the user key of everybody's timers.
const all = "all"

func emailField(email string) string { return stateField + email }
func stagingKey(runID string) string { return stagingPrefix + runID }

// EventsChannel is where changes of one account's timers are published.
func EventsChannel(accountID string) string { return eventsPrefix + accountID }

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

// withEmail gives the authors of one account's timers the address if they lack
// it, so that whoever ends these timers knows the key to clear.
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
