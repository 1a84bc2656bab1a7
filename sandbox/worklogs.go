package sandbox

import (
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

type worklog struct {
	id        int64
	accountID string
	issue     *Issue
	started   time.Time
	seconds   int64
	comment   *string
}

// addWorklog needs s.mu held.
func (s *Sandbox) addWorklog(w *worklog) {
	w.id = s.nextID()
	s.worklogs = append(s.worklogs, w)
}

// Worklogs returns all worklogs, in no particular order. /v1/worklogs shows the same.
func (s *Sandbox) Worklogs() []timer.Worklog {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]timer.Worklog, len(s.worklogs))
	for i, w := range s.worklogs {
		out[i] = timer.Worklog{
			ID: w.id, IssueID: w.issue.ID, IssueKey: w.issue.Key, IssueName: w.issue.Summary, ProjectName: w.issue.Project.Name,
			TimeSpentSeconds: w.seconds, Started: w.started, Comment: w.comment, Author: *s.byAccount[w.accountID].public(),
		}
	}
	return out
}

// LogTime adds a worklog. It fails with ErrUnknownPerson or ErrUnknownIssue.
func (s *Sandbox) LogTime(accountID, issueKey string, started time.Time, spent time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, issue, err := s.runningOn(accountID, issueKey)
	if err != nil {
		return err
	}
	s.addWorklog(&worklog{accountID: accountID, issue: issue, started: started, seconds: int64(spent / time.Second)})
	return nil
}
