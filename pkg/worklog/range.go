package worklog

import (
	"context"
	"slices"
	"time"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/secret"
	"github.com/clockwork-timer/backend/pkg/timer"
)

// MaxRange is how many worklogs a range may have. The error for more is
// clockwork.ErrTooManyWorklogs.
const MaxRange = 20_000

// RangeQuery selects worklogs of several people.
type RangeQuery struct {
	Token    secret.Text
	Accounts []string // none is everybody whose worklogs the token's owner may see
	From, To time.Time
	Zone     *time.Location // nil: the person's own if it is one, else the default
}

// Range reads the worklogs of several people, with their authors' names and without
// Days. The list is at most a minute old, or ten if the range is over; it is for
// reading only.
func (s *Service) Range(ctx context.Context, q RangeQuery) (List, error) {
	ask, guessed := clockwork.WorklogQuery{From: q.From, To: q.To, Location: q.Zone, Limit: MaxRange}, false
	if len(q.Accounts) == 1 {
		ask.AccountID = q.Accounts[0]
		ask.Location, guessed = s.zone(ctx, Query{AccountID: ask.AccountID, Zone: q.Zone})
	} else if ask.Everybody = true; ask.Location == nil {
		ask.Location = s.DefaultZone
	}
	list, err := s.remember(ctx, q.Token, ask)
	if err != nil {
		return List{}, err
	}
	list.Degraded = list.Degraded || guessed
	if len(q.Accounts) > 1 {
		list.Worklogs = slices.DeleteFunc(slices.Clone(list.Worklogs), func(w timer.Worklog) bool { return !slices.Contains(q.Accounts, w.Author.AccountID) })
	}
	list.Total = 0
	for _, w := range list.Worklogs {
		list.Total += w.TimeSpentSeconds
	}
	return list, nil
}

// remember reads worklogs, or returns those that this process has just read.
func (s *Service) remember(ctx context.Context, token secret.Text, q clockwork.WorklogQuery) (List, error) {
	now, key := s.Now(), question(token, q)
	if list, ok := s.recent.get(key, now); ok {
		return list, nil
	}
	list, err := s.read(ctx, token, q)
	if err != nil || list.Degraded {
		return list, err
	}
	life := time.Minute
	if q.To.Format(time.DateOnly) < now.In(q.Location).Format(time.DateOnly) {
		life = 10 * time.Minute
	}
	s.recent.put(key, list, now, now.Add(life))
	return list, nil
}
