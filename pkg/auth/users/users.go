// Package users is the list of people who may log in, as AUTH_USERS has it. It
// issues no tokens and limits no attempts.
package users

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"

	"github.com/clockwork-timer/backend/pkg/auth/password"
)

// User is one person who may log in.
type User struct {
	Username  string
	AccountID string // Atlassian's; "" if the person has none
	Email     string // as timer.NormalizeEmail spells it; "" if unknown
	Role      string // RoleAdmin, or ""
}

// RoleAdmin may read every account.
const RoleAdmin = "admin"

// ID is the user's id in tokens and realtime: the account id, else the
// username.
func (u User) ID() string { return cmp.Or(u.AccountID, u.Username) }

// List is a checked AUTH_USERS. Its zero value has nobody in it.
type List struct {
	users  []User
	hashes []password.Hash // of the users at the same places
	byName map[string]int  // folded username → place
}

// Len is the number of users.
func (l List) Len() int { return len(l.users) }

// Each yields every user with their hash.
func (l List) Each() iter.Seq2[User, password.Hash] {
	return func(yield func(User, password.Hash) bool) {
		for i, u := range l.users {
			if !yield(u, l.hashes[i]) {
				return
			}
		}
	}
}

// Find returns the user of that name, in upper or lower case, and the hash to check the
// password against. For an unknown name it returns a decoy with the cost of some user's
// hash, always the same one's for the same name, so that timing does not show who exists.
// For an empty list the hash is empty.
func (l List) Find(username string) (u User, hash password.Hash, found bool) {
	if len(l.users) == 0 {
		return User{}, password.Hash{}, false
	}
	if i, ok := l.byName[Fold(username)]; ok {
		return l.users[i], l.hashes[i], true
	}
	sum := sha256.Sum256([]byte(l.hashes[0].PHC() + Fold(username))) // the hash is what an outsider cannot know
	return User{}, l.hashes[binary.BigEndian.Uint64(sum[:8])%uint64(len(l.hashes))].Decoy(), false
}

// ByID returns the user with that id, as ID gives it.
func (l List) ByID(id string) (User, bool) {
	for _, u := range l.users {
		if u.ID() == id {
			return u, true
		}
	}
	return User{}, false
}

// Fold gives the one spelling under which a username is compared and counted.
// Unlike an e-mail address it is folded in every script: two that are one by it
// are refused at start, and a password goes with each.
func Fold(username string) string { return strings.ToLower(strings.TrimSpace(username)) }

// String keeps names and hashes out of logs.
func (l List) String() string { return fmt.Sprintf("%d users", len(l.users)) }

// GoString keeps names and hashes out of logs.
func (l List) GoString() string { return l.String() }
