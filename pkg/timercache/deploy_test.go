package timercache_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/timer"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// earlier writes as the version before this one did: values without an epoch,
// everybody's in one value, a fence for each start or stop, and a record with a
// floor, into which it carries nothing that it does not know.
type earlier struct{ *world }

// earlierSync is that version's record.
type earlierSync struct {
	SyncedAt    time.Time `json:"syncedAt"`
	Version     int64     `json:"version"`
	Source      string    `json:"source"`
	Floor       int64     `json:"floor,omitempty"`
	RefreshedAt time.Time `json:"refreshedAt,omitzero"`
	ActiveAt    time.Time `json:"activeAt,omitzero"`
	EnrichedAt  time.Time `json:"enrichedAt,omitzero"`
}

const allKey = "clockwork:timers:all"

func (w earlier) write(key string, v any, life time.Duration) {
	w.t.Helper()
	encoded, err := json.Marshal(v)
	require.NoError(w.t, err)
	require.NoError(w.t, w.rdb.Set(context.Background(), key, encoded, life).Err())
}

func (w earlier) value(key, account, email string, version int64, timers []timer.Timer) {
	v := timercache.NewValue(timercache.About{CachedAt: w.clock.Now(), UserKey: account, Version: version, Email: email}, timers...)
	w.write(key, json.RawMessage(v.Encode()), 7*24*time.Hour)
}

// list is everybody's value as that version reads it: MGET skips a hash.
func (w earlier) list() string {
	w.t.Helper()
	values, err := w.rdb.MGet(context.Background(), allKey).Result()
	require.NoError(w.t, err)
	text, _ := values[0].(string)
	return text
}

// state reads the record and everybody's timers; known is false if it would not
// believe the latter.
func (w earlier) state() (state earlierSync, all timercache.Value, known bool) {
	if raw := w.get("clockwork:sync"); raw != "" {
		require.NoError(w.t, json.Unmarshal([]byte(raw), &state))
	}
	all, known = timercache.DecodeValue(w.list())
	return state, all, known && !state.SyncedAt.IsZero() && all.Version >= state.Floor
}

func (w earlier) next(state earlierSync) int64 {
	return max(state.Version+1, w.clock.Now().UnixMilli())
}

// syncAll is a sync that writes everything.
func (w earlier) syncAll(timers ...timer.Timer) {
	w.t.Helper()
	state, all, _ := w.state()
	now := w.clock.Now()
	state.Version = w.next(state)
	state.SyncedAt, state.Source, state.Floor, state.RefreshedAt, state.ActiveAt = now, "forge", state.Version, now, now
	s := w.seen(timers...)
	is := timer.ByAccount(s.Timers)
	for account := range timer.ByAccount(append(all.Timers, s.Timers...)) {
		w.user(account, account+"@example.test", state.Version, is[account])
	}
	timer.SortNewestFirst(s.Timers)
	w.value(allKey, "all", "", state.Version, s.Timers)
	w.write("clockwork:sync", state, 7*24*time.Hour)
	w.del("clockwork:active_users", "clockwork:pending")
	for _, account := range slices.Collect(maps.Keys(is)) {
		require.NoError(w.t, w.rdb.SAdd(context.Background(), "clockwork:active_users", account).Err())
	}
}

func (w earlier) user(account, email string, version int64, timers []timer.Timer) {
	for _, key := range []string{account, email} {
		w.value("clockwork:timers:"+key, account, email, version, timers)
	}
}

// A Redis user who may use nothing but the keys and channels with the prefix is enough,
// also for the fences of an earlier version.
func TestKeysHaveThePrefix(t *testing.T) {
	addr := redisserver.Start(t)
	admin := goredis.NewClient(&goredis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
	defer func() { _ = admin.Close() }()
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "acme", "on", ">pw", "~acme:*", "&acme:*", "+@all").Err())
	client, err := tcp.New("redis://acme:pw@"+addr, redis.Options{Timeout: time.Minute, Prefix: "acme:"})
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	w := newWorld(t, client, addr)
	w.sync(running(1, "ann", "A-1", time.Hour))
	w.clock.Advance(time.Second)
	w.started("ann", "A-2")
	assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
	require.NoError(t, admin.Set(t.Context(), "acme:clockwork:fence:ann", "now", 0).Err())
	require.NoError(t, admin.Del(t.Context(), "acme:clockwork:sync", "acme:"+timercache.PeopleKey).Err())
	assert.Equal(t, 1, w.sync(running(1, "ann", "A-1", time.Hour)).Fenced)
}

