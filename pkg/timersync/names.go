package timersync

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

const (
	// namesMaxAge is how long names are carried over from the last snapshot before
	// all of them are looked up again.
	namesMaxAge = time.Hour
	// namesTimeout is what the look-up may take by default.
	namesTimeout = 8 * time.Second
)

// Jira looks up what Clockwork's list leaves out, in bulk.
type Jira interface {
	Users(ctx context.Context, accountIDs []string) (map[string]jira.User, error)
	Issues(ctx context.Context, idsOrKeys []string) (map[string]jira.Issue, error)
}

// names is what is known of the people and issues of a snapshot.
type names struct {
	people map[string]timer.Person
	issues map[string]timer.Issue // by the key that Clockwork gives
}

// question is what Jira is to be asked about: people, with what Clockwork tells
// of them, and issues, with the name to ask for them by.
type question struct {
	people map[string]timer.Person
	issues map[string]string
}

// addNames fills each timer's author, and its issue's summary and project. What
// the cache already shows is carried over, so a sync asks Jira only about
// newcomers; once an hour it asks about all. Where Jira does not answer, the
// old names stay, new timers come without, which the snapshot says, and the
// next sync asks again.
func (s *Syncer) addNames(ctx context.Context, base timercache.Base, snapshot *timercache.Snapshot) {
	shown, _ := base.At(snapshot.CachedAt)
	known := cachedNames(shown)
	due := len(shown) > 0 && s.Now().Sub(base.EnrichedAt()) > namesMaxAge
	ask := question{map[string]timer.Person{}, map[string]string{}}
	for _, t := range snapshot.Timers {
		fromClockwork := timer.Person{AccountID: t.RunningFor}
		if t.Author != nil && t.Author.AccountID == t.RunningFor {
			fromClockwork = *t.Author
		}
		if fromClockwork.EmailAddress != "" {
			known.people[t.RunningFor] = fromClockwork
		}
		if _, ok := known.people[t.RunningFor]; !ok || due {
			ask.people[t.RunningFor] = fromClockwork
		}
		if _, ok := known.issues[t.Issue.Key]; !ok || due {
			ask.issues[t.Issue.Key] = nameOf(t.Issue)
		}
	}
	complete := s.lookUp(ctx, known, ask)
	snapshot.Enriched = complete && (due || base.EnrichedAt().IsZero())
	for i := range snapshot.Timers {
		known.name(&snapshot.Timers[i])
	}
	snapshot.Unnamed = !complete && slices.ContainsFunc(snapshot.Timers, timercache.Unnamed)
}

// cachedNames collects the names that the cache shows. Who or what has none
// there is asked for again: Jira may not have answered when it was new.
func cachedNames(timers []timer.Timer) names {
	known := names{map[string]timer.Person{}, map[string]timer.Issue{}}
	for _, t := range timers {
		if t.Author != nil && t.Author.DisplayName != "" && t.Author.AccountID == t.RunningFor {
			known.people[t.RunningFor] = *t.Author
		}
		if t.Issue.Summary != "" {
			known.issues[t.Issue.Key] = t.Issue
		}
	}
	return known
}

// nameOf prefers the id: it stays when an issue moves to another project.
func nameOf(issue timer.Issue) string {
	if issue.ID > 0 {
		return strconv.FormatInt(issue.ID, 10)
	}
	return issue.Key
}

// lookUp adds what Jira knows of the people and issues; false where it could
// not be asked.
func (s *Syncer) lookUp(ctx context.Context, known names, ask question) bool {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.NamesTimeout, namesTimeout))
	defer cancel()
	var both sync.WaitGroup
	var users map[string]jira.User
	var found map[string]jira.Issue
	var usersErr, issuesErr error
	askUsers := func() (err error) {
		users, err = s.Jira.Users(ctx, slices.Sorted(maps.Keys(ask.people)))
		return err
	}
	askIssues := func() (err error) {
		found, err = s.Jira.Issues(ctx, slices.Sorted(maps.Values(ask.issues)))
		return err
	}
	if len(ask.people) > 0 {
		both.Go(panics.Into(&usersErr, askUsers))
	}
	if len(ask.issues) > 0 {
		both.Go(panics.Into(&issuesErr, askIssues))
	}
	both.Wait()
	// Only one may ask while a breaker tries whether Jira is back. Where that one
	// got its answer, the other will.
	switch {
	case errors.Is(usersErr, upstream.ErrOpen) && issuesErr == nil:
		usersErr = askUsers()
	case errors.Is(issuesErr, upstream.ErrOpen) && usersErr == nil:
		issuesErr = askIssues()
	}
	known.add(ask, users, found, usersErr == nil)
	for _, err := range []error{usersErr, issuesErr} {
		if err != nil {
			s.Log.WarnContext(ctx, "names not looked up", "error", err)
		}
	}
	return usersErr == nil && issuesErr == nil
}

// add takes in what Jira said. A person whom it does not show, though it
// answered, is known by what Clockwork tells.
func (n names) add(ask question, users map[string]jira.User, found map[string]jira.Issue, answered bool) {
	for id, fromClockwork := range ask.people {
		_, before := n.people[id]
		if user, ok := users[id]; ok {
			n.people[id] = user.Person()
		} else if answered && !before && fromClockwork.DisplayName != "" {
			n.people[id] = fromClockwork
		}
	}
	for key, name := range ask.issues {
		if issue, ok := found[name]; ok {
			n.issues[key] = timer.Issue{Summary: issue.Summary, ProjectName: issue.Project.Name}
		}
	}
}

// name fills what is known; Clockwork's own issue id and key stay.
func (n names) name(t *timer.Timer) {
	person, ok := n.people[t.RunningFor]
	if !ok {
		person = timer.Person{AccountID: t.RunningFor}
	}
	t.Author = &person
	issue := n.issues[t.Issue.Key]
	t.Issue.Summary, t.Issue.ProjectName = issue.Summary, issue.ProjectName
}
