package timersync_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/clockwork"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/jira"
	"github.com/clockwork-timer/backend/pkg/timercontrol"
	"github.com/clockwork-timer/backend/pkg/timersync"
	"github.com/clockwork-timer/backend/sandbox"
	"github.com/clockwork-timer/backend/sandbox/fault"
)

var (
	randomSeed = flag.Uint64("random.seed", 0, "seed of the randomised test; 0 takes one of the time")
	randomOps  = flag.Int("random.ops", 0, "operations of the randomised test; default $RANDOM_OPERATIONS, else 6,000")
)

const (
	actorCount  = 8
	opsPerRound = 240 // of all actors together
)

// campaign is one setting in which the randomised test runs.
type campaign struct {
	share    int // of a hundred operations
	pageSize int
	open     func(t testing.TB, c *clock) database
	loseData bool // Redis loses everything now and then
}

var campaigns = map[string]campaign{
	// On one page, so each list is of one moment: what readers see can be held
	// against the moments that there were.
	"redis-one-page":  {share: 55, pageSize: 500, open: databases["tcp-redis"]},
	"redis-losses":    {share: 35, pageSize: 500, open: databases["tcp-redis"], loseData: true},
	"rest-many-pages": {share: 10, pageSize: 4, open: databases["rest-miniredis"]},
}

// Starts, stops and edits, made in Clockwork itself and through this backend,
// syncs by several processes and faults of everything happen at the same time.
// After each round one more sync makes the cache true; while it goes on, no
// reader sees what never was; the events, replayed, tell the same.
//
// A failure prints the seed, the round and what happened in it. Repeat it with
// -run 'TestRandomised/NAME' -random.seed SEED: each actor then wants the same
// again, though the order between actors is the scheduler's.
func TestRandomised(t *testing.T) {
	seed, ops := *randomSeed, *randomOps
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if ops == 0 {
		ops, _ = strconv.Atoi(os.Getenv("RANDOM_OPERATIONS"))
	}
	if ops == 0 {
		ops = 6_000
	}
	t.Logf("-random.seed %d -random.ops %d", seed, ops)
	for name, c := range campaigns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newRandomRun(t, c, seed)
			for g.done < ops*c.share/100 {
				g.round()
			}
			t.Logf("%d operations in %d rounds, %d syncs, %d looks, %d events", g.done, g.rounds, g.syncs, g.looks, g.events.count())
		})
	}
}

// randomRun is one campaign under way.
type randomRun struct {
	*world
	campaign
	seed    uint64
	control *timercontrol.Control
	syncers []*timersync.Syncer
	moments *moments
	events  *replay

	done, rounds, syncs, looks int
	lost                       bool // everything, in this round
	moves                      int

	mu      sync.Mutex
	journal []string // of this round
	rng     *rand.Rand
	faulty  bool                          // commands and requests fail
	late    []func(context.Context) error // writes that Redis did not take
	// mayStop are those whose timer somebody stopped in this round, or touched
	// through this backend.
	mayStop    map[string]bool
	unreadable map[int64]bool
}

func newRandomRun(t *testing.T, c campaign, seed uint64) *randomRun {
	g := &randomRun{campaign: c, seed: seed, mayStop: map[string]bool{}, unreadable: map[int64]bool{}, world: newWorld(t, c.open, sandbox.Options{PageSize: c.pageSize})}
	g.quiet, g.clock.tick = true, time.Millisecond
	g.slack = 6 // a timer that was on hold for so long between two syncs has not changed
	g.pause = func(ctx context.Context, _ time.Duration) error {
		timer := time.NewTimer(time.Millisecond)
		defer timer.Stop()
		<-timer.C
		return ctx.Err()
	}
	quiet := slog.New(slog.DiscardHandler)
	creds := g.box.Credentials()
	starter, err := clockwork.New(clockwork.Options{BaseURL: g.site.ClockworkURL, Transport: g.http, Now: g.clock.Now, Sleep: noSleep})
	require.NoError(t, err)
	names, err := jira.New(jira.Options{BaseURL: g.site.JiraURL, Email: creds.AtlassianEmail, APIToken: creds.AtlassianAPIToken, Transport: g.http, Sleep: noSleep})
	require.NoError(t, err)
	g.control = &timercontrol.Control{
		Clockwork: starter, Names: names, Owners: timercontrol.OwnerStore{Redis: g.redis, Keys: []*keyed.Key{keyed.New(tokenKey)}}, Cache: g.cache,
		RequestSync: func(context.Context, string) error { return nil }, Now: g.clock.Now, Log: quiet,
		Retry: func(write func(context.Context) error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.late = append(g.late, write)
		},
	}
	g.syncers = []*timersync.Syncer{g.process(), g.process()}
	g.redis.on(g.beforeCommand, g.afterCommand)
	g.moments = newMoments(g.world)
	g.events = listen(g.world)
	return g
}

