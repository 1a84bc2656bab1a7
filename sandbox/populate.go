package sandbox

import (
	"fmt"
	"time"
)

// Populate replaces the running timers with the given number of timers, which belong
// to exactly that many people (at least one). It is for measurements at a given size.
// It adds people and issues as needed, and removes none.
func (s *Sandbox) Populate(timers, users int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	users = max(users, 1)
	for len(s.people) < users {
		s.addPerson(syntheticPerson(len(s.people)))
	}
	rounds := timers/users + 1
	for n := len(s.issues); n < len(seedIssues)+max(timers/4, rounds); n++ {
		s.addIssue(Issue{
			Key: fmt.Sprintf("CARGO-%d", n-len(seedIssues)+1), Project: Project{Name: "Cargo Planning"},
			Summary: syntheticSummary(n), Status: "In Progress", StatusCategory: "In Progress", Priority: "Medium",
			AssigneeID: s.people[n%len(s.people)].AccountID,
		})
	}
	s.timers = s.timers[:0:0]
	for n := range timers {
		person, round := s.people[n%users], n/users
		started := s.now().Add(-time.Duration(1+n%480) * time.Minute)
		s.timers = append(s.timers, &runningTimer{
			id: s.nextID(), startedAt: started, countingSince: started,
			accountID: person.AccountID, authorID: person.AccountID,
			issue: s.issues[(n%users+round)%len(s.issues)], worklogs: n % 3,
		})
	}
}

var (
	firstNames = []string{"Anna", "Ben", "Chi", "Daniel", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kim", "Lars", "Maria", "Nam", "Olivia", "Paul", "Quynh", "Rosa", "Samir", "Thu"}
	lastNames  = []string{"Andersson", "Bauer", "Costa", "Dang", "Evans", "Ferrari", "Garcia", "Hoang", "Ito", "Jensen", "Kumar", "Le", "Martin", "Novak", "Olsen", "Petit", "Rossi", "Schmidt", "Taylor", "Vu"}
	zones      = []string{"Europe/Berlin", "Asia/Ho_Chi_Minh", "America/New_York", "Europe/London", "Asia/Kolkata"}
)

func syntheticPerson(n int) Person {
	name := firstNames[n%len(firstNames)] + " " + lastNames[n/len(firstNames)%len(lastNames)]
	p := Person{DisplayName: name, TimeZone: zones[n%len(zones)], EmailHidden: n%50 == 49}
	if round := n / (len(firstNames) * len(lastNames)); round > 0 {
		p.DisplayName = fmt.Sprintf("%s %c.", name, 'A'+rune(round%26))
	}
	p.Email = fmt.Sprintf("%s.%d@northbridge.example", name[:1]+"."+lastNames[n/len(firstNames)%len(lastNames)], n)
	return p
}

func syntheticSummary(n int) string {
	what := []string{"Load plan for", "Slot booking at", "Customs papers for", "Damage report at", "Driver rota for"}
	where := []string{"Hamburg", "Rotterdam", "Da Nang", "Felixstowe", "Newark", "Chennai", "Gdansk"}
	return fmt.Sprintf("%s %s, week %d", what[n%len(what)], where[n/len(what)%len(where)], 1+n%52)
}
