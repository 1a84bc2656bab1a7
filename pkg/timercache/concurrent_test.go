package timercache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

const (
	accounts     = 12
	snapshotters = 2
)

// opsEach is how many starts and stops each account makes: most of them on the
// server that is meant to serve many.
var opsEach = map[string]int{"redis": 20, "upstash": 8}

// upstream is what really runs: starts and stops through the backend, and
// those by other ways, which only snapshots show.
type upstream struct {
	mu      sync.Mutex
	nextID  int64
	running map[string][]timer.Timer
}

func (u *upstream) start(account, issue string, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.nextID++
	x := running(u.nextID, account, issue, 0)
	x.StartedAt = at
	u.running[account] = append(u.running[account], x)
}

func (u *upstream) stop(account, issue string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.running[account] = slices.DeleteFunc(slices.Clone(u.running[account]), func(x timer.Timer) bool { return x.Issue.Key == issue })
}

// page is one account's timers as of now.
func (u *upstream) page(account string, now time.Time) []timer.Timer {
	u.mu.Lock()
	defer u.mu.Unlock()
	timers := slices.Clone(u.running[account])
	for i := range timers {
		timers[i].TillNow = max(int64(now.Sub(timers[i].StartedAt)/time.Second), 0)
	}
	return timers
}

// race is one run of everything at once. Each snapshot marks its timers with
// its generation, so that a mix of two can be seen.
type race struct {
	*world
	up upstream

	mu          sync.Mutex
	fetches     int
	generations map[string]time.Time // when the first fetch of each began
	acted       map[string]time.Time // when each account's last start or stop was over, or never
}

func accountName(i int) string { return "acc-" + strconv.Itoa(i) }

func (r *race) now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// sync is one whole sync; a generation spans a few, so that some find nothing new.
func (r *race) sync(ctx context.Context, runID string) error {
	r.mu.Lock()
	r.fetches++
	generation, fetchedAt := fmt.Sprintf("%06d", r.fetches/3), r.now()
	if _, known := r.generations[generation]; !known {
		r.generations[generation] = fetchedAt
	}
	r.mu.Unlock()
	base, _, err := r.cache.Base(ctx)
	if err != nil {
		return err
	}
	s := timercache.Snapshot{FetchedAt: fetchedAt, CachedAt: r.now(), Source: "forge"}
	for i := range accounts { // page by page: the list moves while it is read
		for _, x := range r.up.page(accountName(i), s.CachedAt) {
			s.Timers = append(s.Timers, commented(x, generation))
		}
	}
	mark, same, err := r.cache.Propose(ctx, runID, base, s)
	if err != nil {
		return err
	}
	if same {
		_, err = r.cache.Confirm(ctx, mark, s.FetchedAt)
		return err
	}
	_, err = r.cache.Commit(ctx, runID)
	return err
}

// never is when a start or stop is over that still goes on: others may see it.
var never = time.Unix(1<<40, 0)

func (r *race) acts(account string, over time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acted[account] = over
}

// client starts and stops timers of one account and looks at once whether
// that shows.
func (r *race) client(ctx context.Context, t *testing.T, account string, ops int) {
	email := account + "@example.test"
	mine := map[string]bool{}
	for op := range ops {
		issue := "B-" + strconv.Itoa(rand.IntN(3))
		switch {
		case rand.IntN(4) == 0: // by another way, on issues of their own
			other := "X-" + strconv.Itoa(rand.IntN(2))
			r.up.stop(account, other)
			if rand.IntN(2) == 0 {
				r.up.start(account, other, r.now())
			}
			continue
		case mine[issue]:
			r.up.stop(account, issue)
			r.acts(account, never)
			if !assert.NoError(t, r.cache.Stopped(ctx, owner(account), timer.Issue{Key: issue, ID: issueID(issue)}, r.now(), nil)) {
				return
			}
		default:
			now := r.now()
			r.up.start(account, issue, now)
			r.acts(account, never)
			if !assert.NoError(t, r.cache.Started(ctx, timer.Person{AccountID: account, EmailAddress: email}, provisional(account, issue, now), "", nil)) {
				return
			}
		}
		mine[issue] = !mine[issue]
		r.acts(account, r.now())
		for _, subject := range []timercache.Subject{{AccountID: account}, {Email: email}, {}} {
			view, err := r.cache.Read(ctx, subject)
			if !assert.NoError(t, err) {
				return
			}
			shown := slices.ContainsFunc(view.Timers, func(x timer.Timer) bool { return x.RunningFor == account && x.Issue.Key == issue })
			assert.Equal(t, mine[issue], shown, "%s %s after op %d", account, issue, op)
		}
	}
}

