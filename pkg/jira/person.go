package jira

import "github.com/clockwork-timer/backend/pkg/timer"

// Person is the user as shown beside timers.
func (u User) Person() timer.Person {
	return timer.Person{AccountID: u.AccountID, EmailAddress: u.EmailAddress, DisplayName: u.DisplayName, AvatarURL: u.AvatarURL}
}
