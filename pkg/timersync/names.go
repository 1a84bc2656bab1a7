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

	"github.com/clockwork-timer/backend/pkg/clockwork"
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
	// namesTimeout is what the look-up may take by default, once the list is read.
	namesTimeout = 8 * time.Second
	// namesPerCall is how many people or issues Jira is asked for at once, and
	// namesCalls how many such calls are under way.
	namesPerCall = 100
	namesCalls   = 48
	// maxUnreadableOf bounds the names of people with unreadable timers in the sync
	// record, because each read of timers fetches it.
	maxUnreadableOf = 40
)

// Jira looks up what Clockwork's list leaves out, in bulk.
type Jira interface {
	Users(ctx context.Context, accountIDs []string) (map[string]jira.User, error)
	Issues(ctx context.Context, idsOrKeys []string) (map[string]jira.Issue, error)
}

// names are what is known of people and issues.
type names struct {
	people map[string]timer.Person
	issues map[string]timer.Issue // by the key that Clockwork gives
}

// lookup finds the names for a snapshot while its pages arrive. What the cache
// already shows is carried over, so a sync asks Jira only about newcomers; once an
// hour it asks about all. If Jira does not answer, the old names stay, new timers
// come without, which the snapshot says, and the next sync asks again.
type lookup struct {
	jira   Jira
	ctx    context.Context
	cancel context.CancelFunc
	cached func() (known names, due bool)
	calls  sync.WaitGroup
	slots  chan struct{} // of calls under way

	mu             sync.Mutex
	people, issues question
	fromClockwork  map[string]timer.Person
	users          map[string]jira.User
	found          map[string]jira.Issue // by id and key
	answered       bool                  // some call
}

// question is about whom or what Jira is asked.
type question struct {
	ask     func(ctx context.Context, keys []string) error
	asked   map[string]bool
	waiting []string   // for the next call
	stopped [][]string // by a breaker
	err     error
}

func (s *Syncer) newLookup(ctx context.Context, base timercache.Base, shown func() []timer.Timer) *lookup {
	l := &lookup{jira: s.Jira, slots: make(chan struct{}, namesCalls),
		fromClockwork: map[string]timer.Person{}, users: map[string]jira.User{}, found: map[string]jira.Issue{}}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.people = question{ask: l.askUsers, asked: map[string]bool{}}
	l.issues = question{ask: l.askIssues, asked: map[string]bool{}}
	l.cached = sync.OnceValues(func() (names, bool) {
		timers := shown()
		return cachedNames(timers), len(timers) > 0 && s.Now().Sub(base.EnrichedAt()) > namesMaxAge
	})
	return l
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

// seen asks about those of the timers that nothing is known of, once there are
// enough of them for a call.
func (l *lookup) seen(timers []timer.Timer) {
	known, due := l.cached()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range timers {
		if t.FinishedAt != nil {
			continue
		}
		_, person := known.people[t.RunningFor]
		if t.Author != nil && t.Author.AccountID == t.RunningFor {
			l.fromClockwork[t.RunningFor] = *t.Author
			person = person || t.Author.EmailAddress != ""
		}
		if !person || due {
			l.people.add(t.RunningFor)
		}
		if _, issue := known.issues[t.Issue.Key]; !issue || due {
			l.issues.add(nameOf(t.Issue))
		}
	}
	l.send(namesPerCall)
}

// unreadableOf lists the account ids and addresses of the people with unreadable timers;
// none if one of them is unknown.
func (l *lookup) unreadableOf(entries []clockwork.UnreadableTimer) (names []string) {
	known, _ := l.cached()
	for _, entry := range entries {
		email := l.users[entry.Account].EmailAddress
		if person, ok := known.people[entry.Account]; ok && email == "" {
			email = person.EmailAddress
		}
		if entry.Account == "" || email == "" && l.people.err != nil {
			return nil // nobody knows by which name they read
		}
		names = append(names, entry.Account, timer.NormalizeEmail(email))
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
	if len(names) > maxUnreadableOf {
		return nil
	}
	return names
}

// askAbout asks about those people of whom nothing is known.
func (l *lookup) askAbout(entries []clockwork.UnreadableTimer) {
	known, _ := l.cached()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, entry := range entries {
		if _, ok := known.people[entry.Account]; !ok && entry.Account != "" {
			l.people.add(entry.Account)
		}
	}
}

func (q *question) add(key string) {
	if !q.asked[key] {
		q.asked[key] = true
		q.waiting = append(q.waiting, key)
	}
}

// send makes calls while at least so many wait for one. The caller holds l.mu.
func (l *lookup) send(atLeast int) {
	for _, q := range []*question{&l.people, &l.issues} {
		for len(q.waiting) > 0 && len(q.waiting) >= atLeast {
			n := min(len(q.waiting), namesPerCall)
			l.call(q, q.waiting[:n])
			q.waiting = q.waiting[n:]
		}
	}
}

func (l *lookup) call(q *question, keys []string) {
	l.calls.Go(func() {
		l.slots <- struct{}{}
		defer func() { <-l.slots }()
		err := panics.Try(func() error { return q.ask(l.ctx, keys) })
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case err == nil:
			l.answered = true
		case errors.Is(err, upstream.ErrOpen):
			q.stopped = append(q.stopped, keys)
		}
		q.err = cmp.Or(q.err, err)
	})
}

func (l *lookup) askUsers(ctx context.Context, keys []string) error {
	users, err := l.jira.Users(ctx, keys)
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.users, users)
	return err
}