// inspect reads one account's keys and the hash of people at one moment.
func (r *race) inspect(ctx context.Context, t *testing.T, account string) {
	tx := r.rdb.TxPipeline()
	own := tx.MGet(ctx, "clockwork:timers:"+account, "clockwork:timers:"+account+"@example.test")
	people := tx.HGetAll(ctx, timercache.PeopleKey)
	if _, err := tx.Exec(ctx); !assert.NoError(t, err) {
		return
	}
	var everybody []timer.Timer
	for field, text := range people.Val() {
		if v, ok := timercache.DecodeValue(text); field[0] != '@' && assert.True(t, ok, field) {
			everybody = append(everybody, v.Timers...)
		}
	}
	r.checkGenerations(t, everybody)
	held := own.Val()
	if held[0] == nil {
		assert.Empty(t, people.Val()[account])
		return
	}
	assert.Equal(t, held[0], held[1], "both keys hold the same")
	assert.Equal(t, held[0], people.Val()[account], "and so does the hash of people")
}

// checkGenerations finds a list that mixes snapshots: only an account that
// started or stopped something since the newest fetch may be from an older one.
func (r *race) checkGenerations(t *testing.T, timers []timer.Timer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of, newest := map[string]string{}, ""
	for _, x := range timers {
		if x.Comment == nil {
			continue // not in any snapshot yet
		}
		if seen, ok := of[x.RunningFor]; ok {
			assert.Equal(t, seen, *x.Comment, "timers of %s come from two snapshots", x.RunningFor)
		}
		of[x.RunningFor] = *x.Comment
		newest = max(newest, *x.Comment)
	}
	for account, generation := range of {
		if generation != newest {
			assert.False(t, r.acted[account].Before(r.generations[newest]),
				"%s is from snapshot %s in a list of %s", account, generation, newest)
		}
	}
}

func TestEverythingAtOnce(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			client, addr := open(t)
			r := &race{world: newWorld(t, client, addr), up: upstream{running: map[string][]timer.Timer{}},
				generations: map[string]time.Time{}, acted: map[string]time.Time{}}
			r.cache = timercache.New(r.redis, "", nil)
			ctx := t.Context()
			require.NoError(t, r.sync(ctx, "first"))
			stop := r.listen(t, nil)

			var over atomic.Bool
			var clients, others sync.WaitGroup
			for i := range accounts {
				clients.Go(func() { r.client(ctx, t, accountName(i), opsEach[name]) })
			}
			for i := range snapshotters {
				others.Go(func() {
					for n := 0; !over.Load(); n++ {
						if err := r.sync(ctx, fmt.Sprintf("%d-%d", i, n)); !errors.Is(err, timercache.ErrNotStaged) {
							assert.NoError(t, err)
						}
					}
				})
			}
			others.Go(func() {
				for n := 0; !over.Load(); n++ {
					r.inspect(ctx, t, accountName(n%accounts))
				}
			})
			clients.Wait()
			over.Store(true)
			others.Wait()
			r.settled(ctx, t)
			r.replayed(t, stop())
		})
	}
}

// settled syncs once more, after all is quiet, and compares with the truth.
func (r *race) settled(ctx context.Context, t *testing.T) {
	t.Helper()
	quiet := r.now()
	require.Eventually(t, func() bool { return r.now().After(quiet) }, patience, time.Millisecond)
	require.NoError(t, r.sync(ctx, "last"))
	all, err := r.cache.Read(ctx, everybody)
	require.NoError(t, err)
	total := 0
	for i := range accounts {
		account := accountName(i)
		want := r.up.page(account, r.now())
		total += len(want)
		for _, subject := range []timercache.Subject{{AccountID: account}, {Email: account + "@example.test"}} {
			view, err := r.cache.Read(ctx, subject)
			require.NoError(t, err)
			assert.ElementsMatch(t, ids(want), ids(view.Timers), account)
		}
	}
	assert.Len(t, all.Timers, total)
	for _, x := range all.Timers {
		assert.Positive(t, x.ID, "each is confirmed")
	}
}

// replayed applies the events in order and compares what runs then.
func (r *race) replayed(t *testing.T, events []published) {
	t.Helper()
	got := replay(t, events)
	want := map[string]bool{}
	for account, timers := range r.up.running {
		for _, x := range timers {
			want["cw:"+account+":"+x.Issue.Key] = true
		}
	}
	assert.Equal(t, want, got, "events replayed in order give what runs")
}

// replay applies events in order, and returns the ids of what runs then.
func replay(t *testing.T, events []published) map[string]bool {
	t.Helper()
	running := map[string]bool{}
	for _, event := range wireEvents(t, events) {
		if event.Payload.Status == "stopped" {
			assert.True(t, running[event.Payload.ID], "%s stopped twice", event.Payload.ID)
			delete(running, event.Payload.ID)
		} else {
			running[event.Payload.ID] = true
		}
	}
	return running
}
