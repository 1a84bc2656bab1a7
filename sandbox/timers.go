package sandbox

import (
	"errors"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/timer"
)

// The errors of starting and stopping.
var (
	ErrUnknownPerson  = errors.New("no such account")
	ErrUnknownIssue   = errors.New("no such issue")
	ErrAlreadyRunning = errors.New("a timer is already running on this issue")
	ErrNotRunning     = errors.New("no timer is running on this issue")
)

// keepStopped is how many stopped timers are remembered.
const keepStopped = 200

type runningTimer struct {
	id         int64
	startedAt  time.Time
	finishedAt *time.Time
	accountID  string // whose time runs
	authorID   string // who started it
	issue      *Issue
	comment    *string
	worklogs   int

	onHold        bool
	counted       time.Duration // before countingSince
	countingSince time.Time     // unused while on hold
}

// countedUntil returns the time that Clockwork counts, which does not grow while the
// timer is on hold.
func (t *runningTimer) countedUntil(now time.Time) time.Duration {
	if t.onHold {
		return t.counted
	}
	if t.finishedAt != nil {
		now = *t.finishedAt
	}
	return t.counted + max(0, now.Sub(t.countingSince))
}

// tillNow returns the counted seconds.
func (t *runningTimer) tillNow(now time.Time) int64 { return int64(t.countedUntil(now) / time.Second) }

// truth returns a timer as Clockwork knows it. It needs s.mu held.
func (s *Sandbox) truth(t *runningTimer) timer.Timer {
	return timer.Timer{
		ID: t.id, StartedAt: t.startedAt, FinishedAt: t.finishedAt, Comment: t.comment, RunningFor: t.accountID,
		TillNow: t.tillNow(s.now()), WorklogCount: t.worklogs,
		Issue:  timer.Issue{Key: t.issue.Key, ID: t.issue.ID, Summary: t.issue.Summary, ProjectName: t.issue.Project.Name},
		Author: s.byAccount[t.authorID].public(), WithinWorkingHours: !t.onHold, StartedWithinWorkingHours: true,
	}
}

// RunningTimers returns all running timers, ordered by id. Every list of the product
// should show the same.
func (s *Sandbox) RunningTimers() []timer.Timer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]timer.Timer, len(s.timers))
	for i, t := range s.timers {
		out[i] = s.truth(t)
	}
	return out
}

// StartTimer starts a timer as the person would in Clockwork's own page. It
// fails with ErrUnknownPerson, ErrUnknownIssue or ErrAlreadyRunning.
func (s *Sandbox) StartTimer(accountID, issueKey, comment string) (timer.Timer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.start(accountID, issueKey, comment)
	if err != nil {
		return timer.Timer{}, err
	}
	return s.truth(t), nil
}

// StopTimer stops the person's timer on an issue and logs its time. It fails
// with ErrUnknownPerson, ErrUnknownIssue or ErrNotRunning.
func (s *Sandbox) StopTimer(accountID, issueKey string) (timer.Timer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.stop(accountID, issueKey)
	if err != nil {
		return timer.Timer{}, err
	}
	return s.truth(t), nil
}

// start needs s.mu held.
func (s *Sandbox) start(accountID, issueKey, comment string) (*runningTimer, error) {
	running, issue, err := s.runningOn(accountID, issueKey)
	if err != nil {
		return nil, err
	}
	if running != nil {
		return nil, ErrAlreadyRunning
	}
	if !s.switches.MultipleTimers {
		for _, older := range slices.Clone(s.timers) {
			if older.accountID == accountID {
				s.finish(older)
			}
		}
	}
	now := s.now()
	t := &runningTimer{
		id: s.nextID(), startedAt: now, countingSince: now,
		accountID: accountID, authorID: accountID, issue: issue, comment: optional(comment),
	}
	s.timers = append(s.timers, t)
	return t, nil
}

// stop needs s.mu held.
func (s *Sandbox) stop(accountID, issueKey string) (*runningTimer, error) {
	t, _, err := s.runningOn(accountID, issueKey)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, ErrNotRunning
	}
	s.finish(t)
	return t, nil
}

// runningOn returns the issue and the person's timer on it, which is nil if none
// runs. It needs s.mu held.
func (s *Sandbox) runningOn(accountID, issueKey string) (*runningTimer, *Issue, error) {
	if s.byAccount[accountID] == nil {
		return nil, nil, ErrUnknownPerson
	}
	issue := s.findIssue(issueKey)
	if issue == nil {
		return nil, nil, ErrUnknownIssue
	}
	for _, t := range s.timers {
		if t.accountID == accountID && t.issue == issue {
			return t, issue, nil
		}
	}
	return nil, issue, nil
}

// finish stops a running timer and logs its time, but at least one minute, which is
// Jira's smallest worklog. It needs s.mu held.
func (s *Sandbox) finish(t *runningTimer) {
	now := s.now()
	counted := t.tillNow(now)
	seconds := max(60, counted)
	t.counted, t.onHold, t.countingSince = time.Duration(counted)*time.Second, false, now
	t.finishedAt, t.worklogs = &now, t.worklogs+1
	s.timers = slices.DeleteFunc(s.timers, func(other *runningTimer) bool { return other == t })
	s.stopped = append(s.stopped, t)
	s.stopped = s.stopped[max(0, len(s.stopped)-keepStopped):]
	s.addWorklog(&worklog{accountID: t.accountID, issue: t.issue, started: t.startedAt, seconds: seconds, comment: t.comment})
}

// TimerEdit has the fields to change; nil leaves a field unchanged.
type TimerEdit struct {
	Comment      *string    `json:"comment"` // empty: none
	StartedAt    *time.Time `json:"startedAt"`
	WorklogCount *int       `json:"worklogCount"`
	OnHold       *bool      `json:"onHold"` // outside working hours: till_now stands still
}

// EditTimer changes a running timer. It fails with ErrNotRunning.
func (s *Sandbox) EditTimer(id int64, e TimerEdit) (timer.Timer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.runningByID(id)
	if t == nil {
		return timer.Timer{}, ErrNotRunning
	}
	if e.Comment != nil {
		t.comment = optional(*e.Comment)
	}
	if e.StartedAt != nil {
		at := e.StartedAt.UTC().Truncate(time.Millisecond)
		t.counted += t.startedAt.Sub(at)
		t.startedAt = at
	}
	if e.WorklogCount != nil {
		t.worklogs = *e.WorklogCount
	}
	if e.OnHold != nil && *e.OnHold != t.onHold {
		now := s.now()
		t.counted, t.onHold, t.countingSince = t.countedUntil(now), *e.OnHold, now
	}
	return s.truth(t), nil
}

// runningByID needs s.mu held.
func (s *Sandbox) runningByID(id int64) *runningTimer {
	n, found := slices.BinarySearchFunc(s.timers, id, func(t *runningTimer, id int64) int { return int(t.id - id) })
	if !found {
		return nil
	}
	return s.timers[n]
}
