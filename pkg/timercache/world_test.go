package timercache_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
	"github.com/clockwork-timer/backend/sandbox/upstashrest"
)

// start is when the worlds of these tests begin.
var start = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// patience is how long a call may take on a busy machine.
const patience = 30 * time.Second

// backends are the ways to a Redis; every promise is kept over each of them. The one
// over REST is over miniredis, which cmd/dev uses too.
var backends = map[string]func(t testing.TB) (timercache.Redis, string){
	"redis": func(t testing.TB) (timercache.Redis, string) {
		addr := redisserver.Start(t)
		return redisclient.OverTCP(t, addr), addr
	},
	"upstash": func(t testing.TB) (timercache.Redis, string) {
		server, client := redisclient.OverREST(t, upstashrest.Options{})
		return client(), server.Addr()
	},
}

// onEach runs a test over every backend.
func onEach(t *testing.T, test func(t *testing.T, w *world)) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, addr := open(t)
			test(t, newWorld(t, client, addr))
		})
	}
}

// onMini runs a test over miniredis alone: for what is decided in Go.
func onMini(t *testing.T) *world {
	t.Helper()
	addr := miniredis.RunT(t).Addr()
	return newWorld(t, redisclient.OverTCP(t, addr), addr)
}

// world is a cache with its Redis, its clock, and a look behind.
type world struct {
	t     testing.TB
	cache *timercache.Cache
	redis *tap
	rdb   *goredis.Client // behind the cache's back
	clock *manualclock.Clock
	runs  int
}

func newWorld(t testing.TB, client timercache.Redis, addr string) *world {
	w := &world{t: t, redis: &tap{Redis: client}, clock: manualclock.New(start)}
	w.rdb = goredis.NewClient(&goredis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { _ = w.rdb.Close() })
	w.cache = timercache.New(w.redis, "", w.clock.Now)
	return w
}

// fault is what befalls a command: it is refused, or its answer is lost after it
// took effect.
type fault struct{ fails, after bool }

var errFault = errors.New("connection reset by a test")

// tap sees each command before it is sent, and may act, refuse it, or lose its
// answer.
type tap struct {
	timercache.Redis
	mu      sync.Mutex
	sent    []string // names of commands
	before  func(cmd []any) error
	failing func(cmd []any) fault
}

func (r *tap) Do(ctx context.Context, cmd ...any) (any, error) {
	r.mu.Lock()
	r.sent = append(r.sent, cmd[0].(string))
	before := r.before
	r.mu.Unlock()
	if before != nil {
		if err := before(cmd); err != nil {
			return nil, err
		}
	}
	f := r.fault(cmd)
	if f.fails && !f.after {
		return nil, errFault
	}
	reply, err := r.Redis.Do(ctx, cmd...)
	if f.fails {
		return nil, errFault
	}
	return reply, err
}

func (r *tap) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	r.mu.Lock()
	for _, cmd := range cmds {
		r.sent = append(r.sent, cmd[0].(string))
	}
	r.mu.Unlock()
	f := r.fault(cmds[0])
	if f.fails && !f.after {
		return nil, errFault
	}
	replies, err := r.Redis.Pipeline(ctx, cmds...)
	if f.fails {
		return nil, errFault
	}
	return replies, err
}

func (r *tap) fault(cmd []any) fault {
	if r.failing == nil {
		return fault{}
	}
	return r.failing(cmd)
}

// take returns the commands sent since the last call.
func (r *tap) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

// intercept calls act once, before the next command of that name is sent.
func (w *world) intercept(name string, act func()) {
	w.redis.mu.Lock()
	defer w.redis.mu.Unlock()
	w.redis.before = func(cmd []any) error {
		if cmd[0] != name {
			return nil
		}
		w.redis.mu.Lock()
		w.redis.before = nil
		w.redis.mu.Unlock()
		act()
		return nil
	}
}

