package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox"
)

func fixedClock() time.Time { return testNow }

func TestSeedIsDeterministic(t *testing.T) {
	make := func(seed uint64) (any, string) {
		s := sandbox.New(sandbox.Options{Clock: fixedClock, Seed: seed})
		return []any{s.People(), s.Issues(), s.RunningTimers(), s.Worklogs(), s.Site()}, s.Credentials().SessionToken.Reveal()
	}
	first, session := make(1)
	again, sessionAgain := make(1)
	other, _ := make(2)

	assert.Equal(t, first, again)
	assert.Equal(t, session, sessionAgain)
	assert.NotEqual(t, first, other)
}

func TestTeam(t *testing.T) {
	s := sandbox.New(sandbox.Options{Clock: fixedClock})
	id := regexp.MustCompile(`^(712020:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24})$`)
	people := map[string]sandbox.Person{}
	for _, p := range s.People() {
		assert.Regexp(t, id, p.AccountID)
		people[p.AccountID] = p
	}
	assert.Len(t, people, 12)
	assert.GreaterOrEqual(t, len(s.Issues()), 40)

	perPerson, held, hidden := map[string]int{}, 0, 0
	for _, timer := range s.RunningTimers() {
		perPerson[timer.RunningFor]++
		if !timer.WithinWorkingHours {
			held++
		}
		if people[timer.RunningFor].EmailHidden {
			hidden++
			assert.NotEqual(t, timer.RunningFor, timer.Author.AccountID)
		}
	}
	assert.Equal(t, 1, held)
	assert.Equal(t, 1, hidden)
	assert.Len(t, perPerson, 6, "seven timers of six people: one has two")
}

func TestWorklogsAreInTheirAuthorsWorkingHours(t *testing.T) {
	s := sandbox.New(sandbox.Options{Clock: fixedClock})
	zones := map[string]*time.Location{}
	for _, p := range s.People() {
		loc, err := time.LoadLocation(p.TimeZone)
		require.NoError(t, err)
		zones[p.AccountID] = loc
	}
	authors := map[string]bool{}
	for _, l := range s.Worklogs() {
		authors[l.Author.AccountID] = true
		local := l.Started.In(zones[l.Author.AccountID])
		assert.GreaterOrEqual(t, local.Hour(), 8)
		assert.Less(t, local.Hour(), 20)
		assert.NotContains(t, []time.Weekday{time.Saturday, time.Sunday}, local.Weekday())
		assert.False(t, l.Started.Add(time.Duration(l.TimeSpentSeconds)*time.Second).After(testNow), "not in the future")
		assert.WithinDuration(t, testNow, l.Started, 15*24*time.Hour)
	}
	assert.Len(t, authors, 12)
}

func TestCredentialsLookReal(t *testing.T) {
	s := sandbox.New(sandbox.Options{Clock: fixedClock})
	seen := map[string]bool{}
	for _, p := range s.People() {
		token := s.ClockworkToken(p.AccountID).Reveal()
		for _, part := range []string{"+", "/", "=", "--"} {
			assert.Contains(t, token, part)
		}
		seen[token] = true
	}
	assert.Len(t, seen, 12, "everybody has a token of their own")
	assert.True(t, s.ClockworkToken("nobody").IsZero())
	assert.Equal(t, s.ClockworkToken(s.Credentials().AccountID), s.Credentials().ServerClockworkToken)

	parts := strings.Split(s.Credentials().SessionToken.Reveal(), ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims struct {
		Exp int64 `json:"exp"`
	}
	require.NoError(t, json.Unmarshal(payload, &claims))
	assert.Equal(t, testNow.Add(30*24*time.Hour).Unix(), claims.Exp)
}

func TestPopulate(t *testing.T) {
	for _, size := range []struct{ timers, users int }{{50, 20}, {500, 200}, {5000, 2000}, {30, 1}} {
		s := sandbox.New(sandbox.Options{Clock: fixedClock})

		s.Populate(size.timers, size.users)

		known, emails, issues := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, p := range s.People() {
			known[p.AccountID], emails[p.Email] = true, true
		}
		for _, i := range s.Issues() {
			issues[i.Key] = true
		}
		owners, pairs := map[string]bool{}, map[string]bool{}
		for _, timer := range s.RunningTimers() {
			owners[timer.RunningFor] = true
			pairs[timer.RunningFor+timer.Issue.Key] = true
			assert.True(t, known[timer.RunningFor] && issues[timer.Issue.Key])
		}
		assert.Len(t, owners, size.users)
		assert.Len(t, pairs, size.timers, "nobody has two timers on one issue")
		assert.Len(t, emails, len(known), "addresses are unique")
	}
}
