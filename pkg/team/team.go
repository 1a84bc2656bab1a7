// Package team says who works on what now, and to whom: it makes members of
// everybody's timers, and shows a viewer what the operator's rules and each person's
// own choice allow. It writes nothing but these choices.
package team

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/clockwork-timer/backend/pkg/internal/flight"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Team reads the team. All fields are required.
type Team struct {
	Cache *timercache.Cache
	Redis Redis
	Rules Rules

	reads flight.Fresh[State]
	last  atomic.Pointer[built]
}

// built are the members that were made last.
type built struct {
	from    *timercache.People
	by      map[*timercache.Mate]*Member // nil for who is not listed
	members []*Member                    // sorted
}

// State is everybody, for nobody's eyes yet.
type State struct {
	timercache.Team
	Members []*Member // sorted
	Choices Choices
}

// Read reads everybody and what they have chosen, with two commands in one round
// trip. The error wraps timercache.ErrUnavailable.
func (t *Team) Read(ctx context.Context) (State, error) {
	state, err := t.read(ctx)
	if err == nil {
		state.Members, err = t.members(state.People)
	}
	return state, err
}

// read shares a read among those who come together: many wait for the same event.
func (t *Team) read(ctx context.Context) (State, error) { return t.reads.Do(ctx, t.ask) }

func (t *Team) ask(ctx context.Context) (State, error) {
	team, replies, err := t.Cache.Team(ctx, []any{"HGETALL", choicesKey})
	if err != nil {
		return State{}, err
	}
	choices, err := choicesOf(replies[0])
	return State{Team: team, Choices: choices}, err
}

// members makes those whose values have changed since the last time.
func (t *Team) members(people *timercache.People) ([]*Member, error) {
	last := t.last.Load()
	if last == nil {
		last = &built{}
	}
	if last.from == people {
		return last.members, nil
	}
	next := &built{from: people, by: make(map[*timercache.Mate]*Member, len(people.Mates))}
	for _, mate := range people.Mates {
		m, made := last.by[mate]
		if !made {
			var err error
			if m, err = newMember(mate); err != nil {
				return nil, err
			}
		}
		next.by[mate] = m
		if m != nil {
			next.members = append(next.members, m)
		}
	}
	slices.SortFunc(next.members, compare)
	t.last.Store(next)
	return next.members, nil
}

// Visible is what the viewer may see of the members, sorted as they are. A project's
// key leaves those who have a timer in it; "" leaves all.
func (s Sight) Visible(members []*Member, project string) []*Member {
	visible := make([]*Member, 0, len(members))
	sorted := true
	for _, m := range members {
		shown := m.Show(s.Of(m.AccountID))
		if shown != nil && project != "" {
			shown = shown.In(project)
		}
		if shown != nil {
			visible = append(visible, shown)
			sorted = sorted && shown == m
		}
	}
	if !sorted {
		slices.SortFunc(visible, compare)
	}
	return visible
}

// Page is the members that the viewer may see, as a JSON array. Without them it comes if
// the caller knows its ETag.
func (t *Team) Page(ctx context.Context, v Viewer, project string, known func(etag string) bool) (timercache.Page, error) {
	if err := t.Rules.Allow(v); err != nil {
		return timercache.Page{}, err
	}
	state, err := t.Read(ctx)
	if err != nil {
		return timercache.Page{}, err
	}
	return state.page(Sight{v, t.Rules, state.Choices}.Visible(state.Members, project), known), nil
}

func (s State) page(members []*Member, known func(etag string) bool) timercache.Page {
	page := timercache.Page{Status: s.Status}
	var content uint64
	for _, m := range members {
		content ^= m.Version
		page.Degraded = page.Degraded || s.Unnamed && m.unnamed()
	}
	if page.ETag = page.Tag(strconv.FormatUint(content, 36)); known(page.ETag) {
		return page
	}
	size := 2
	for _, m := range members {
		size += m.size()
	}
	page.Timers = append(make([]byte, 0, size), '[')
	for i, m := range members {
		if i > 0 {
			page.Timers = append(page.Timers, ',')
		}
		page.Timers = m.AppendJSON(page.Timers, *s.CachedAt)
	}
	page.Timers = append(page.Timers, ']')
	return page
}

// Timers are everybody's timers, as far as the viewer may see them.
func (t *Team) Timers(ctx context.Context, v Viewer) (timercache.Page, error) {
	if err := t.Rules.Allow(v); err != nil {
		return timercache.Page{}, err
	}
	state, err := t.read(ctx)
	if err != nil {
		return timercache.Page{}, err
	}
	return state.Team.Page(Sight{v, t.Rules, state.Choices}.Of), nil
}

// Wait is timercache's Wait for a viewer's Page or Timers. What people choose wakes it, too.
func (t *Team) Wait(ctx context.Context, v Viewer, read func(context.Context) (timercache.Page, error), etag string, wait time.Duration) (timercache.Page, error) {
	if err := t.Rules.Allow(v); err != nil {
		return timercache.Page{}, err
	}
	return t.Cache.WaitForAnybody(ctx, read, etag, wait, ChoicesChannel)
}
