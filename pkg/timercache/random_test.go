package timercache_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

var randomSeed = flag.Uint64("random.seed", 0, "repeat the randomised test with this seed")

// randomOps is how many operations the randomised test makes, a tenth of them over
// REST. CI sets RANDOM_OPERATIONS to more.
func randomOps(t *testing.T) int {
	set := os.Getenv("RANDOM_OPERATIONS")
	if set == "" {
		return 6_000
	}
	n, err := strconv.Atoi(set)
	require.NoError(t, err, "RANDOM_OPERATIONS")
	return n
}

const (
	randomPeople   = 6
	randomMachines = 4
	randomIssues   = 3
	skewLimit      = time.Minute
)

// TestRandomised starts, stops and edits timers and syncs them on machines whose
// clocks are off by up to a minute either way, and step. Writes arrive in another
// order than Clockwork accepted them, syncs overlap and are slow, keys of single
// people are evicted. After each operation every reader sees exactly what the
// acknowledged starts and stops, and the snapshots since, say.
//
// A failure prints the seed. All is decided by it: -random.seed SEED repeats it.
func TestRandomised(t *testing.T) {
	seed := *randomSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	all := randomOps(t)
	for name, ops := range map[string]int{"upstash": all / 10, "redis": all - all/10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, addr := backends[name](t)
			g := newGame(t, newWorld(t, client, addr), seed)
			stop := g.listen(t, nil)
			for g.op = range ops {
				g.step()
			}
			g.settleAll()
			g.compareReplay(replay(t, stop()))
			t.Logf("-random.seed %d: %d operations: %v", seed, ops, g.counts)
		})
	}
}

// shown is what runs for one person: the comment by the issue.
type shown map[string]string

type acceptedAct struct {
	account, issue string
	start          bool
	at             time.Time
}

// syncing is a sync under way.
type syncing struct {
	machine   int
	base      timercache.Base
	begun     int // the operation
	fetchedAt time.Time
	pages     []string // accounts still to be fetched
	fetched   map[string]shown
	timers    []timer.Timer
	runID     string
	mark      timercache.Mark
	proposed  bool
	same      bool
	done      bool // settled once; a repetition changes nothing
}

// game is the model beside the cache.
type game struct {
	*world
	rng      *rand.Rand
	op       int
	machines []*timercache.Cache
	skews    []time.Duration
	truth    map[string]map[string]timer.Timer // what Clockwork says
	pending  []acceptedAct                     // accepted, and not written yet
	syncs    []*syncing
	nextID   int64

	known     map[string]shown            // what readers must see
	latest    map[string]map[string]int64 // when the latest written act on an issue was accepted
	written   map[string]int              // the operation that wrote a person's last act
	lastSync  int                         // the operation that settled the last sync
	lastMover *syncing
	counts    map[string]int
}

func newGame(t *testing.T, w *world, seed uint64) *game {
	g := &game{world: w, rng: rand.New(rand.NewPCG(seed, 7)), op: -1, skews: make([]time.Duration, randomMachines),
		truth: map[string]map[string]timer.Timer{}, known: map[string]shown{}, latest: map[string]map[string]int64{},
		written: map[string]int{}, lastSync: -2, counts: map[string]int{}}
	g.t = fatalWithSeed{t, seed, g}
	for i := range randomMachines {
		g.skew(i)
		m := timercache.New(w.redis, "", func() time.Time { return w.clock.Now().Add(g.skews[i]) })
		m.SetPause(func(context.Context, int) error { return nil })
		g.machines = append(g.machines, m)
	}
	for i := range randomPeople {
		g.truth[accountName(i)], g.known[accountName(i)], g.latest[accountName(i)] = map[string]timer.Timer{}, shown{}, map[string]int64{}
	}
	s := g.begin()
	g.fetch(s, randomPeople)
	g.propose(s)
	g.settle(s)
	return g
}

// fatalWithSeed says with each failure how to repeat it.
type fatalWithSeed struct {
	*testing.T
	seed uint64
	g    *game
}

func (f fatalWithSeed) Errorf(format string, args ...any) {
	f.T.Helper()
	f.T.Errorf("-random.seed %d, operation %d: %s", f.seed, f.g.op, fmt.Sprintf(format, args...))
}

func (g *game) skew(machine int) {
	g.skews[machine] = time.Duration(g.rng.Int64N(int64(2*skewLimit))) - skewLimit
}