func (l *lookup) askIssues(ctx context.Context, keys []string) error {
	issues, err := l.jira.Issues(ctx, keys)
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.found, issues)
	return err
}

// finish looks up everything that is still missing for the timers. It is false if Jira
// could not be asked.
func (l *lookup) finish(timers []timer.Timer, timeout time.Duration) bool {
	defer l.cancel()
	late := time.AfterFunc(timeout, l.cancel)
	defer late.Stop()
	l.seen(timers)
	l.mu.Lock()
	l.send(1)
	l.mu.Unlock()
	l.calls.Wait()
	// While a breaker probes whether Jira is back, it admits one call. If that one was
	// answered, the others are made now.
	if l.answered {
		for _, q := range []*question{&l.people, &l.issues} {
			if errors.Is(q.err, upstream.ErrOpen) {
				q.err = nil
			}
			stopped := q.stopped
			q.stopped = nil
			for _, keys := range stopped {
				l.call(q, keys)
			}
		}
		l.calls.Wait()
	}
	return l.people.err == nil && l.issues.err == nil
}

// name fills in the names; Clockwork's own issue id and key stay. If Jira answered and
// does not show a person, Clockwork's data of the person is used.
func (l *lookup) name(t *timer.Timer) {
	known, _ := l.cached()
	user, isUser := l.users[t.RunningFor]
	person, before := known.people[t.RunningFor]
	said := l.fromClockwork[t.RunningFor]
	switch {
	case isUser:
		person = user.Person()
	case said.EmailAddress != "", !before && l.people.err == nil && said.DisplayName != "":
		person = said
	case !before:
		person = timer.Person{AccountID: t.RunningFor}
	}
	t.Author = &person
	issue := known.issues[t.Issue.Key]
	if found, ok := l.found[nameOf(t.Issue)]; ok {
		issue = timer.Issue{Summary: found.Summary, ProjectName: found.Project.Name}
	}
	t.Issue.Summary, t.Issue.ProjectName = issue.Summary, issue.ProjectName
}

// addNames fills each timer's author, and its issue's summary and project.
func (s *Syncer) addNames(ctx context.Context, l *lookup, base timercache.Base, snapshot *timercache.Snapshot, unreadable []clockwork.UnreadableTimer) {
	l.askAbout(unreadable)
	complete := l.finish(snapshot.Timers, cmp.Or(s.NamesTimeout, namesTimeout))
	for _, err := range []error{l.people.err, l.issues.err} {
		if err != nil {
			s.Log.WarnContext(ctx, "names not looked up", "error", err)
		}
	}
	_, due := l.cached()
	snapshot.Enriched = complete && (due || base.EnrichedAt().IsZero())
	for i := range snapshot.Timers {
		l.name(&snapshot.Timers[i])
	}
	snapshot.Unreadable, snapshot.UnreadableOf = len(unreadable), l.unreadableOf(unreadable)
	snapshot.Unnamed = !complete && slices.ContainsFunc(snapshot.Timers, timercache.Unnamed)
}
