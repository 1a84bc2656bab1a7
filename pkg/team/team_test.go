package team_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/team"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

var nine = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// hash answers HSCAN of the people, and HGETALL of their choices.
type hash struct {
	timercache.Redis
	people, choices []any
}

func (h *hash) Pipeline(context.Context, ...[]any) ([]any, error) {
	return []any{[]any{"0", h.people}, h.choices}, nil
}

// set replaces what the hash holds of somebody.
func (h *hash) set(account string, version int, timers []timer.Timer, lastSeen string) {
	list, _ := json.Marshal(append([]timer.Timer{}, timers...))
	text := fmt.Sprintf(`{"timers":%s,"cachedAt":"2026-05-04T09:00:00Z","userKey":"%s","version":%d,"epoch":"e"%s}`, list, account, version, lastSeen)
	if i := slices.Index(h.people, any(account)); i >= 0 {
		h.people[i+1] = text
		return
	}
	h.people = append(h.people, account, text)
}

func newTeam(rules team.Rules, now *time.Time) (*hash, *team.Team) {
	h := &hash{people: []any{"@", `{"syncedAt":"2026-05-04T09:00:00Z","version":1,"source":"connect","epoch":"e"}`}, choices: []any{}}
	return h, &team.Team{Cache: timercache.New(h, "", func() time.Time { return *now }), Redis: h, Rules: rules}
}

func runs(id int64, account, issue string, seconds int64) timer.Timer {
	return timer.Timer{ID: id, StartedAt: nine.Add(-time.Duration(seconds) * time.Second), RunningFor: account, TillNow: seconds, Comment: new("comment of " + issue),
		Issue: timer.Issue{Key: issue, ID: id, Summary: "Summary of " + issue}, WithinWorkingHours: true,
		Author: &timer.Person{AccountID: account, DisplayName: "Name of " + account, EmailAddress: account + "@acme.example"}}
}

func onHold(t timer.Timer) timer.Timer {
	t.WithinWorkingHours = false
	return t
}

func lastSeen(name string) string {
	return fmt.Sprintf(`,"lastSeen":{"name":"%s","issue":{"key":"OLD-1","id":9,"summary":"Summary of OLD-1"},"at":"2026-05-03T16:00:00Z"}`, name)
}

// usual has ann for 100 s, bob for an hour and on hold in another project, cem on hold, and
// two who are idle.
func usual(h *hash) {
	h.set("idle2", 1, nil, lastSeen("Zoe"))
	h.set("nobody", 1, nil, "")
	h.set("ann", 1, []timer.Timer{runs(1, "ann", "ABC-1", 100)}, "")
	h.set("cem", 1, []timer.Timer{onHold(runs(4, "cem", "ABC-4", 9000))}, "")
	h.set("bob", 1, []timer.Timer{runs(2, "bob", "ABC-2", 3600), onHold(runs(3, "bob", "XYZ-3", 7200))}, "")
	h.set("idle1", 1, nil, lastSeen("adam"))
}

var admin = team.Viewer{AccountID: "boss", Admin: true}

func never(string) bool { return false }

type shown struct {
	AccountID, DisplayName, Status string
	Since                          *time.Time
	Timers                         []timer.Timer
	Last                           *team.Last
}

func page(t *testing.T, tm *team.Team, v team.Viewer, project string) (members []shown, p timercache.Page) {
	t.Helper()
	p, err := tm.Page(t.Context(), v, project, never)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(p.Timers, &members), "%s", p.Timers)
	return members, p
}

func names(members []shown) string {
	var all []string
	for _, m := range members {
		all = append(all, m.AccountID+":"+m.Status)
	}
	return strings.Join(all, " ")
}

func TestMembers(t *testing.T) {
	now := nine.Add(90 * time.Second)
	h, tm := newTeam(team.Rules{View: team.Admins}, &now)
	usual(h)
	members, p := page(t, tm, admin, "")
	assert.Equal(t, "bob:working ann:working cem:on_hold idle1:idle idle2:idle", names(members))
	assert.Equal(t, now, *p.CachedAt)

	bob := members[0]
	assert.Equal(t, "Name of bob", bob.DisplayName)
	assert.Equal(t, nine.Add(-time.Hour), *bob.Since, "of the timer that runs, not of the one on hold")
	assert.Equal(t, []int64{3690, 7200}, []int64{bob.Timers[0].TillNow, bob.Timers[1].TillNow}, "what is on hold stands still")
	assert.Nil(t, bob.Timers[0].Author)
	assert.NotContains(t, string(p.Timers), "@acme.example")

	assert.Equal(t, "adam", members[3].DisplayName)
	assert.NotNil(t, members[3].Timers)
	assert.Equal(t, "OLD-1", members[3].Last.Issue.Key)
	assert.Equal(t, nine.Add(-17*time.Hour), members[3].Last.At)
}

