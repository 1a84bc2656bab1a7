package timercache_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// atOnce is the contract's limit between a change and the answer.
const atOnce = 300 * time.Millisecond

type answer struct {
	view timercache.View
	err  error
	at   time.Time
}

// waiting begins a wait in the background, and returns when it listens.
func (w *world) waiting(t *testing.T, subject timercache.Subject, etag string, wait time.Duration) <-chan answer {
	t.Helper()
	answers := make(chan answer, 1)
	const often = time.Millisecond
	require.Eventually(t, func() bool { return w.subscribers(t) == 0 }, patience, often, "an earlier wait still listens")
	go func() {
		view, err := w.wait(context.Background(), subject, etag, wait)
		answers <- answer{view, err, time.Now()}
	}()
	require.Eventually(t, func() bool { return w.subscribers(t) > 0 || len(answers) > 0 }, patience, often)
	return answers
}

// subscribers counts who listens to anything on the Redis.
func (w *world) subscribers(t *testing.T) int64 {
	t.Helper()
	ctx := context.Background()
	channels, err := w.rdb.PubSubChannels(ctx, "*").Result()
	require.NoError(t, err)
	patterns, err := w.rdb.PubSubNumPat(ctx).Result()
	require.NoError(t, err)
	return int64(len(channels)) + patterns
}

func next(t *testing.T, answers <-chan answer) answer {
	t.Helper()
	select {
	case got := <-answers:
		return got
	case <-time.After(patience):
		require.Fail(t, "the wait does not end")
		return answer{}
	}
}

// wokenAtOnce waits for a change and measures how long that takes to show. A
// machine that does much else may be late a few times, a cache that polls
// would be always.
func (w *world) wokenAtOnce(t *testing.T, subject timercache.Subject, change func(n int)) {
	t.Helper()
	quickest := time.Hour
	for n := 0; n < 5 && quickest >= atOnce; n++ {
		etag := w.read(subject).ETag
		answers := w.waiting(t, subject, etag, 20*time.Second)
		change(n)
		changed := time.Now()
		got := next(t, answers)
		require.NoError(t, got.err)
		require.NotEqual(t, etag, got.view.ETag)
		assert.Equal(t, w.read(subject), got.view)
		quickest = min(quickest, got.at.Sub(changed))
	}
	assert.Less(t, quickest, atOnce)
}

func TestWaitEndsAtAChange(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		for _, subject := range []timercache.Subject{ann, annByMail, everybody, {AccountID: "all"}} {
			w.wokenAtOnce(t, subject, func(n int) {
				w.clock.Advance(time.Second)
				w.started("ann", "N-"+subject.AccountID+subject.Email+strconv.Itoa(n))
			})
		}
	})
}

func TestWaitIsWokenByASnapshot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		w.wokenAtOnce(t, ann, func(n int) {
			w.clock.Advance(time.Second)
			w.sync(commented(running(1, "ann", "A-1", time.Hour), strconv.Itoa(n)))
		})
	})
}

func TestWaitSleepsThroughOthersChanges(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		etag := w.read(ann).ETag
		answers := w.waiting(t, ann, etag, 400*time.Millisecond)
		w.started("bob", "B-1")
		got := next(t, answers)
		require.NoError(t, got.err)
		assert.Equal(t, etag, got.view.ETag, "the wait ended by itself")
	})
}

func TestWaitAnswersAtOnceWhereTheTagDiffers(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		for _, subject := range []timercache.Subject{ann, annByMail, everybody} {
			for _, etag := range []string{"", `"1"`, `"unsynced"`} {
				began := time.Now()
				view, err := w.wait(t.Context(), subject, etag, 20*time.Second)
				require.NoError(t, err)
				assert.Equal(t, []string{"A-1"}, issuesOf(view.Timers))
				assert.Less(t, time.Since(began), 15*time.Second)
			}
		}
	})
}

func TestWaitSeesAChangeThatCameBeforeItListened(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	etag := w.read(annByMail).ETag
	w.redis.Redis = beforeListening{w.redis.Redis, func() { w.stopped("ann", "A-1") }}
	view, err := w.wait(t.Context(), ann, etag, 20*time.Second)
	require.NoError(t, err)
	assert.Empty(t, view.Timers)
}

// beforeListening acts just before each subscription.
type beforeListening struct {
	timercache.Redis
	act func()
}

func (r beforeListening) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	r.act()
	return r.Redis.Subscribe(ctx, onReady, onMessage, channels...)
}

func TestWaitUnsyncedUser(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		answers := w.waiting(t, annByMail, `"unsynced"`, 20*time.Second)
		w.sync(running(1, "ann", "A-1", time.Hour))
		got := next(t, answers)
		require.NoError(t, got.err)
		assert.Equal(t, []string{"A-1"}, issuesOf(got.view.Timers))
	})
}

func TestWaitSeesStalenessAtItsEnd(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	const wait = 100 * time.Millisecond
	etag, began := w.read(ann).ETag, time.Now()
	w.redis.before = func([]any) error {
		if time.Since(began) >= wait { // this read ends it
			w.clock.Advance(time.Hour)
		}
		return nil
	}
	view, err := w.wait(t.Context(), ann, etag, wait)
	require.NoError(t, err)
	assert.True(t, view.Stale)
}