// act is a start or stop.
func (w earlier) act(account string, change func([]timer.Timer) []timer.Timer) {
	w.t.Helper()
	state, all, known := w.state()
	own, found := timercache.DecodeValue(w.get("clockwork:timers:" + account))
	now := w.clock.Now()
	var before []timer.Timer
	switch {
	case known:
		before = timer.ByAccount(timer.Advance(all.Timers, all.CachedAt, now))[account]
	case found && now.Sub(own.CachedAt) <= 10*time.Minute:
		before = timer.Advance(own.Timers, own.CachedAt, now)
	}
	after := change(slices.Clone(before))
	timer.SortNewestFirst(after)
	version := max(w.next(state), own.Version+1)
	require.NoError(w.t, w.rdb.Set(context.Background(), "clockwork:fence:"+account, now.Format("2006-01-02T15:04:05.000Z07:00"), 10*time.Minute).Err())
	w.user(account, cmp.Or(own.Email, account+"@example.test"), version, after)
	if !known {
		w.write("clockwork:pending", []string{account}, 10*time.Minute)
		return
	}
	rest := slices.DeleteFunc(timer.Advance(all.Timers, all.CachedAt, now), func(t timer.Timer) bool { return t.RunningFor == account })
	rest = append(rest, after...)
	timer.SortNewestFirst(rest)
	state.Version = version
	w.value(allKey, "all", "", version, rest)
	w.write("clockwork:sync", state, 7*24*time.Hour)
}

func (w earlier) start(account, issue string) {
	w.act(account, func(timers []timer.Timer) []timer.Timer {
		return append(timers, provisional(account, issue, w.clock.Now()))
	})
}

func (w earlier) stop(account, issue string) {
	w.act(account, func(timers []timer.Timer) []timer.Timer {
		return slices.DeleteFunc(timers, func(t timer.Timer) bool { return t.Issue.Key == issue })
	})
}

// issuesOfEarlier is what the earlier version's reader of one person sees.
func (w earlier) issuesOfEarlier(key string) []string {
	w.t.Helper()
	state, _, _ := w.state()
	own, ok := timercache.DecodeValue(w.get("clockwork:timers:" + key))
	if !ok || own.Version < state.Floor {
		return []string{}
	}
	return issuesOf(own.Timers)
}

func earlierFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "earlier", name+".json"))
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}

// What the earlier version stored is read as it was meant.
func TestEarlierValues(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for key, file := range map[string]string{"timers:ann": "value", "timers:ann@example.test": "value", "timers:all": "value-of-everybody", "sync": "sync"} {
			w.set("clockwork:"+key, earlierFile(t, file))
		}
		w.clock.Advance(10 * time.Second)
		for _, subject := range []timercache.Subject{ann, annByMail} {
			w.redis.take()
			got := w.read(subject)
			assert.Equal(t, []string{"MGET"}, w.redis.take())
			assert.Equal(t, []string{"A-2", "A-1"}, issuesOf(got.Timers))
			assert.Equal(t, int64(90), got.Timers[0].TillNow, "on hold")
			assert.Equal(t, int64(3610), got.Timers[1].TillNow)
			assert.Equal(t, start, *got.SyncedAt)
			assert.Equal(t, "ann", got.AccountID)
		}
		assert.Empty(t, w.issues(bob))
		assert.NotNil(t, w.read(bob).SyncedAt, "synced, and he runs nothing")
		assert.Nil(t, w.read(everybody).SyncedAt, "nobody has listed everybody yet")

		w.stopped("ann", "A-2")
		w.clock.Advance(time.Second)
		w.started("ann", "A-3")
		for _, subject := range []timercache.Subject{ann, annByMail} {
			got := w.read(subject)
			assert.Equal(t, []string{"A-3", "A-1"}, issuesOf(got.Timers))
			assert.Equal(t, int64(3611), got.Timers[1].TillNow)
		}
	})
}

func TestEarlierProvisionalAndEmptyValues(t *testing.T) {
	w := onMini(t)
	w.set("clockwork:sync", earlierFile(t, "sync-after-a-start"))
	w.clock.Advance(2 * time.Second)
	w.set("clockwork:timers:ann", earlierFile(t, "value-of-a-provisional-timer"))
	assert.Equal(t, []string{"A-3"}, w.issues(ann))
	w.set("clockwork:timers:ann", earlierFile(t, "value-of-nothing"))
	assert.Empty(t, w.issues(ann))
	w.started("ann", "A-4")
	assert.Equal(t, []string{"A-4"}, w.issues(annByMail), "the address that the empty list remembers")
}

// A sync moves all that the earlier version left.
func TestSyncMovesTheEarlierLayout(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		old := earlier{w}
		a, b, c := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour), running(3, "cleo", "C-1", time.Hour)
		old.syncAll(a, b, c)
		w.clock.Advance(time.Minute)
		w.sync(a, b, running(4, "dee", "D-1", 0))
		assert.Empty(t, old.list(), "the earlier version must not find an old list")
		assert.Equal(t, []string{"A-1", "B-1", "D-1"}, sorted(w.issues(everybody)))
		for subject, want := range map[timercache.Subject][]string{ann: {"A-1"}, annByMail: {"A-1"}, bob: {"B-1"},
			{AccountID: "cleo"}: {}, byMail("cleo@example.test"): {}, {AccountID: "dee"}: {"D-1"}} {
			assert.Equal(t, want, w.issues(subject), "%v", subject)
			assert.NotNil(t, w.read(subject).SyncedAt)
		}
		assert.Equal(t, []string{"ann", "bob", "dee"}, w.active())
		assert.Equal(t, []string{"A-1"}, old.issuesOfEarlier("ann"), "which that version reads as well")
		assert.Equal(t, []string{"D-1"}, old.issuesOfEarlier("dee@example.test"))
		w.clock.Advance(time.Second)
		mark, fetchedAt := w.unchanged(a, b, running(4, "dee", "D-1", 0))
		_, err := w.cache.Confirm(t.Context(), mark, fetchedAt)
		require.NoError(t, err)
	})
}