func (g *game) account() string { return accountName(g.rng.IntN(randomPeople)) }
func (g *game) issue() string   { return "B-" + strconv.Itoa(g.rng.IntN(randomIssues)) }
func (g *game) machine() int    { return g.rng.IntN(randomMachines) }

// step is one operation. Clockwork's clock never stands still.
func (g *game) step() {
	g.clock.Advance(time.Duration(1+g.rng.IntN(700)) * time.Millisecond)
	switch n := g.rng.IntN(100); {
	case n < 22:
		g.accept()
	case n < 46:
		g.write()
	case n < 56:
		g.edit()
	case n < 58:
		g.skew(g.machine())
	case n < 61:
		g.evict()
	default:
		g.sync()
	}
}

// accept is a start or stop that Clockwork has accepted; its write to the cache
// is on its way.
func (g *game) accept() {
	if len(g.pending) > 8 {
		g.write()
		return
	}
	account, issue := g.account(), g.issue()
	_, runs := g.truth[account][issue]
	act := acceptedAct{account, issue, !runs || g.rng.IntN(5) == 0, g.clock.Now()} // a start of what runs starts it again
	if g.rng.IntN(8) == 0 {
		act.start = false // a stop of what may not run
	}
	if act.start {
		g.start(account, issue)
	} else {
		delete(g.truth[account], issue)
	}
	g.pending = append(g.pending, act)
	g.counts["accepted"]++
}

func (g *game) start(account, issue string) {
	g.nextID++
	x := running(g.nextID, account, issue, 0)
	x.StartedAt = g.clock.Now()
	g.truth[account][issue] = x
}

// write is the arrival of any accepted act.
func (g *game) write() {
	if len(g.pending) == 0 {
		return
	}
	i := g.rng.IntN(len(g.pending))
	act := g.pending[i]
	g.pending = slices.Delete(g.pending, i, i+1)
	ctx, cache := context.Background(), g.machines[g.machine()]
	who := timer.Person{AccountID: act.account, EmailAddress: act.account + "@example.test"}
	for range 1 + g.rng.IntN(10)/9 { // sometimes it is repeated, because an answer was lost
		var err error
		if act.start {
			err = cache.Started(ctx, who, provisional(act.account, act.issue, act.at), "", nil)
		} else {
			err = cache.Stopped(ctx, who, timer.Issue{Key: act.issue, ID: issueID(act.issue)}, act.at, nil)
		}
		require.NoError(g.t, err)
	}
	if g.latest[act.account][act.issue] <= act.at.UnixMilli() {
		g.latest[act.account][act.issue] = act.at.UnixMilli()
		g.written[act.account] = g.op
		if act.start {
			g.known[act.account][act.issue] = ""
		} else {
			delete(g.known[act.account], act.issue)
		}
	}
	g.counts["written"]++
	g.look(act.account)
}

// edit is a change in Clockwork itself.
func (g *game) edit() {
	account, issue := g.account(), g.issue()
	x, runs := g.truth[account][issue]
	switch {
	case !runs:
		g.start(account, issue)
	case g.rng.IntN(2) == 0:
		delete(g.truth[account], issue)
	default:
		g.truth[account][issue] = commented(x, "at "+strconv.Itoa(g.op))
	}
	g.counts["edited"]++
}

// evict takes some of a person's keys from Redis: nobody may notice.
func (g *game) evict() {
	account := g.account()
	email := account + "@example.test"
	keys := []string{"clockwork:timers:" + account, "clockwork:timers:" + email, timercache.KnownKey(account), timercache.KnownKey(email)}
	g.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	g.del(keys[g.rng.IntN(len(keys)):]...)
	g.counts["evicted"]++
	g.look(account)
}

// sync is the next step of any sync under way, or the first of a new one.
func (g *game) sync() {
	if len(g.syncs) == 0 || len(g.syncs) < 3 && g.rng.IntN(6) == 0 {
		g.syncs = append(g.syncs, g.begin())
		return
	}
	i := g.rng.IntN(len(g.syncs))
	s := g.syncs[i]
	switch {
	case len(s.pages) > 0:
		g.fetch(s, 1+g.rng.IntN(randomPeople))
	case !s.proposed:
		g.propose(s)
	default:
		g.settle(s)
		if !s.done || g.rng.IntN(4) > 0 { // else its step is repeated later
			g.syncs = slices.Delete(g.syncs, i, i+1)
		}
	}
}

