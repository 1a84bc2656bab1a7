package users

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clockwork-timer/backend/pkg/auth/password"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// MaxUsername is the longest username, in characters.
const MaxUsername = 128

var errForm = errors.New(`must be a JSON array such as [{"username":"an","password_hash":"$argon2id$…","account_id":"…","email":"…","role":"admin"}]`)

// entry is a user in AUTH_USERS.
type entry struct {
	Username     string `json:"username"`
	PasswordHash string `json:"password_hash"`
	AccountID    string `json:"account_id"`
	Email        string `json:"email"`
	Role         string `json:"role"`
}

// Parse reads AUTH_USERS; "" means nobody. Its error lists every fault by the user's
// place in the array, and quotes no value.
func Parse(text string) (List, error) {
	if strings.TrimSpace(text) == "" {
		return List{}, nil
	}
	entries, err := decode(text)
	if err != nil {
		return List{}, err
	}
	l := List{byName: map[string]int{}}
	ids := map[string]bool{}
	var faults []string
	for i, e := range entries {
		u, hash, problems := e.user()
		if _, twice := l.byName[Fold(u.Username)]; twice {
			problems = append(problems, "username is another user's too")
		}
		if ids[Fold(u.ID())] { // else two people would share their timers
			problems = append(problems, "account_id (or the username without one) is another user's too")
		}
		for _, problem := range problems {
			faults = append(faults, fmt.Sprintf("user %d: %s", i+1, problem))
		}
		l.byName[Fold(u.Username)], ids[Fold(u.ID())] = i, true
		l.users, l.hashes = append(l.users, u), append(l.hashes, hash)
	}
	if len(faults) > 0 {
		return List{}, errors.New("is not usable: " + strings.Join(faults, "; "))
	}
	return l, nil
}

// decode refuses unknown members: a misspelt account_id would give the user other rights
// than intended.
func decode(text string) ([]entry, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	var entries []entry
	if err := decoder.Decode(&entries); err != nil || entries == nil {
		return nil, errForm
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errForm
	}
	return entries, nil
}

var emailForm = regexp.MustCompile(`^[^\s@]+@[^\s@]+$`)

// everybody is the account id that means all accounts.
const everybody = "all"

func (e entry) user() (u User, hash password.Hash, problems []string) {
	u = User{Username: strings.TrimSpace(e.Username), AccountID: strings.TrimSpace(e.AccountID), Email: timer.NormalizeEmail(e.Email), Role: e.Role}
	refuse := func(bad bool, problem string) {
		if bad {
			problems = append(problems, problem)
		}
	}
	hash, err := password.Parse(strings.TrimSpace(e.PasswordHash))
	switch {
	case e.PasswordHash == "":
		problems = append(problems, "password_hash is missing: go run ./cmd/server hash-password")
	case err != nil:
		problems = append(problems, "password_hash "+err.Error())
	}
	refuse(u.Username == "", "username is missing")
	refuse(utf8.RuneCountInString(u.Username) > MaxUsername || strings.ContainsFunc(u.Username, notInNames),
		"username must have at most 128 characters, none of them white space or a comma")
	refuse(u.AccountID != "" && !timer.IsAccountID(u.AccountID), "account_id is not an Atlassian account id")
	refuse(Fold(u.ID()) == everybody, `the user would have the id "all", which means everybody`)
	refuse(u.Email != "" && !emailForm.MatchString(u.Email), "email is not an address")
	refuse(u.Role != "" && u.Role != "user" && u.Role != RoleAdmin, "role must be admin or user, or absent")
	if u.Role == "user" {
		u.Role = ""
	}
	return u, hash, problems
}

// notInNames includes commas, because Upstash splits the names of channels at them.
func notInNames(r rune) bool {
	return r == ',' || !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == utf8.RuneError
}

// UnmarshalText reads the variable, in configuration.
func (l *List) UnmarshalText(b []byte) error {
	parsed, err := Parse(string(b))
	if err == nil {
		*l = parsed
	}
	return err
}