// A start or stop that the earlier version writes while a sync of this one goes
// on is left alone, whatever that machine's clock says.
func TestEarlierActDuringTheMove(t *testing.T) {
	for name, skew := range map[string]time.Duration{"clocks-agree": 0, "a-minute-behind": -time.Minute, "a-minute-ahead": time.Minute} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				old := earlier{w}
				a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
				old.syncAll(a, b)
				w.clock.Advance(time.Hour)
				run := w.stage(w.seen(a, b, running(3, "cleo", "C-1", time.Hour)))
				w.clock.Advance(time.Second + skew)
				old.start("ann", "A-2")
				old.stop("bob", "B-1")
				w.clock.Advance(time.Second - skew)
				if _, err := w.cache.Commit(t.Context(), run); err != nil { // the record has changed
					require.ErrorIs(t, err, timercache.ErrNotStaged)
					w.sync(a, b, running(3, "cleo", "C-1", time.Hour))
				}
				for _, subject := range []timercache.Subject{ann, annByMail} {
					assert.Equal(t, []string{"A-2", "A-1"}, sortedDown(w.issues(subject)))
				}
				assert.Empty(t, w.issues(bob))
				assert.Equal(t, []string{"A-1", "A-2", "C-1"}, sorted(w.issues(everybody)), "a fence says that this is newer")
				w.clock.Advance(time.Second)
				w.sync(a, provisional("ann", "A-2", w.clock.Now()))
				assert.Equal(t, []string{"A-2", "A-1"}, w.issues(ann))
				assert.Empty(t, w.issues(bob))
				assert.Equal(t, []string{"A-2", "A-1"}, w.issues(everybody))
			})
		})
	}
}

// Both versions serve for a while: whoever started or stopped something on
// either side sees it, and the next sync of this version lists it.
func TestBothVersionsAtOnce(t *testing.T) {
	a, b := running(1, "ann", "A-1", time.Hour), running(2, "bob", "B-1", time.Hour)
	for name, act := range map[string]func(w *world, old earlier){
		"old-then-new": func(w *world, old earlier) {
			old.start("ann", "A-2")
			w.clock.Advance(time.Second)
			assert.Equal(w.t, []string{"A-2", "A-1"}, w.issues(ann))
			w.stopped("ann", "A-1")
		},
		"new-then-old": func(w *world, old earlier) {
			w.started("ann", "A-2")
			w.clock.Advance(time.Second)
			assert.Equal(w.t, []string{"A-2", "A-1"}, w.issues(annByMail))
			old.stop("ann", "A-1")
		},
		"old-sync-between": func(w *world, old earlier) {
			w.started("ann", "A-2")
			w.clock.Advance(time.Second)
			old.syncAll(a, b, provisional("ann", "A-2", w.clock.Now()))
			assert.Equal(w.t, []string{"A-2", "A-1"}, w.issues(annByMail))
			w.clock.Advance(time.Second)
			w.stopped("ann", "A-1")
		},
		"new-sync-between": func(w *world, old earlier) {
			old.start("ann", "A-2")
			w.clock.Advance(time.Second)
			w.sync(a, b, provisional("ann", "A-2", w.clock.Now()))
			assert.Equal(w.t, []string{"A-2", "A-1"}, w.issues(annByMail))
			w.clock.Advance(time.Second)
			old.stop("ann", "A-1")
		},
	} {
		for from, begin := range map[string]func(w *world, old earlier){
			"old-layout": func(_ *world, old earlier) { old.syncAll(a, b) },
			"new-layout": func(w *world, _ earlier) { w.sync(a, b) },
		} {
			t.Run(from+"/"+name, func(t *testing.T) {
				onEach(t, func(t *testing.T, w *world) {
					old := earlier{w}
					begin(w, old)
					w.clock.Advance(time.Minute)
					act(w, old)
					for _, subject := range []timercache.Subject{ann, annByMail} {
						assert.Equal(t, []string{"A-2"}, w.issues(subject))
						assert.NotNil(t, w.read(subject).SyncedAt)
					}
					assert.Equal(t, []string{"A-2"}, old.issuesOfEarlier("ann"), "the earlier version reads it too")
					assert.Equal(t, []string{"B-1"}, w.issues(bob))
					for range 2 { // the first may leave alone who has a fence
						w.clock.Advance(time.Second)
						w.sync(b, provisional("ann", "A-2", w.clock.Now()))
						assert.Equal(t, []string{"A-2"}, w.issues(ann))
						assert.Equal(t, []string{"A-2", "B-1"}, w.issues(everybody))
						for _, key := range []string{"ann", "ann@example.test"} {
							assert.Equal(t, []string{"A-2"}, old.issuesOfEarlier(key), "it believes what was left alone")
						}
					}
				})
			})
		}
	}
}
