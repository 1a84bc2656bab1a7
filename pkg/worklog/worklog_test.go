package worklog_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/worklog"
)

// source is a Clockwork that answers after a second with what the token sees.
type source struct {
	mu   sync.Mutex
	asks []string
}

func (s *source) Worklogs(ctx context.Context, token secret.Text, q clockwork.WorklogQuery) (clockwork.Worklogs, error) {
	s.mu.Lock()
	s.asks = append(s.asks, token.Reveal()+" "+q.AccountID+" "+q.From.Format(time.DateOnly)+" "+q.To.Format(time.DateOnly)+" "+q.Location.String())
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return clockwork.Worklogs{}, ctx.Err()
	}
	if token.Reveal() == "refused" {
		return clockwork.Worklogs{}, errors.New("refused")
	}
	start := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	return clockwork.Worklogs{List: []timer.Worklog{
		{ID: 2, IssueID: 7, Started: start.Add(time.Hour), TimeSpentSeconds: 60, Author: timer.Person{AccountID: "acc-1", DisplayName: token.Reveal()}},
		{ID: 1, IssueID: 8, IssueKey: "ABC-8", IssueName: "Known", ProjectName: "Abc", Started: start, TimeSpentSeconds: 60},
	}}, nil
}

// oddSource is a Clockwork with entries that could not be read.
type oddSource struct{ source }

func (s *oddSource) Worklogs(ctx context.Context, token secret.Text, q clockwork.WorklogQuery) (clockwork.Worklogs, error) {
	answer, err := s.source.Worklogs(ctx, token, q)
	answer.Unreadable = 2
	return answer, err
}

func TestUnreadableWorklogsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s, _ := service(names{})
		s.Clockwork, s.Log = &oddSource{}, slog.New(slog.NewTextHandler(&log, nil))
		list, err := s.List(t.Context(), query("a"))
		require.NoError(t, err)
		assert.Equal(t, 2, list.Unreadable)
		assert.EqualValues(t, 120, list.Total, "the rest is there")
		assert.False(t, list.Degraded, "Jira answered")
		assert.Contains(t, log.String(), "unreadable=2")
	})
}

// names is a Jira that knows one person and one issue, or fails.
type names struct{ users, issues error }

func (n names) User(context.Context, string) (jira.User, error) {
	return jira.User{AccountID: "acc-1", TimeZone: "Asia/Ho_Chi_Minh"}, n.users
}

func (n names) Issues(_ context.Context, ids []string) (map[string]jira.Issue, error) {
	if n.issues != nil || len(ids) == 0 {
		return nil, n.issues
	}
	return map[string]jira.Issue{"7": {ID: "7", Key: "ABC-7", Summary: "Looked up", Project: jira.Project{Name: "Abc"}}}, nil
}

func service(n names) (*worklog.Service, *source) {
	s := &source{}
	return &worklog.Service{Clockwork: s, Names: n, DefaultZone: time.UTC, NamesTimeout: 2 * time.Second,
		Now: func() time.Time { return time.Date(2026, 3, 5, 20, 0, 0, 0, time.UTC) }, Log: slog.New(slog.DiscardHandler)}, s
}

var march5 = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)

func query(token string) worklog.Query {
	return worklog.Query{Token: secret.New(token), AccountID: "acc-1", From: march5, To: march5, Zone: time.UTC}
}

// Twenty equal questions are one to Clockwork, and each caller's answer is
// their own.
func TestEqualQuestionsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, asked := service(names{})
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				list, err := s.List(t.Context(), query("a"))
				require.NoError(t, err)
				require.Len(t, list.Worklogs, 2)
				assert.Equal(t, []string{"Known", "Looked up"}, []string{list.Worklogs[0].IssueName, list.Worklogs[1].IssueName})
				list.Worklogs[0].IssueName = "changed by one of them"
			})
		}
		callers.Wait()
		assert.Equal(t, []string{"a acc-1 2026-03-05 2026-03-05 UTC"}, asked.asks)
	})
}