// tell adds to the story of the round.
func (g *randomRun) tell(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.journal = append(g.journal, fmt.Sprintf(format, args...))
}

// require ends the test with the story, unless err is nil.
func (g *randomRun) require(err error) {
	g.t.Helper()
	if err == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.t.Fatalf("-random.seed %d, round %d: %v\n%s", g.seed, g.rounds, err, strings.Join(g.journal, "\n"))
}

// round lets all actors act at once, then settles.
func (g *randomRun) round() {
	g.rounds++
	g.journal, g.lost = nil, false
	g.rng = rand.New(rand.NewPCG(g.seed, uint64(g.rounds)))
	g.faulty = g.rounds%3 != 0
	if g.rng.IntN(10) == 0 { // nobody is at work: tokens end, names grow old, snapshots become stale
		g.clock.Advance(time.Duration(g.rng.IntN(90)) * time.Minute)
	}
	var all sync.WaitGroup
	for n := range actorCount {
		a := &actor{randomRun: g, name: n, rng: rand.New(rand.NewPCG(g.seed, uint64(g.rounds*100+n)))}
		all.Go(func() {
			for range opsPerRound / actorCount {
				a.act()
			}
		})
	}
	all.Wait()
	g.done += opsPerRound
	g.settle()
}

// settle ends all faults and syncs once: then everything agrees.
func (g *randomRun) settle() {
	g.t.Helper()
	g.mu.Lock()
	g.faulty = false
	g.mu.Unlock()
	g.box.Faults().Clear()
	for id := range g.unreadable {
		g.require(g.box.MakeOdd(id, ""))
	}
	clear(g.unreadable)
	g.endClaims()
	for _, write := range g.late {
		_ = write(context.Background()) // it must undo nothing, whatever happened since
	}
	g.late = nil
	result, err := g.syncers[g.rounds%2].Run(context.Background())
	g.tell("settle: %+v %v", result, err)
	g.require(err)
	g.require(g.compare(g.cache))
	g.require(g.look())
	if g.pageSize > 100 {
		g.require(g.moments.verify())
	}
	g.require(g.events.agree(g.lost, g.mayStop))
	clear(g.mayStop)
}

// endClaims takes back the claims on tokens whose owners failed to: in life
// they end by themselves.
func (g *randomRun) endClaims() {
	for _, key := range []string{forgeKey, connectKey} {
		if got, _ := g.rdb.Get(context.Background(), key).Result(); strings.HasPrefix(got, "acquiring:") {
			g.require(g.rdb.Del(context.Background(), key).Err())
		}
	}
}

var errInjected = errors.New("injected")

// chance is true once in n times while things fail.
func (g *randomRun) chance(n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.faulty && g.rng.IntN(n) == 0
}

func (g *randomRun) beforeCommand(cmd []any) error {
	if g.loseData && g.chance(900) {
		g.mu.Lock()
		g.lost = true
		g.mu.Unlock()
		g.tell("redis: loses everything before %v", cmd[0])
		if err := g.rdb.FlushAll(context.Background()).Err(); err != nil {
			return err
		}
	}
	if g.chance(60) {
		g.tell("redis: %v fails", cmd[0])
		return errInjected
	}
	return nil
}

func (g *randomRun) afterCommand(cmd []any) error {
	if g.chance(60) {
		g.tell("redis: answer of %v is lost", cmd[0])
		return errInjected
	}
	return nil
}

// injectFault makes the next request of some kind fail.
func (a *actor) injectFault() {
	if !a.chance(2) {
		return
	}
	operations := []string{"forge.invoke", "forge.sign_context_token", askUsers, askIssues, "clockwork.start_timer", "clockwork.stop_timer"}
	kinds := []fault.Kind{fault.Status, fault.Reset, fault.Truncated, fault.MalformedJSON, fault.WrongTypes, fault.HTML}
	f := fault.Fault{Operation: operations[a.rng.IntN(len(operations))], Kind: kinds[a.rng.IntN(len(kinds))], After: a.rng.IntN(2) == 0, Count: 1 + a.rng.IntN(3)}
	a.box.Faults().Add(f)
	a.tell("%d spoils %+v", a.name, f)
}