func TestProject(t *testing.T) {
	now := nine
	h, tm := newTeam(team.Rules{View: team.Admins}, &now)
	usual(h)
	members, _ := page(t, tm, admin, "ABC")
	assert.Equal(t, "bob:working ann:working cem:on_hold", names(members))
	assert.Len(t, members[0].Timers, 1)
	members, _ = page(t, tm, admin, "XYZ")
	assert.Equal(t, "bob:on_hold", names(members))
	members, _ = page(t, tm, admin, "AB")
	assert.Empty(t, members)

	h.choices = []any{"bob", "status"}
	members, _ = page(t, tm, admin, "XYZ")
	assert.Empty(t, members, "that would tell the project")
}

// Somebody who shows no time is listed if no time is shown.
func TestSortingTellsNothing(t *testing.T) {
	now := nine
	h, tm := newTeam(team.Rules{View: team.Admins}, &now)
	usual(h)
	h.choices = []any{"bob", "status"}
	members, _ := page(t, tm, admin, "")
	assert.Equal(t, "ann:working bob:working cem:on_hold idle1:idle idle2:idle", names(members))
}

// The ETag follows what the viewer sees, and not the clock.
func TestETag(t *testing.T) {
	now := nine
	h, tm := newTeam(team.Rules{View: team.All}, &now)
	usual(h)
	tag := func(v team.Viewer) string {
		_, p := page(t, tm, v, "")
		return p.ETag
	}
	cem := team.Viewer{AccountID: "cem"}
	first := tag(cem)
	now = now.Add(time.Minute)
	assert.Equal(t, first, tag(cem))
	seen := []string{first}
	changes := []func(){
		func() { h.set("idle1", 2, nil, lastSeen("adam")) },
		func() { h.set("ann", 2, []timer.Timer{runs(1, "ann", "ABC-1", 100), runs(7, "ann", "ABC-7", 1)}, "") },
		func() { h.choices = []any{"ann", "status"} },
		func() { h.choices = []any{"ann", "none"} },
		func() { h.choices = []any{"ann", "of a later version"} },
		func() { tm.Rules.HideComments = true },
		func() { tm.Rules.HideIssues = true },
		func() { now = now.Add(time.Hour) }, // stale
	}
	for i, change := range changes {
		change()
		got := tag(cem)
		if i == 4 {
			assert.Equal(t, seen[i], got, "what is not understood hides")
		} else {
			assert.NotContains(t, seen, got, "change %d", i)
		}
		seen = append(seen, got)
	}
	p, err := tm.Page(t.Context(), cem, "", func(etag string) bool { return etag == tag(cem) })
	require.NoError(t, err)
	assert.Nil(t, p.Timers, "the caller has it")
}

func TestNeverSynced(t *testing.T) {
	now := nine.Add(25 * time.Hour)
	h, tm := newTeam(team.Rules{View: team.Admins}, &now)
	usual(h)
	_, p := page(t, tm, admin, "")
	assert.Equal(t, "[]", string(p.Timers))
	assert.Nil(t, p.SyncedAt)
}

// A team that has been read many times is as one that is read for the first time.
func TestMembersFollowRedis(t *testing.T) {
	now := nine
	h, long := newTeam(team.Rules{View: team.All}, &now)
	usual(h)
	for n := range 30 {
		h.set([]string{"ann", "bob", "idle1"}[n%3], n+2, []timer.Timer{runs(int64(n), "x", fmt.Sprint("N-", n), int64(n))}[:n%2], lastSeen("L"))
		_, fresh := newTeam(long.Rules, &now)
		fresh.Cache, fresh.Redis = timercache.New(h, "", func() time.Time { return now }), h
		_, want := page(t, fresh, admin, "")
		_, got := page(t, long, admin, "")
		require.JSONEq(t, string(want.Timers), string(got.Timers))
		require.Equal(t, want.ETag, got.ETag)
	}
}