// Whatever makes a question another one keeps it apart, the token first of all.
func TestOtherQuestionsAreNot(t *testing.T) {
	others := map[string]func(*worklog.Query){
		"token":   func(q *worklog.Query) { q.Token = secret.New("b") },
		"account": func(q *worklog.Query) { q.AccountID = "acc-2" },
		"from":    func(q *worklog.Query) { q.From = march5.AddDate(0, 0, -1) },
		"to":      func(q *worklog.Query) { q.To = march5.AddDate(0, 0, 1) },
		"zone":    func(q *worklog.Query) { q.Zone = time.FixedZone("Europe/Berlin", 3600) },
	}
	for name, change := range others {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, asked := service(names{})
				other := query("a")
				change(&other)
				var callers sync.WaitGroup
				callers.Go(func() {
					list, err := s.List(t.Context(), query("a"))
					require.NoError(t, err)
					assert.NotEmpty(t, list.Worklogs)
				})
				callers.Go(func() { _, _ = s.List(t.Context(), other) })
				callers.Wait()
				assert.Len(t, asked.asks, 2)
			})
		})
	}
}

// A refusal is of one token: who asks with another gets their own answer.
func TestRefusalsAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := service(names{})
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := s.List(t.Context(), query("refused"))
			assert.ErrorContains(t, err, "refused")
		})
		callers.Go(func() {
			_, err := s.List(t.Context(), query("a"))
			assert.NoError(t, err)
		})
		callers.Wait()
	})
}

func TestDegraded(t *testing.T) {
	boom := errors.New("jira does not answer")
	for name, c := range map[string]struct {
		names names
		zone  *time.Location
		want  bool
	}{
		"all-is-well":                  {names{}, nil, false},
		"no-issues":                    {names{issues: boom}, time.UTC, true},
		"no-time-zone":                 {names{users: boom}, nil, true},
		"neither":                      {names{boom, boom}, nil, true},
		"time-zone-not-asked-for":      {names{users: boom}, time.UTC, false},
		"person-unknown":               {names{users: jira.ErrNotFound}, nil, false},
		"person-unknown-and-no-issues": {names{jira.ErrNotFound, boom}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := service(c.names)
				q := query("a")
				q.Zone = c.zone
				list, err := s.List(t.Context(), q)
				require.NoError(t, err)
				assert.Len(t, list.Worklogs, 2, "they come all the same")
				assert.Equal(t, c.want, list.Degraded)
			})
		})
	}
}

// profile is a Jira with a zone in a person's profile.
type profile struct {
	names
	zone string
}

func (p profile) User(context.Context, string) (jira.User, error) {
	return jira.User{AccountID: "acc-1", TimeZone: p.zone}, nil
}

// A zone that is not known here is the default's, which is said.
func TestZoneOfAProfile(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		zone, used string
		degraded   bool
	}{
		"known":             {"Asia/Tokyo", "Asia/Tokyo", false},
		"none":              {"", "Europe/Berlin", false},
		"unknown":           {"Mars/Olympus", "Europe/Berlin", true},
		"not-a-name":        {"GMT+07:00", "Europe/Berlin", true},
		"path":              {"../etc/passwd", "Europe/Berlin", true},
		"zone-of-a-machine": {"Local", "Europe/Berlin", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, asked := service(names{})
				var log strings.Builder
				s.Names, s.DefaultZone, s.Log = profile{zone: c.zone}, berlin, slog.New(slog.NewTextHandler(&log, nil))
				q := query("a")
				q.Zone = nil
				list, err := s.List(t.Context(), q)
				require.NoError(t, err)
				assert.Equal(t, []string{"a acc-1 2026-03-05 2026-03-05 " + c.used}, asked.asks)
				assert.Equal(t, c.degraded, list.Degraded)
				assert.Equal(t, c.degraded, strings.Contains(log.String(), "time zone of a Jira profile is unknown"), log.String())
				assert.Equal(t, c.degraded, c.zone != "" && strings.Contains(log.String(), c.zone), "the zone that is unknown")
			})
		})
	}
}
