package timersync

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// namesAge is how long names are carried over from the last snapshot before
// all of them are looked up again.
const namesAge = time.Hour

// Jira looks up what Clockwork's list leaves out, in bulk.
type Jira interface {
	Users(ctx context.Context, accountIDs []string) (map[string]jira.User, error)
	Issues(ctx context.Context, idsOrKeys []string) (map[string]jira.Issue, error)
}

// nameBook is what is known of the people and issues of a snapshot.
type nameBook struct {
	people map[string]timer.Person
	issues map[string]timer.Issue // by key
}

// addNames fills each timer's author, and its issue's summary and project. What
// the cache already shows is carried over, so a sync asks Jira only about
// newcomers; once an hour it asks about all. Where Jira does not answer, the
// old names stay, and new timers come without.
func (s *Syncer) addNames(ctx context.Context, base timercache.Base, snapshot *timercache.Snapshot) {
	known := carriedOver(base.Timers)
	due := len(base.Timers) > 0 && s.Now().Sub(base.EnrichedAt) > namesAge
	people, issues := map[string]bool{}, map[string]bool{}
	for _, t := range snapshot.Timers {
		if t.Author != nil && t.Author.AccountID == t.RunningFor && t.Author.EmailAddress != "" {
			known.people[t.RunningFor] = *t.Author
		}
		if _, ok := known.people[t.RunningFor]; !ok || due {
			people[t.RunningFor] = true
		}
		if _, ok := known.issues[t.Issue.Key]; !ok || due {
			issues[t.Issue.Key] = true
		}
	}
	complete := s.lookUp(ctx, known, people, issues)
	snapshot.Enriched = complete && (due || base.EnrichedAt.IsZero())
	for i := range snapshot.Timers {
		known.name(&snapshot.Timers[i])
	}
}

func carriedOver(timers []timer.Timer) nameBook {
	known := nameBook{map[string]timer.Person{}, map[string]timer.Issue{}}
	for _, t := range timers {
		if t.Author != nil {
			known.people[t.RunningFor] = *t.Author
		}
		known.issues[t.Issue.Key] = t.Issue
	}
	return known
}

// lookUp adds what Jira knows of the people and issues; false where it could
// not be asked.
func (s *Syncer) lookUp(ctx context.Context, known nameBook, people, issues map[string]bool) bool {
	var both sync.WaitGroup
	var users map[string]jira.User
	var found map[string]jira.Issue
	var usersErr, issuesErr error
	if len(people) > 0 {
		both.Go(func() { users, usersErr = s.Jira.Users(ctx, slices.Sorted(maps.Keys(people))) })
	}
	if len(issues) > 0 {
		both.Go(func() { found, issuesErr = s.Jira.Issues(ctx, slices.Sorted(maps.Keys(issues))) })
	}
	both.Wait()
	for id, user := range users {
		known.people[id] = user.Person()
	}
	for _, issue := range found {
		id, _ := strconv.ParseInt(issue.ID, 10, 64) // Jira's ids are numbers; 0 where one is not
		known.issues[issue.Key] = timer.Issue{Key: issue.Key, ID: id, Summary: issue.Summary, ProjectName: issue.Project.Name}
	}
	for _, err := range []error{usersErr, issuesErr} {
		if err != nil {
			s.Log.WarnContext(ctx, "names not looked up", "error", err)
		}
	}
	return usersErr == nil && issuesErr == nil
}

// name fills what is known; Clockwork's own issue id and key stay.
func (n nameBook) name(t *timer.Timer) {
	person, ok := n.people[t.RunningFor]
	if !ok {
		person = timer.Person{AccountID: t.RunningFor}
	}
	t.Author = &person
	issue := n.issues[t.Issue.Key]
	t.Issue.Summary, t.Issue.ProjectName = issue.Summary, issue.ProjectName
}
