package sandbox

import (
	"encoding/hex"
	"time"
)

// seedTeam needs s.mu held.
func (s *Sandbox) seedTeam() {
	for _, p := range team {
		person := Person{DisplayName: p.name, TimeZone: p.zone, EmailHidden: p.emailHidden}
		if p.oldAccount {
			person.AccountID = "5" + hex.EncodeToString(s.randomBytes(12))[1:]
		}
		s.addPerson(person)
	}
	for _, p := range seedProjects {
		s.projectOf(p.Key, p.Name)
	}
	now := s.now()
	for n, i := range seedIssues {
		created := now.AddDate(0, 0, -90+n).Truncate(time.Minute)
		issue := Issue{
			Key: i.key, Summary: i.summary, Status: i.status, StatusCategory: seedStatus[i.status], Priority: i.priority,
			Created: created, Updated: created.Add(time.Duration(s.rng.IntN(40*24)) * time.Hour),
		}
		if i.assignee >= 0 {
			issue.AssigneeID = s.people[i.assignee].AccountID
		}
		s.addIssue(issue)
	}
}

// seedTimers needs s.mu held.
func (s *Sandbox) seedTimers() {
	for _, t := range seedTimers {
		started := s.now().Add(-time.Duration(t.minutes)*time.Minute - time.Duration(s.rng.IntN(50))*time.Second)
		r := &runningTimer{
			id: s.nextID(), startedAt: started, countingSince: started,
			accountID: s.people[t.person].AccountID, authorID: s.people[t.starter].AccountID,
			issue: s.issueByKey[t.issue], comment: optional(t.comment), worklogs: t.worklogs,
		}
		if t.counted > 0 {
			r.onHold, r.counted = true, time.Duration(t.counted)*time.Minute
		}
		s.timers = append(s.timers, r)
	}
}

// seedWorklogs adds worklogs of the last two weeks' working days. It needs s.mu held.
func (s *Sandbox) seedWorklogs() {
	now := s.now()
	for n, p := range s.people {
		until := now
		for _, t := range seedTimers {
			if t.person == n {
				until = now.Add(-time.Duration(t.minutes+1) * time.Minute)
				break
			}
		}
		for back := 14; back >= 0; back-- {
			s.seedWorkday(p, now.In(p.location()).AddDate(0, 0, -back), until)
		}
	}
}

// seedWorkday logs about eight hours with a lunch break, up to until. It needs s.mu
// held.
func (s *Sandbox) seedWorkday(p *Person, day time.Time, until time.Time) {
	if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
		return
	}
	mine := s.issuesFor(p.AccountID)
	at := time.Date(day.Year(), day.Month(), day.Day(), 8, 30+s.rng.IntN(6)*10, 0, 0, day.Location())
	lunch, lunched := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, day.Location()), false
	for worked := time.Duration(0); worked < 7*time.Hour+30*time.Minute; {
		if !lunched && !at.Before(lunch) {
			at, lunched = at.Add(45*time.Minute), true
		}
		spent := time.Duration(1+s.rng.IntN(10)) * 15 * time.Minute
		if at.Add(spent).After(until) {
			return
		}
		s.addWorklog(&worklog{
			accountID: p.AccountID, issue: mine[s.rng.IntN(len(mine))], started: at, seconds: int64(spent / time.Second),
			comment: optional(seedComments[s.rng.IntN(len(seedComments))]),
		})
		_ = s.rng.IntN(3) // unused, but without it the golden files would change
		at, worked = at.Add(spent), worked+spent
	}
}

var seedComments = []string{
	"", "", "", "Code review", "Pairing with Linh", "Tests", "Call with the customer", "Wrote the migration notes",
	"Fixed review remarks", "Reproduced on staging", "Planning",
}

// issuesFor returns the issues assigned to a person, and the issue on which everybody
// logs meetings. It needs s.mu held.
func (s *Sandbox) issuesFor(accountID string) []*Issue {
	mine := []*Issue{s.issueByKey["OPS-64"]}
	for _, i := range s.issues {
		if i.AssigneeID == accountID {
			mine = append(mine, i)
		}
	}
	return mine
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
