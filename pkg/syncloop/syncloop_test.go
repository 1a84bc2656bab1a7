package syncloop_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/syncloop"
	"github.com/clockwork-timer/backend/pkg/timercache"
	"github.com/clockwork-timer/backend/pkg/timersource"
	"github.com/clockwork-timer/backend/pkg/upstream"
	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

// alone is a Redis that always grants the lock, for tests on a clock of their own.
type alone struct{}

func (alone) Do(_ context.Context, cmd ...any) (any, error) {
	if cmd[0] == "SET" {
		return "OK", nil
	}
	return int64(1), nil
}

// run runs a loop until the returned function is called, which waits for its end.
func run(l *syncloop.Loop) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	return func() { cancel(); <-ended }
}

func options(redis syncloop.Redis, every time.Duration, sync func(context.Context) (timercache.Result, error)) syncloop.Options {
	return syncloop.Options{Sync: sync, Redis: redis, Every: every, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
}

// However often a sync is requested, there is a pause between two; and what is
// requested while one runs, or in the pause, comes after it.
func TestRequestsShareSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began []time.Time
		l := syncloop.New(options(alone{}, time.Minute, func(context.Context) (timercache.Result, error) {
			began = append(began, time.Now())
			time.Sleep(500 * time.Millisecond)
			return timercache.Result{}, nil
		}))
		stop := run(l)
		var last time.Time
		for range 100 {
			last = time.Now()
			require.NoError(t, l.Request(t.Context(), ""))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(4 * time.Second)
		stop()
		assert.Len(t, began, 6, "in ten seconds, and one for what came last")
		for n, at := range began[1:] {
			assert.GreaterOrEqual(t, at.Sub(began[n]), 2*time.Second)
		}
		assert.False(t, began[len(began)-1].Before(last))
		assert.ErrorIs(t, l.Request(t.Context(), ""), syncloop.ErrEnded, "nothing would run")
	})
}

func TestSchedule(t *testing.T) {
	permanent := timersource.ErrSessionExpired
	for name, tt := range map[string]struct {
		err      func(n int) error
		min, max int // syncs in ten minutes
	}{
		"jittered":               {func(int) error { return nil }, 10, 12},
		"panics-are-contained":   {func(int) error { panic("odd") }, 13, 18},
		"failures-are-retried":   {func(n int) error { return map[bool]error{true: errors.New("down")}[n < 3] }, 12, 14},
		"permanent-ones-are-not": {func(int) error { return permanent }, 10, 12},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				stop := run(syncloop.New(options(alone{}, time.Minute, func(context.Context) (timercache.Result, error) {
					n++
					return timercache.Result{}, tt.err(n)
				})))
				time.Sleep(10 * time.Minute)
				stop()
				assert.GreaterOrEqual(t, n, tt.min)
				assert.LessOrEqual(t, n, tt.max)
			})
		})
	}
}

// server is one of several on a Redis; it can be cut off from it as if killed.
type server struct {
	*syncloop.Loop
	redis   *redis.Client
	stop    func()
	killed  atomic.Bool
	blocked chan struct{} // a sync waits here if it is set
	lost    atomic.Int64  // syncs that were cut short
}

func (s *server) Do(ctx context.Context, cmd ...any) (any, error) {
	if s.killed.Load() {
		return nil, errors.New("killed")
	}
	return s.redis.Do(ctx, cmd...)
}

// fleet counts the syncs of all its servers, and how many ran at once.
type fleet struct {
	addr           string
	mu             sync.Mutex
	running, most  int
	syncs          atomic.Int64
	lease, between time.Duration
}

func (f *fleet) start(t *testing.T, block bool) *server {
	t.Helper()
	client := redisclient.OverTCP(t, f.addr)
	s := &server{redis: client}
	if block {
		s.blocked = make(chan struct{})
	}
	s.Loop = syncloop.New(options(s, f.between, func(ctx context.Context) (timercache.Result, error) {
		f.count(1)
		defer f.count(-1)
		f.syncs.Add(1)
		if s.blocked != nil {
			select {
			case <-s.blocked:
			case <-ctx.Done():
				s.lost.Add(1)
				return timercache.Result{}, ctx.Err()
			}
		}
		return timercache.Result{}, nil
	}))
	s.Quicken(f.lease, 10*time.Millisecond)
	s.stop = run(s.Loop)
	return s
}

