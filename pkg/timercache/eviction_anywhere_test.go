package timercache_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Redis may lose any key before any command, in the middle of a start, a stop or a
// sync. A list that is said to be true is true, and the next sync that loses nothing
// makes all right.
func TestEvictionAnywhere(t *testing.T) {
	const histories, acts = 300, 14
	for seed := range uint64(histories) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			e := &evicting{world: onMini(t), random: rand.New(rand.NewPCG(seed, 0)), runs: map[string][]string{}}
			e.cache.SetMaxRequest(600) // some syncs go in parts
			e.redis.failing = func(cmd []any) fault { e.note("%s", cmd[0]); e.evict(); return fault{} }
			for range acts {
				e.pass()
				if e.random.IntN(5) == 0 {
					e.trySync()
				} else {
					e.act()
				}
				e.look()
			}
			e.redis.failing = nil
			e.clock.Advance(time.Second)
			e.sync(e.list()...)
			for _, account := range trio {
				assert.NotNil(t, e.read(timercache.Subject{AccountID: account}).SyncedAt)
			}
			e.look()
		})
	}
}

var trio = []string{"ann", "bob", "cleo"}

type evicting struct {
	*world
	random  *rand.Rand
	runs    map[string][]string // issues by account
	history string
}

func (e *evicting) note(format string, args ...any) {
	e.history += " " + fmt.Sprintf(format, args...)
}

// pass lets some time pass: mostly seconds, now and then minutes or a day.
func (e *evicting) pass() {
	unit := []time.Duration{time.Second, time.Second, time.Second, time.Minute, time.Hour}[e.random.IntN(5)]
	d := unit * time.Duration(e.random.IntN(30))
	e.note("\n(%s)", d)
	e.clock.Advance(d)
}

// evict loses a key before every fourth command.
func (e *evicting) evict() {
	if e.random.IntN(4) > 0 {
		return
	}
	name := trio[e.random.IntN(len(trio))]
	if e.random.IntN(2) == 0 {
		name += "@example.test"
	}
	own := "clockwork:timers:" + name
	keys := []string{timercache.PeopleKey, "clockwork:sync", "clockwork:active_users", timercache.KnownKey(name), own, own}
	key := keys[e.random.IntN(len(keys))]
	e.note("lost %s,", key)
	e.del(key)
}

// list is what runs in Clockwork.
func (e *evicting) list() (timers []timer.Timer) {
	for _, account := range trio {
		for _, issue := range e.runs[account] {
			timers = append(timers, running(int64(len(timers)+1), account, issue, time.Minute))
		}
	}
	return timers
}

// act starts an issue, or stops it, or stops one that does not run.
func (e *evicting) act() {
	account, issue := trio[e.random.IntN(len(trio))], "A-"+strconv.Itoa(e.random.IntN(4))
	if runs := slices.Contains(e.runs[account], issue); runs || e.random.IntN(4) == 0 {
		e.note("\nstop %s %s:", account, issue)
		e.stopped(account, issue)
		e.runs[account] = slices.DeleteFunc(e.runs[account], func(one string) bool { return one == issue })
	} else {
		e.note("\nstart %s %s:", account, issue)
		e.started(account, issue)
		e.runs[account] = append(e.runs[account], issue)
	}
}

// trySync is a whole sync, between whose steps people may start and stop something.
func (e *evicting) trySync() {
	e.note("\nsync:")
	perhaps := func() {
		if e.random.IntN(3) == 0 {
			e.act()
		}
	}
	base := e.base()
	perhaps()
	s := e.seen(e.list()...)
	perhaps()
	run, mark, same := e.propose(base, s)
	perhaps()
	var err error
	if same {
		_, err = e.cache.Confirm(context.Background(), mark, s.FetchedAt)
	} else {
		_, err = e.cache.Commit(context.Background(), run)
	}
	if err != nil {
		require.ErrorIs(e.t, err, timercache.ErrNotStaged)
	}
	e.note("\nend of the sync: %v;", err)
}

// look asserts that what is said to be true is true.
func (e *evicting) look() {
	e.t.Helper()
	for _, account := range trio {
		e.assertTrue(timercache.Subject{AccountID: account}, account)
		e.assertTrue(timercache.Subject{Email: account + "@example.test"}, account)
	}
	e.assertTrue(everybody, trio...)
}

func (e *evicting) assertTrue(subject timercache.Subject, whose ...string) {
	e.t.Helper()
	view := e.read(subject)
	if view.SyncedAt == nil || view.Unreadable {
		return
	}
	want, shown := []string{}, []string{}
	for _, x := range e.list() {
		if slices.Contains(whose, x.RunningFor) {
			want = append(want, x.RunningFor+" "+x.Issue.Key)
		}
	}
	for _, x := range view.Timers {
		shown = append(shown, x.RunningFor+" "+x.Issue.Key)
	}
	require.Equal(e.t, sorted(want), sorted(shown), "%v after %s", subject, e.history)
}