// running is a timer of an account that began some time before the start.
func running(id int64, account, issue string, age time.Duration) timer.Timer {
	return timer.Timer{
		ID: id, StartedAt: start.Add(-age), RunningFor: account, TillNow: int64(age / time.Second),
		Issue:  timer.Issue{Key: issue, ID: issueID(issue)},
		Author: &timer.Person{AccountID: account, EmailAddress: account + "@Example.test", DisplayName: account},

		WithinWorkingHours: true, StartedWithinWorkingHours: true,
	}
}

// issueID is the id of an issue that was never moved.
func issueID(key string) int64 {
	id := int64(1)
	for _, letter := range []byte(key) {
		id = id*31 + int64(letter)
	}
	return id
}

// provisional is a timer that begins at now and has no id of Clockwork's.
func provisional(account, issue string, now time.Time) timer.Timer {
	t := running(0, account, issue, 0)
	t.ID, t.StartedAt = -now.UnixMilli(), now
	return t
}

func commented(t timer.Timer, comment string) timer.Timer {
	t.Comment = &comment
	return t
}

// owner is the person of an account, as a start or stop knows them.
func owner(account string) timer.Person { return timer.Person{AccountID: account} }

// seen is what the upstream says now: the timers grown to the present.
func (w *world) seen(timers ...timer.Timer) timercache.Snapshot {
	now := w.clock.Now()
	list := make([]timer.Timer, len(timers))
	for i, t := range timers {
		if t.WithinWorkingHours {
			t.TillNow = int64(now.Sub(t.StartedAt) / time.Second)
		}
		list[i] = t
	}
	return timercache.Snapshot{Timers: list, FetchedAt: now, CachedAt: now, Source: "forge"}
}

// base reads what the cache holds.
func (w *world) base() timercache.Base {
	w.t.Helper()
	base, _, err := w.cache.Base(context.Background())
	require.NoError(w.t, err)
	return base
}

func (w *world) nextRun() string {
	w.runs++
	return "run-" + strconv.Itoa(w.runs)
}

// propose compares a snapshot, and stages what changes as a run of its own.
func (w *world) propose(base timercache.Base, s timercache.Snapshot) (runID string, mark timercache.Mark, same bool) {
	w.t.Helper()
	runID = w.nextRun()
	mark, same, err := w.cache.Propose(context.Background(), runID, base, s)
	require.NoError(w.t, err)
	return runID, mark, same
}

// stage compares a snapshot with what the cache holds now, as if its fetch began
// here, and stages what changes.
func (w *world) stage(s timercache.Snapshot) (runID string) {
	w.t.Helper()
	runID, _, _ = w.propose(w.base(), s)
	return runID
}

func (w *world) commit(s timercache.Snapshot) timercache.Result {
	w.t.Helper()
	result, err := w.cache.Commit(context.Background(), w.stage(s))
	require.NoError(w.t, err)
	return result
}

// settle writes a snapshot, unless the cache holds it already.
func (w *world) settle(base timercache.Base, s timercache.Snapshot) (result timercache.Result, written bool) {
	w.t.Helper()
	ctx := context.Background()
	run, mark, same := w.propose(base, s)
	var err error
	if same {
		result, err = w.cache.Confirm(ctx, mark, s.FetchedAt)
	} else {
		result, err = w.cache.Commit(ctx, run)
	}
	require.NoError(w.t, err)
	return result, !same
}

// sync does what a whole sync does: read the base, fetch, compare, and write
// only what is new.
func (w *world) sync(timers ...timer.Timer) timercache.Result {
	w.t.Helper()
	result, _ := w.settle(w.base(), w.seen(timers...))
	return result
}

func (w *world) started(account, issue string) {
	w.t.Helper()
	require.NoError(w.t, w.cache.Started(context.Background(), owner(account), provisional(account, issue, w.clock.Now()), "", nil))
}

func (w *world) stopped(account, issue string) {
	w.t.Helper()
	require.NoError(w.t, w.cache.Stopped(context.Background(), owner(account), timer.Issue{Key: issue}, w.clock.Now(), nil))
}

func (w *world) read(subject timercache.Subject) timercache.View {
	w.t.Helper()
	view, err := w.cache.Read(context.Background(), subject)
	require.NoError(w.t, err)
	return view
}

