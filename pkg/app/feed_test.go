package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/health"
)

// fakeRedis is a Redis whose subscriptions a test confirms, feeds and ends.
type fakeRedis struct {
	Redis
	mu      sync.Mutex
	opened  int
	pattern []string
	ready   func()
	message func(channel, payload string)
	cut     chan error
}

func (s *fakeRedis) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	s.mu.Lock()
	s.opened, s.pattern, s.ready, s.message, s.cut = s.opened+1, patterns, onReady, onMessage, make(chan error, 1)
	cut := s.cut
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-cut:
		return err
	}
}

func (s *fakeRedis) confirm()            { synctest.Wait(); s.ready() }
func (s *fakeRedis) says(channel string) { s.message(channel, "x"); synctest.Wait() }
func (s *fakeRedis) lose(err error)      { s.cut <- err; synctest.Wait() }
func (s *fakeRedis) subscriptions() int  { s.mu.Lock(); defer s.mu.Unlock(); return s.opened }
func newFeed() (*feed, *fakeRedis, *strings.Builder) {
	redis, log := &fakeRedis{}, &strings.Builder{}
	return &feed{Redis: redis, now: time.Now, log: slog.New(slog.NewTextHandler(log, nil))}, redis, log
}

// testListener records what it receives.
type testListener struct {
	ready int
	heard []string
	ended error
	stop  context.CancelFunc
}

func listen(t *testing.T, subscribe func(context.Context, func(), func(string, string), ...string) error, names ...string) *testListener {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	e := &testListener{stop: stop}
	go func() {
		e.ended = subscribe(ctx, func() { e.ready++ }, func(channel, _ string) { e.heard = append(e.heard, channel) }, names...)
	}()
	synctest.Wait()
	return e
}

// All listeners share one subscription, and each receives what it asked for.
func TestFeedIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, redis, _ := newFeed()
		ann := listen(t, f.Subscribe, "clockwork:events:ann")
		all := listen(t, f.PSubscribe, "clockwork:events:*")
		assert.Zero(t, ann.ready)
		redis.confirm()
		store := listen(t, f.PSubscribe, "clockwork:realtime:*")
		assert.Equal(t, []int{1, 1, 1}, []int{ann.ready, all.ready, store.ready}, "who comes later need not wait")
		for _, channel := range []string{"clockwork:events:ann", "clockwork:events:bob", "clockwork:realtime:ann", "clockwork:other"} {
			redis.says(channel)
		}
		assert.Equal(t, []string{"clockwork:events:ann"}, ann.heard)
		assert.Equal(t, []string{"clockwork:events:ann", "clockwork:events:bob"}, all.heard)
		assert.Equal(t, []string{"clockwork:realtime:ann"}, store.heard)
		assert.Equal(t, 1, redis.subscriptions())
		assert.Equal(t, []string{"clockwork:*"}, redis.pattern)

		ann.stop()
		synctest.Wait()
		require.ErrorIs(t, ann.ended, context.Canceled)
		redis.says("clockwork:events:ann")
		assert.Len(t, ann.heard, 1, "it has gone")
		assert.Len(t, all.heard, 3)
		f.close()
		redis.says("clockwork:events:ann")
		assert.Len(t, all.heard, 4, "it stays while somebody listens")
		all.stop()
		store.stop()
		synctest.Wait()
		f.close()
	})
}

func TestFeedStaysOpenWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, redis, log := newFeed()
		listen(t, f.Subscribe, "clockwork:events:ann").stop()
		redis.confirm()
		for range 3 {
			time.Sleep(feedIdleTTL - time.Second) // of the bubble's time
			next := listen(t, f.Subscribe, "clockwork:events:ann")
			assert.Equal(t, 1, next.ready)
			next.stop()
		}
		assert.Equal(t, 1, redis.subscriptions())
		time.Sleep(feedIdleTTL + time.Second)
		_, known := f.check()
		assert.False(t, known, "nobody needs it")
		next := listen(t, f.Subscribe, "clockwork:events:ann")
		assert.Equal(t, 2, redis.subscriptions())
		next.stop()
		time.Sleep(feedIdleTTL + time.Second)
		assert.Empty(t, log.String(), "that it ended is no fault")
	})
}

// A loss reaches everybody, the log once, and health for a while.
func TestFeedLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, redis, log := newFeed()
		one, two := listen(t, f.Subscribe, "clockwork:events:ann"), listen(t, f.PSubscribe, "clockwork:events:*")
		redis.confirm()
		c, known := f.check()
		assert.True(t, known)
		assert.Equal(t, health.Check{Status: "up"}, c)

		lost := errors.New("silent")
		at := time.Now().UTC()
		redis.lose(lost)
		assert.Equal(t, []error{lost, lost}, []error{one.ended, two.ended})
		for range 3 { // tried again in vain: still the same outage
			c, _ = f.check()
			assert.Equal(t, "down", c.Status)
			assert.Equal(t, at, *c.DownSince)
			again := listen(t, f.PSubscribe, "clockwork:events:*")
			redis.lose(lost)
			assert.Equal(t, lost, again.ended)
			time.Sleep(time.Second)
		}
		again := listen(t, f.PSubscribe, "clockwork:events:*")
		redis.confirm()
		assert.Equal(t, 1, again.ready)
		c, _ = f.check()
		assert.Equal(t, "up", c.Status)
		assert.Contains(t, c.Message, "interrupted from")
		time.Sleep(lossReportedFor)
		c, _ = f.check()
		assert.Equal(t, health.Check{Status: "up"}, c)
		again.stop()
		assert.Equal(t, 1, strings.Count(log.String(), "subscription lost"))
		assert.Equal(t, 1, strings.Count(log.String(), "subscription is back"))
		time.Sleep(feedIdleTTL + time.Second)
	})
}

func TestFeedCheckForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, redis, _ := newFeed()
		listen(t, f.Subscribe, "clockwork:events:ann")
		redis.lose(errors.New("refused"))
		c, _ := f.check()
		assert.Equal(t, "down", c.Status)
		time.Sleep(lossReportedFor)
		_, known := f.check()
		assert.False(t, known, "nobody has come back: it says nothing about now")
	})
}