func TestWaitTakesAHeader(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	etag := w.read(ann).ETag
	for _, header := range []string{etag, "W/" + etag, `"1", ` + etag, `"1",W/` + etag + ` , "2"`} {
		began := time.Now()
		view, err := w.wait(t.Context(), ann, header, 50*time.Millisecond)
		require.NoError(t, err)
		assert.Equal(t, etag, view.ETag)
		assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond, "%s is the tag that the caller has", header)
	}
}

func TestWaitLeavesTimeToAnswer(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	etag := w.read(ann).ETag
	var err error
	for range 3 { // a machine may pause for the second that is left
		ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
		_, err = w.wait(ctx, ann, etag, 20*time.Second)
		cancel()
		if err == nil {
			break
		}
	}
	require.NoError(t, err, "a wait as long as the request ends before it")
}

func TestWaitEndsWithItsCaller(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 1)
		etag := w.read(ann).ETag
		go func() {
			_, err := w.wait(ctx, ann, etag, 20*time.Second)
			errs <- err
		}()
		require.Eventually(t, func() bool { return w.subscribers(t) == 1 }, patience, time.Millisecond)
		cancel()
		require.ErrorIs(t, <-errs, context.Canceled)
		require.Eventually(t, func() bool { return w.subscribers(t) == 0 }, patience, time.Millisecond)
	})
}

// Without a subscription a wait reads now and then: no change is missed for
// longer than the wait, and a refusal costs few commands.
func TestWaitWithoutSubscription(t *testing.T) {
	for name, confirmed := range map[string]int64{"refused": 0, "lost-once": 1, "lost-again-and-again": 100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				redis := &cutting{confirm: confirmed}
				cache := timercache.New(redis, "", nil)
				began := time.Now()
				view, err := cache.Wait(t.Context(), ann, `"unsynced"`, 20*time.Second)
				require.NoError(t, err)
				assert.Equal(t, `"unsynced"`, view.ETag)
				assert.Equal(t, 20*time.Second, time.Since(began), "of the bubble's time")
				assert.LessOrEqual(t, redis.reads.Load(), int64(12))

				began = time.Now()
				time.AfterFunc(3*time.Second, func() {
					state, _ := json.Marshal(map[string]any{"syncedAt": time.Now().UTC(), "version": 7, "source": "forge"})
					redis.sync.Store(string(state))
				})
				view, err = cache.Wait(t.Context(), ann, `"unsynced"`, 20*time.Second)
				require.NoError(t, err)
				assert.NotEqual(t, `"unsynced"`, view.ETag)
				assert.LessOrEqual(t, time.Since(began), 8*time.Second)
			})
		})
	}
}

// cutting ends every subscription at once, the first "confirm" of them after
// they were confirmed.
type cutting struct {
	timercache.Redis
	confirm       int64
	opened, reads atomic.Int64
	sync          atomic.Value // what clockwork:sync holds
}

func (r *cutting) Do(_ context.Context, cmd ...any) (any, error) {
	r.reads.Add(1)
	values := make([]any, len(cmd)-1)
	values[0] = r.sync.Load()
	return values, nil
}

func (r *cutting) Subscribe(_ context.Context, onReady func(), _ func(channel, payload string), _ ...string) error {
	if r.opened.Add(1) <= r.confirm {
		onReady()
	}
	return errors.New("connection lost")
}

func (r *cutting) PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error {
	return r.Subscribe(ctx, onReady, onMessage, patterns...)
}

func TestWaitSubscriptionIsCutOnce(t *testing.T) {
	w := onMini(t)
	w.sync(running(1, "ann", "A-1", time.Hour))
	etag := w.read(ann).ETag
	w.redis.Redis = &cutOnce{Redis: w.redis.Redis, meanwhile: func() { w.stopped("ann", "A-1") }}
	view, err := w.wait(t.Context(), ann, etag, 20*time.Second)
	require.NoError(t, err)
	assert.Empty(t, view.Timers, "what happened between the two streams is seen")
}

// cutOnce confirms the first subscription and ends it, and then something
// happens that only a new one can receive.
type cutOnce struct {
	timercache.Redis
	cut       atomic.Bool
	meanwhile func()
}

func (r *cutOnce) Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error {
	if r.cut.CompareAndSwap(false, true) {
		onReady()
		return errors.New("stream ended")
	}
	r.meanwhile()
	return r.Redis.Subscribe(ctx, onReady, onMessage, channels...)
}

func TestWaitRedisGoesAway(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(t, redisclient.OverTCP(t, mini.Addr()), mini.Addr())
	w.sync(running(1, "ann", "A-1", time.Hour))
	answers := w.waiting(t, ann, w.read(ann).ETag, 20*time.Second)
	mini.Close()
	require.ErrorIs(t, next(t, answers).err, timercache.ErrUnavailable)
}

func TestWaitLeavesNobodyListening(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sync(running(1, "ann", "A-1", time.Hour))
		etag := w.read(ann).ETag
		for range 20 { // a wait's own end must not look like a lost connection
			view, err := w.wait(t.Context(), ann, etag, 5*time.Millisecond)
			require.NoError(t, err)
			assert.Equal(t, etag, view.ETag)
		}
		require.Eventually(t, func() bool { return w.subscribers(t) == 0 }, patience, time.Millisecond)
	})
}