// wait is the cache's Wait with the timers decoded.
func (w *world) wait(ctx context.Context, subject timercache.Subject, etag string, wait time.Duration) (timercache.View, error) {
	page, err := w.cache.Wait(ctx, subject, etag, wait)
	view := timercache.View{Status: page.Status}
	if err == nil {
		require.NoError(w.t, json.Unmarshal(page.Timers, &view.Timers))
	}
	return view, err
}

// issues are the issues that a subject's timers run on, newest first; never nil.
func (w *world) issues(subject timercache.Subject) []string {
	w.t.Helper()
	return issuesOf(w.read(subject).Timers)
}

func issuesOf(timers []timer.Timer) []string {
	keys := []string{}
	for _, t := range timers {
		keys = append(keys, t.Issue.Key)
	}
	return keys
}

// Subjects of the tests.
var (
	everybody = timercache.Subject{}
	ann       = timercache.Subject{AccountID: "ann"}
	bob       = timercache.Subject{AccountID: "bob"}
	annByMail = timercache.Subject{Email: "ann@example.test"}
)

func (w *world) get(key string) string {
	w.t.Helper()
	got, err := w.rdb.Get(context.Background(), key).Result()
	if err == goredis.Nil {
		return ""
	}
	require.NoError(w.t, err)
	return got
}

func (w *world) set(key, value string) {
	w.t.Helper()
	require.NoError(w.t, w.rdb.Set(context.Background(), key, value, 0).Err())
}

// list puts a text into the hash of people.
func (w *world) list(field, value string) {
	w.t.Helper()
	require.NoError(w.t, w.rdb.HSet(context.Background(), timercache.PeopleKey, field, value).Err())
}

func (w *world) del(keys ...string) {
	w.t.Helper()
	require.NoError(w.t, w.rdb.Del(context.Background(), keys...).Err())
}

func (w *world) flush() {
	w.t.Helper()
	require.NoError(w.t, w.rdb.FlushAll(context.Background()).Err())
}

// dump is every text in Redis by its key, the hash's fields by key and field.
func (w *world) dump() map[string]string {
	w.t.Helper()
	ctx := context.Background()
	keys, err := w.rdb.Keys(ctx, "clockwork:*").Result()
	require.NoError(w.t, err)
	texts := map[string]string{}
	for _, key := range keys {
		switch key {
		case timercache.PeopleKey:
			fields, err := w.rdb.HGetAll(ctx, key).Result()
			require.NoError(w.t, err)
			for field, text := range fields {
				texts[key+"/"+field] = text
			}
		case "clockwork:active_users":
			texts[key] = strings.Join(w.active(), ",")
		default:
			texts[key] = w.get(key)
		}
	}
	return texts
}

// active is the set of active users.
func (w *world) active() []string {
	w.t.Helper()
	members, err := w.rdb.SMembers(context.Background(), "clockwork:active_users").Result()
	require.NoError(w.t, err)
	return sorted(members)
}

// ttl asserts the lifetime of keys, to within ten seconds.
func (w *world) ttl(want time.Duration, keys ...string) {
	w.t.Helper()
	for _, key := range keys {
		got, err := w.rdb.TTL(context.Background(), key).Result()
		require.NoError(w.t, err)
		assert.InDelta(w.t, want.Seconds(), got.Seconds(), 10, key)
	}
}

// team is n people with a timer each, whose texts hold what quoting could spoil.
func team(n int) []timer.Timer {
	timers := make([]timer.Timer, n)
	for i := range timers {
		account := "user-" + strconv.Itoa(i)
		timers[i] = commented(running(int64(i+1), account, "T-"+strconv.Itoa(i), time.Duration(i+1)*time.Minute), `@1@ "quoted" \ <b> é 世 `+"\u2028\n")
	}
	return timers
}

func sorted(texts []string) []string { slices.Sort(texts); return texts }

func sortedDown(texts []string) []string {
	slices.Sort(texts)
	slices.Reverse(texts)
	return texts
}
