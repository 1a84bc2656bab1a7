package sandbox

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// Person is an Atlassian account of the sandbox's site.
type Person struct {
	AccountID   string `json:"accountId"`
	DisplayName string `json:"displayName"`
	Email       string `json:"email"`
	EmailHidden bool   `json:"emailHidden"` // by the profile's visibility setting
	TimeZone    string `json:"timeZone"`    // IANA
	Inactive    bool   `json:"inactive"`
}

func (p *Person) visibleEmail() string {
	if p.EmailHidden {
		return ""
	}
	return p.Email
}

func (p *Person) AvatarURL() string {
	return "https://avatar-management.example.com/" + strings.ReplaceAll(p.AccountID, ":", "-") + "/48"
}

// public returns the person as others see them.
func (p *Person) public() *timer.Person {
	return &timer.Person{AccountID: p.AccountID, EmailAddress: p.visibleEmail(), DisplayName: p.DisplayName, AvatarURL: p.AvatarURL()}
}

func (p *Person) location() *time.Location {
	if known, ok := locations.Load(p.TimeZone); ok {
		return known.(*time.Location)
	}
	loc, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		panic("sandbox: time zone of " + p.DisplayName + ": " + err.Error())
	}
	locations.Store(p.TimeZone, loc)
	return loc
}

// locations caches time zones by name, because each worklog needs one.
var locations sync.Map

// People returns everybody, in the order in which they joined. The first owns
// the Credentials.
func (s *Sandbox) People() []Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Person, len(s.people))
	for i, p := range s.people {
		out[i] = *p
	}
	return out
}

// AddPerson adds an account with a Clockwork token, or replaces the one with the same
// account id. If AccountID or Email is empty, it makes one up; if TimeZone is empty,
// it is UTC. DisplayName is required.
func (s *Sandbox) AddPerson(p Person) (Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.DisplayName == "" {
		return Person{}, fmt.Errorf("a person needs a display name")
	}
	p.TimeZone = cmp.Or(p.TimeZone, "UTC")
	if _, err := time.LoadLocation(p.TimeZone); err != nil {
		return Person{}, err
	}
	return *s.addPerson(p), nil
}

// addPerson needs s.mu held.
func (s *Sandbox) addPerson(p Person) *Person {
	if p.AccountID == "" {
		p.AccountID = "712020:" + s.newUUID()
	}
	p.Email = cmp.Or(p.Email, emailOf(p.DisplayName))
	if old := s.byAccount[p.AccountID]; old != nil {
		*old = p
		return old
	}
	added := &p
	s.people = append(s.people, added)
	s.byAccount[p.AccountID] = added
	token := s.newClockworkToken()
	s.tokenOf[p.AccountID], s.tokenOwner[token.Reveal()] = token, p.AccountID
	return added
}

func emailOf(displayName string) string {
	return strings.Join(strings.Fields(strings.ToLower(displayName)), ".") + "@northbridge.example"
}
