package routes_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// state is what must stay consistent whatever fails: the timers that clients read,
// and those that run in Clockwork.
type state struct {
	stored  map[string]string // by key
	running []string          // account and issue, sorted
}

// ofTimers reports whether a key says what runs. The other keys are names, quotas and
// tokens, which come and go.
func ofTimers(key string) bool {
	key, _, _ = strings.Cut(key, "/") // a field of a hash
	return strings.HasPrefix(key, "clockwork:timers:") || key == "clockwork:sync" || key == "clockwork:active_users"
}

func stateOf(w *apptest.World) state {
	s := state{stored: storedIn(w)}
	maps.DeleteFunc(s.stored, func(key, _ string) bool { return !ofTimers(key) })
	for _, t := range w.Sandbox.RunningTimers() {
		s.running = append(s.running, t.RunningFor+" "+t.Issue.Key)
	}
	slices.Sort(s.running)
	return s
}

// storedIn returns everything in Redis, by key and field. It panics if a value has a
// type that it does not know.
func storedIn(w *apptest.World) map[string]string {
	stored, mini := map[string]string{}, w.Redis.Miniredis()
	for _, key := range mini.Keys() {
		switch kind := mini.Type(key); kind {
		case "string":
			stored[key], _ = mini.Get(key)
		case "hash":
			fields, _ := mini.HKeys(key)
			for _, field := range fields {
				stored[key+"/"+field] = mini.HGet(key, field)
			}
		case "set":
			members, _ := mini.Members(key)
			stored[key] = strings.Join(members, " ")
		case "zset":
			members, _ := mini.ZMembers(key)
			stored[key] = strings.Join(members, " ")
		case "list":
			items, _ := mini.List(key)
			stored[key] = strings.Join(items, " ")
		default:
			panic(key + " is a " + kind)
		}
	}
	return stored
}

// effect is what a request changes if nothing fails.
type effect int

const (
	nothing effect = iota
	starts         // BILL-209 for person 5
	stops          // PORTAL-312 of person 1
	syncs
)

// shown reports whether clients see the timer that the start or stop is about.
func (s state) shown(w *apptest.World, e effect) bool {
	person, issue := 5, "BILL-209"
	if e == stops {
		person, issue = 1, "PORTAL-312"
	}
	var value struct{ Timers []timer.Timer }
	_ = json.Unmarshal([]byte(s.stored["clockwork:timers:"+w.Person(person).AccountID]), &value) // nothing stored: nothing shown
	return timer.OnIssue(value.Timers, timer.Issue{Key: issue}) >= 0
}

// assertWhole compares the state with the answer: a read changes nothing, a failure
// changes nothing that clients read, a success shows at once, and the next sync
// repairs everything.
func (p played) assertWhole(t *testing.T, row row, faultName string) {
	t.Helper()
	cacheLost := row.dependency == "redis" && faultName != "slow"
	succeeded := p.answer.Status < 300 && p.answer.Status != 206
	switch {
	case row.effect == nothing:
		assert.Equal(t, p.before, p.after, "a read changes nothing")
		return
	case !succeeded || cacheLost:
		assert.Equal(t, p.before.stored, p.after.stored, "a failed request changes nothing that clients see")
	case row.effect == syncs:
		p.assertTruth(t)
	case strings.Contains(string(p.answer.Body), `"stopped":false`):
		assert.Equal(t, p.before.stored, p.after.stored, "the answer is about another account")
	default:
		assert.Equal(t, row.effect == starts, p.after.shown(p.world, row.effect), "a success shows at once")
	}
	if faultName == "refused" && (serverOf(row.dependency) == "jira" || row.dependency == "report") {
		return // that server stays closed
	}
	p.heal(t)
	p.assertTruth(t)
}

// heal removes the fault and runs a whole sync, in a process of its own that reaches
// Redis over TCP.
func (p played) heal(t *testing.T) {
	t.Helper()
	p.world.Faults().Clear()
	p.world.Clock.Advance(time.Second)
	p.world.Redis.Miniredis().FastForward(time.Minute) // past the lock of a sync that failed
	env := p.world.Env
	delete(env, "UPSTASH_REDIS_REST_URL")
	delete(env, "UPSTASH_REDIS_REST_TOKEN")
	env["REDIS_URL"] = "redis://" + p.world.Redis.Addr()
	p.world.Restart(t, apptest.LongDeadlines)
	p.world.Sync(t)
}

// assertTruth asserts that the cache shows for each person what runs in Clockwork.
func (p played) assertTruth(t *testing.T) {
	t.Helper()
	var shown []string
	for _, person := range p.world.Sandbox.People() {
		view, err := p.world.Deps.Timers.Read(t.Context(), timercache.Subject{AccountID: person.AccountID})
		require.NoError(t, err)
		for _, running := range view.Timers {
			shown = append(shown, person.AccountID+" "+running.Issue.Key)
		}
	}
	slices.Sort(shown)
	assert.Equal(t, stateOf(p.world).running, shown)
}