func (f *fleet) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running += n
	f.most = max(f.most, f.running)
}

func (f *fleet) atLeast(t *testing.T, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return f.syncs.Load() >= n }, time.Minute, time.Millisecond)
}

func TestSeveralServers(t *testing.T) {
	t.Parallel()
	f := &fleet{addr: redisserver.Start(t), lease: time.Minute, between: time.Hour}
	a, b := f.start(t, false), f.start(t, false)
	f.atLeast(t, 1)
	require.NoError(t, a.Request(t.Context(), ""))
	f.atLeast(t, 2)
	require.NoError(t, b.Request(t.Context(), ""), "though another has just synced")
	f.atLeast(t, 3)
	for range 20 {
		require.NoError(t, a.Request(t.Context(), ""))
		require.NoError(t, b.Request(t.Context(), ""))
	}
	f.atLeast(t, 5)
	a.stop()
	require.NoError(t, b.Request(t.Context(), ""))
	n := f.syncs.Load()
	f.atLeast(t, n+1)
	b.stop()
	c := f.start(t, false)
	require.Never(t, func() bool { return f.syncs.Load() > n+1 }, 50*time.Millisecond, time.Millisecond, "one that starts now has nothing to do yet")
	c.stop()
	assert.Equal(t, 1, f.most, "at once")
}

// A server that dies in a sync holds the others up for one lease; one that only
// could not reach Redis meanwhile stops its own sync.
func TestAServerIsKilled(t *testing.T) {
	t.Parallel()
	f := &fleet{addr: redisserver.Start(t), lease: 1500 * time.Millisecond, between: 20 * time.Millisecond}
	a := f.start(t, true)
	f.atLeast(t, 1)
	b := f.start(t, false)
	require.Never(t, func() bool { return f.syncs.Load() > 1 }, 2*f.lease, time.Millisecond, "a's lease is renewed")
	a.killed.Store(true)
	f.atLeast(t, 3)
	require.Eventually(t, func() bool { return a.lost.Load() > 0 }, time.Minute, time.Millisecond, "its sync is cut short")
	b.stop()
	a.stop()
	assert.Equal(t, 1, f.most, "at once")
}

// One that shuts down leaves the sync to the next at once.
func TestAServerShutsDownWhileItSyncs(t *testing.T) {
	t.Parallel()
	f := &fleet{addr: redisserver.Start(t), lease: time.Hour, between: time.Hour}
	a := f.start(t, true)
	f.atLeast(t, 1)
	a.stop()
	b := f.start(t, false)
	f.atLeast(t, 2)
	b.stop()
}

func TestFailuresAreStored(t *testing.T) {
	t.Parallel()
	client := redisclient.OverTCP(t, redisserver.Start(t))
	var failure error
	var synced atomic.Int64
	o := options(client, time.Hour, func(context.Context) (timercache.Result, error) { synced.Add(1); return timercache.Result{}, failure })
	for _, tt := range []struct {
		err  error
		want string
	}{
		{timersource.ErrSessionExpired, "Jira refuses the session: renew JIRA_TENANT_SESSION_TOKEN."},
		{&upstream.Error{Upstream: "clockwork", Status: 503, Message: "secret"}, "clockwork answered 503."},
		{&upstream.Error{Upstream: "jira", Err: errors.New("secret")}, "jira could not be reached."},
		{errors.New("secret"), "The server's log says why."},
		{nil, ""},
	} {
		failure = tt.err
		l := syncloop.New(o)
		require.NoError(t, l.Request(t.Context(), ""))
		before := synced.Load()
		stop := run(l)
		require.Eventually(t, func() bool { return synced.Load() > before }, time.Minute, time.Millisecond)
		stop()
		got, err := syncloop.LastFailure(t.Context(), client)
		require.NoError(t, err)
		if tt.want == "" {
			assert.Nil(t, got)
			continue
		}
		require.NotNil(t, got)
		assert.Equal(t, tt.want, got.Message)
		assert.WithinDuration(t, time.Now(), got.At, time.Minute)
	}
}
