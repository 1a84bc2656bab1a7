package timersync_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox"
)

// settled requires that the cache says what is true, in each of its keys.
func (w *world) settled() {
	w.t.Helper()
	require.NoError(w.t, w.compare(w.cache))
}

// compare tells how the cache differs from the truth: the list of everybody,
// each person's by account and by e-mail, the set of active users, the state.
func (w *world) compare(cache *timercache.Cache) error {
	ctx := context.Background()
	people := w.box.People()
	all := timer.ByAccount(w.truth(people))
	everybody, err := cache.Read(ctx, timercache.Subject{})
	if err != nil {
		return err
	}
	if everybody.SyncedAt == nil || everybody.Stale {
		return fmt.Errorf("the list of everybody is not fresh: %+v", everybody)
	}
	if err := same(everybody.Timers, w.truth(people), w.slack); err != nil {
		return fmt.Errorf("everybody: %w", err)
	}
	for _, p := range people {
		subjects := []timercache.Subject{{AccountID: p.AccountID}}
		if !p.EmailHidden {
			subjects = append(subjects, timercache.Subject{Email: strings.ToUpper(p.Email)})
		}
		for _, subject := range subjects {
			view, err := cache.Read(ctx, subject)
			if err != nil {
				return err
			}
			if err := same(view.Timers, all[p.AccountID], w.slack); err != nil {
				return fmt.Errorf("%s by %+v: %w", p.DisplayName, subject, err)
			}
		}
	}
	return w.compareActive(ctx, all)
}

func (w *world) compareActive(ctx context.Context, all map[string][]timer.Timer) error {
	active, err := w.rdb.SMembers(ctx, "clockwork:active_users").Result()
	if err != nil {
		return err
	}
	want := []string{}
	for account := range all {
		want = append(want, account)
	}
	slices.Sort(active)
	slices.Sort(want)
	if !slices.Equal(active, want) {
		return fmt.Errorf("active users are %v, want %v", active, want)
	}
	return nil
}

// truth is what runs, as the cache should show it: the author is the person
// whose time runs.
func (w *world) truth(people []sandbox.Person) []timer.Timer {
	byAccount := map[string]sandbox.Person{}
	for _, p := range people {
		byAccount[p.AccountID] = p
	}
	timers := w.box.RunningTimers()
	for i := range timers {
		p := byAccount[timers[i].RunningFor]
		timers[i].Author = &timer.Person{AccountID: p.AccountID, DisplayName: p.DisplayName, EmailAddress: p.Email}
		if p.EmailHidden {
			timers[i].Author.EmailAddress = ""
		}
	}
	timer.SortNewestFirst(timers)
	return timers
}

// same compares timers in order, with their names, and the clock to some seconds.
func same(got, want []timer.Timer, slack int64) error {
	if len(got) != len(want) {
		return fmt.Errorf("shows %v, want %v", brief(got), brief(want))
	}
	for i := range got {
		if err := sameTimer(got[i], want[i], slack); err != nil {
			return fmt.Errorf("timer %d on %s of %s: %w", want[i].ID, want[i].Issue.Key, want[i].RunningFor, err)
		}
	}
	return nil
}

func sameTimer(got, want timer.Timer, slack int64) error {
	type content struct {
		ID, Issue, Started, Of, Comment, Hours, Worklogs, Author string
	}
	flat := func(t timer.Timer) content {
		c := content{ID: fmt.Sprint(t.ID), Issue: fmt.Sprintf("%+v", t.Issue), Started: t.StartedAt.UTC().String(), Of: t.RunningFor,
			Hours: fmt.Sprint(t.WithinWorkingHours, t.StartedWithinWorkingHours), Worklogs: fmt.Sprint(t.WorklogCount)}
		if t.Comment != nil {
			c.Comment = *t.Comment
		}
		if t.Author != nil {
			c.Author = strings.Join([]string{t.Author.AccountID, t.Author.DisplayName, timer.NormalizeEmail(t.Author.EmailAddress)}, "|")
		}
		return c
	}
	if g, w := flat(got), flat(want); g != w {
		return fmt.Errorf("shows %+v, want %+v", g, w)
	}
	if off := got.TillNow - want.TillNow; off < -slack || off > slack {
		return fmt.Errorf("shows %d s, want %d s", got.TillNow, want.TillNow)
	}
	return nil
}

func brief(timers []timer.Timer) []string {
	out := []string{}
	for _, t := range timers {
		out = append(out, fmt.Sprintf("%d:%s:%s", t.ID, t.RunningFor, t.Issue.Key))
	}
	return out
}
