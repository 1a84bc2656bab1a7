package timercache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// A Redis that is full evicts what it likes. Whoever runs something is shown it,
// or is shown that nobody knows; and the next sync makes all right.
func TestFullRedis(t *testing.T) {
	for _, policy := range []string{"allkeys-lru", "allkeys-random", "volatile-lru"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			addr := redisserver.Start(t, "--maxmemory-policy", policy, "--maxmemory-samples", "1")
			f := &full{world: newWorld(t, redisclient.OverTCP(t, addr), addr), runs: map[string][]string{}, unsure: map[string]bool{}}
			f.begin()
			seen := func() bool { return f.missing > 0 && (f.unknown > 0 || policy == "volatile-lru") }
			for round := 0; round < 60 || round < 1000 && !seen(); round++ { // what is evicted is chance
				f.round(round)
			}
			evicted, err := f.rdb.Info(t.Context(), "stats").Result()
			require.NoError(t, err)
			assert.NotContains(t, evicted, "evicted_keys:0\r")
			assert.True(t, seen(), "keys of people were evicted, and the record or the hash of people, if they may be")
			f.settle()
		})
	}
}

type full struct {
	*world
	team   []timer.Timer
	runs   map[string][]string // issues by account
	unsure map[string]bool     // whose act failed
	// missing counts reads that had to look into the hash, unknown those that said
	// that nobody knows.
	missing, unknown int
}

func (f *full) begin() {
	f.team = team(20)
	f.sync(f.team...)
	for _, x := range f.team {
		f.runs[x.RunningFor] = []string{x.Issue.Key}
	}
	memory, err := f.rdb.Info(context.Background(), "memory").Result()
	require.NoError(f.t, err)
	_, after, _ := strings.Cut(memory, "used_memory:")
	number, _, _ := strings.Cut(after, "\r")
	used, err := strconv.Atoi(number)
	require.NoError(f.t, err)
	require.NoError(f.t, f.rdb.ConfigSet(context.Background(), "maxmemory", strconv.Itoa(used+256<<10)).Err())
}

// round fills the memory with somebody else's keys, reads for everybody, and lets
// one person start or stop something.
func (f *full) round(round int) {
	ctx := context.Background()
	f.clock.Advance(time.Second)
	pipe := f.rdb.Pipeline()
	for i := range 40 {
		pipe.Set(ctx, fmt.Sprintf("foreign:%d:%d", round%3, i), strings.Repeat("x", 4<<10), time.Hour)
	}
	_, _ = pipe.Exec(ctx) // which may be refused

	for account := range f.runs {
		for _, subject := range []timercache.Subject{{AccountID: account}, {Email: account + "@example.test"}} {
			f.look(subject, account)
		}
	}
	f.look(everybody, "")

	account := "user-" + strconv.Itoa(rand.IntN(len(f.team)))
	f.act(account, "A-"+strconv.Itoa(round))
	f.look(timercache.Subject{AccountID: account}, account)
	if round%7 == 6 {
		f.trySync()
	}
}

// look asserts that a list that is said to be true is true.
func (f *full) look(subject timercache.Subject, account string) {
	f.t.Helper()
	f.redis.take()
	view, err := f.cache.Read(context.Background(), subject)
	if len(f.redis.take()) > 1 {
		f.missing++
	}
	if err != nil {
		require.ErrorIs(f.t, err, timercache.ErrUnavailable)
		return
	}
	if view.SyncedAt == nil {
		f.unknown++
		return
	}
	shown := map[string][]string{}
	for _, x := range view.Timers {
		shown[x.RunningFor] = append(shown[x.RunningFor], x.Issue.Key)
	}
	for one, issues := range f.runs {
		if (account == "" || account == one) && !f.unsure[one] {
			require.Equal(f.t, sorted(issues), sorted(shown[one]), "%v", subject)
		}
	}
}

// act starts an issue, in place of what the person ran.
func (f *full) act(account, issue string) {
	now := provisional(account, issue, f.clock.Now())
	errs := []error{f.cache.Started(context.Background(), *now.Author, now, "", nil)}
	for _, old := range f.runs[account] {
		errs = append(errs, f.cache.Stopped(context.Background(), *now.Author, timer.Issue{Key: old}, f.clock.Now(), nil))
	}
	if err := errors.Join(errs...); err != nil {
		require.ErrorIs(f.t, err, timercache.ErrUnavailable)
		f.unsure[account] = true
	}
	f.runs[account] = []string{issue}
}

// trySync is a whole sync, which may fail.
func (f *full) trySync() {
	ctx := context.Background()
	base, _, err := f.cache.Base(ctx)
	if err != nil {
		return
	}
	s := f.snapshot()
	run := f.nextRun()
	mark, same, err := f.cache.Propose(ctx, run, base, s)
	if err == nil && same {
		_, err = f.cache.Confirm(ctx, mark, s.FetchedAt)
	} else if err == nil {
		_, err = f.cache.Commit(ctx, run)
	}
	if err == nil {
		clear(f.unsure)
	}
}

func (f *full) snapshot() timercache.Snapshot {
	var timers []timer.Timer
	for i, x := range f.team {
		for _, issue := range f.runs[x.RunningFor] {
			timers = append(timers, running(int64(i+1), x.RunningFor, issue, time.Minute))
		}
	}
	return f.seen(timers...)
}

// settle ends the pressure and syncs once: all is right, whatever was lost.
func (f *full) settle() {
	require.NoError(f.t, f.rdb.ConfigSet(context.Background(), "maxmemory", "0").Err())
	f.clock.Advance(time.Second)
	s := f.snapshot()
	f.world.settle(f.base(), s)
	clear(f.unsure)
	f.unknown = 0
	for account := range f.runs {
		f.look(timercache.Subject{AccountID: account}, account)
		f.look(timercache.Subject{Email: account + "@example.test"}, account)
	}
	f.look(everybody, "")
	require.Zero(f.t, f.unknown)
}