func (g *game) begin() *syncing {
	s := &syncing{machine: g.machine(), begun: g.op, fetched: map[string]shown{}}
	cache := g.machines[s.machine]
	base, _, err := cache.Base(context.Background())
	require.NoError(g.t, err)
	s.base, s.fetchedAt = base, g.clock.Now().Add(g.skews[s.machine])
	for i := range randomPeople {
		s.pages = append(s.pages, accountName(i))
	}
	return s
}

// fetch reads some pages: Clockwork changes between them.
func (g *game) fetch(s *syncing, n int) {
	for _, account := range s.pages[:min(n, len(s.pages))] {
		s.fetched[account] = shown{}
		for _, issue := range slices.Sorted(maps.Keys(g.truth[account])) {
			x := g.truth[account][issue]
			x.TillNow = int64(g.clock.Now().Sub(x.StartedAt) / time.Second)
			s.timers = append(s.timers, x)
			s.fetched[account][issue] = commentOf(x)
		}
	}
	s.pages = s.pages[min(n, len(s.pages)):]
}

func commentOf(x timer.Timer) string {
	if x.Comment == nil {
		return ""
	}
	return *x.Comment
}

func (g *game) propose(s *syncing) {
	s.runID, s.proposed = g.nextRun(), true
	snapshot := timercache.Snapshot{Timers: s.timers, FetchedAt: s.fetchedAt, CachedAt: g.clock.Now().Add(g.skews[s.machine]), Source: "forge"}
	var err error
	s.mark, s.same, err = g.machines[s.machine].Propose(context.Background(), s.runID, s.base, snapshot)
	require.NoError(g.t, err)
}

// settle writes a sync: nobody else's may have been written since it began, and
// whoever acted since is left alone.
func (g *game) settle(s *syncing) {
	var err error
	if s.same {
		_, err = g.machines[s.machine].Confirm(context.Background(), s.mark, s.fetchedAt)
	} else {
		_, err = g.machines[s.machine].Commit(context.Background(), s.runID)
	}
	g.counts["syncs"]++
	if g.lastMover != s && g.lastSync >= s.begun {
		require.ErrorIs(g.t, err, timercache.ErrNotStaged)
		g.counts["superseded"]++
		s.done = false
		return
	}
	require.NoError(g.t, err)
	if !s.done {
		for account, fetched := range s.fetched {
			if g.written[account] <= s.begun {
				g.known[account] = maps.Clone(fetched)
			}
		}
		g.lastSync, g.lastMover, s.done = g.op, s, true
	}
	g.look(g.account())
}

// look asserts what every reader sees: one person by account and by address, and
// everybody.
func (g *game) look(account string) {
	g.t.Helper()
	cache := g.machines[g.machine()]
	for _, subject := range []timercache.Subject{{AccountID: account}, {Email: account + "@example.test"}, {}} {
		view, err := cache.Read(context.Background(), subject)
		require.NoError(g.t, err)
		seen := map[string]shown{account: {}}
		for _, x := range view.Timers {
			if seen[x.RunningFor] == nil {
				seen[x.RunningFor] = shown{}
			}
			seen[x.RunningFor][x.Issue.Key] = commentOf(x)
		}
		if subject != (timercache.Subject{}) {
			require.Equal(g.t, map[string]shown{account: g.known[account]}, seen, "%v", subject)
			continue
		}
		for account, known := range g.known {
			require.True(g.t, maps.Equal(known, seen[account]), "everybody's of %s: %v, not %v", account, seen[account], known)
		}
	}
}

// settleAll writes all that is on its way, and syncs once more: then the cache
// is what Clockwork says.
func (g *game) settleAll() {
	for len(g.pending) > 0 {
		g.write()
	}
	g.op++
	s := g.begin()
	g.op++
	g.fetch(s, randomPeople)
	g.propose(s)
	g.settle(s)
	for account, timers := range g.truth {
		want := shown{}
		for issue, x := range timers {
			want[issue] = commentOf(x)
		}
		require.Equal(g.t, want, g.known[account])
		g.look(account)
	}
}

// compareReplay asserts that the events, one after another, give what runs.
func (g *game) compareReplay(got map[string]bool) {
	want := map[string]bool{}
	for account, known := range g.known {
		for issue := range known {
			want["cw:"+account+":"+issue] = true
		}
	}
	require.Equal(g.t, want, got)
}
