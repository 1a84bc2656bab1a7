// Package worklog lists tracked time by days in a person's own time zone, with the
// names of the issues, and sums it up. Equal questions to Clockwork at the
// same time, with the same token, are one.
package worklog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/flight"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// Clockwork lists worklogs.
type Clockwork interface {
	Worklogs(ctx context.Context, token secret.Text, q clockwork.WorklogQuery) (clockwork.Worklogs, error)
}

// Names looks up people and issues.
type Names interface {
	User(ctx context.Context, accountID string) (jira.User, error)
	Issues(ctx context.Context, idsOrKeys []string) (map[string]jira.Issue, error)
}

// Service lists worklogs. All exported fields are required.
type Service struct {
	Clockwork Clockwork
	Names     Names
	// DefaultZone is used if neither the request nor Jira names a zone.
	DefaultZone *time.Location
	// NamesTimeout bounds each look-up in Jira. Without its answer the list is
	// poorer, but there.
	NamesTimeout time.Duration
	Now          func() time.Time
	Log          *slog.Logger

	asking flight.Group[clockwork.Worklogs]
	recent recent
}

// Query selects one person's worklogs. From and To are days, both included, of
// which only year, month and day count; zero means today.
type Query struct {
	Token     secret.Text
	AccountID string
	From, To  time.Time
	Zone      *time.Location // nil: the person's own
}

// List is the answer to a query.
type List struct {
	Worklogs []timer.Worklog // by start
	Total    int64           // seconds
	Zone     *time.Location  // whose days they are
	Days     []Day           // every day of the query, those without time too
	// Degraded says that Jira did not answer, or with a zone that is not known
	// here: names may be missing, or the days be those of the default zone.
	Degraded bool
	// Unreadable is how many of Clockwork's entries are left out because they
	// could not be read: the totals may be too low.
	Unreadable int
}

// Day is one day's total.
type Day struct {
	Date  string `json:"date"`  // YYYY-MM-DD
	Total int64  `json:"total"` // seconds
}

// List reads the worklogs. Names that cannot be looked up are left out.
func (s *Service) List(ctx context.Context, q Query) (List, error) {
	zone, guessed := s.zone(ctx, q)
	if q.From.IsZero() {
		q.From = s.Now().In(zone)
		q.To = q.From
	}
	list, err := s.read(ctx, q.Token, clockwork.WorklogQuery{AccountID: q.AccountID, From: q.From, To: q.To, Location: zone})
	if err != nil {
		return List{}, err
	}
	list.Degraded = list.Degraded || guessed
	totals := map[string]int64{}
	for i := range list.Worklogs {
		w := &list.Worklogs[i]
		w.Author = timer.Person{AccountID: w.Author.AccountID}
		list.Total += w.TimeSpentSeconds
		totals[w.Started.In(zone).Format(time.DateOnly)] += w.TimeSpentSeconds
	}
	for day, last := civil(q.From), civil(q.To); !day.After(last); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		list.Days = append(list.Days, Day{date, totals[date]})
	}
	return list, nil
}

// read reads worklogs by their start, with the names of their issues.
func (s *Service) read(ctx context.Context, token secret.Text, q clockwork.WorklogQuery) (List, error) {
	answer, err := s.ask(ctx, token, q)
	if err != nil {
		return List{}, err
	}
	worklogs := answer.List
	if answer.Unreadable > 0 {
		s.Log.WarnContext(ctx, "unreadable worklogs left out", "unreadable", answer.Unreadable, "read", len(worklogs))
	}
	slices.SortFunc(worklogs, func(a, b timer.Worklog) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	unnamed := s.addNames(ctx, worklogs)
	return List{Worklogs: worklogs, Zone: q.Location, Degraded: unnamed, Unreadable: answer.Unreadable}, nil
}

// civil is the day of t as midnight UTC, where every day has 24 hours.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// zone is where the person's day begins and ends: as asked for, else as their
// Jira profile says, else the default. guessed says that what Jira answered is
// not known: nothing, or a zone that this machine does not have.
func (s *Service) zone(ctx context.Context, q Query) (zone *time.Location, guessed bool) {
	if q.Zone != nil {
		return q.Zone, false
	}
	ctx, cancel := context.WithTimeout(ctx, s.NamesTimeout)
	defer cancel()
	user, err := s.Names.User(ctx, q.AccountID)
	if err != nil {
		s.Log.WarnContext(ctx, "time zone not looked up", "error", err)
		return s.DefaultZone, !errors.Is(err, jira.ErrNotFound)
	}
	if user.TimeZone == "" {
		return s.DefaultZone, false
	}
	zone, err = time.LoadLocation(user.TimeZone)
	if err != nil || user.TimeZone == "Local" { // which is this machine's
		s.Log.WarnContext(ctx, "time zone of a Jira profile is unknown", "zone", fmt.Sprintf("%.64s", user.TimeZone), "default", s.DefaultZone.String())
		return s.DefaultZone, true
	}
	return zone, false
}

// addNames fills what Clockwork left out, with one lookup for all issues. It
// reports that Jira did not answer for all.
func (s *Service) addNames(ctx context.Context, worklogs []timer.Worklog) (unnamed bool) {
	lacking := map[int64][]int{}
	var ids []string
	for i, w := range worklogs {
		if w.IssueKey != "" && w.IssueName != "" && w.ProjectName != "" {
			continue
		}
		if len(lacking[w.IssueID]) == 0 {
			ids = append(ids, strconv.FormatInt(w.IssueID, 10))
		}
		lacking[w.IssueID] = append(lacking[w.IssueID], i)
	}
	ctx, cancel := context.WithTimeout(ctx, s.NamesTimeout)
	defer cancel()
	issues, err := s.Names.Issues(ctx, ids)
	if err != nil {
		s.Log.WarnContext(ctx, "issues of worklogs not looked up", "error", err)
	}
	for _, issue := range issues {
		id, _ := strconv.ParseInt(issue.ID, 10, 64) // Jira's ids are numbers
		for _, i := range lacking[id] {
			worklogs[i].IssueKey, worklogs[i].IssueName, worklogs[i].ProjectName = issue.Key, issue.Summary, issue.Project.Name
		}
	}
	return err != nil
}
