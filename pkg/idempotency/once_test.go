package idempotency_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/redistcp"
	"github.com/clockwork-timer/backend/pkg/sandbox/redisserver"
)

var (
	errLost    = errors.New("answer lost")
	errRefused = errors.New("refused")
)

// world is a store over a Redis, and what was done.
type world struct {
	*idempotency.Store
	redis *flaky
	clock *manualclock.Clock
	done  atomic.Int32
}

// flaky is a Redis that is down from some command on.
type flaky struct {
	*redistcp.Client
	commands atomic.Int32
	last     atomic.Int32 // the number of the last command that it runs
}

func (f *flaky) Do(ctx context.Context, cmd ...any) (any, error) {
	if f.commands.Add(1) > f.last.Load() {
		return nil, errors.New("connection refused")
	}
	return f.Client.Do(ctx, cmd...)
}

func newWorld(t *testing.T, addr string) *world {
	t.Helper()
	client, err := redistcp.New("redis://"+addr, redistcp.Options{Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	w := &world{redis: &flaky{Client: client}, clock: manualclock.New(time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC))}
	w.redis.last.Store(1 << 30)
	w.Store = &idempotency.Store{Redis: w.redis, Key: []byte("key"), Lease: 35 * time.Second, Log: slog.New(slog.DiscardHandler),
		Now: w.clock.Now}
	return w
}

func onEachRedis(t *testing.T, test func(t *testing.T, w *world)) {
	for name, start := range map[string]func(t *testing.T) string{
		"miniredis": func(t *testing.T) string { return miniredis.RunT(t).Addr() },
		"redis":     func(t *testing.T) string { return redisserver.Start(t) },
	} {
		t.Run(name, func(t *testing.T) { test(t, newWorld(t, start(t))) })
	}
}

// operation is one that counts how often it was done, and ends as it is told.
func (w *world) operation(err error) idempotency.Operation {
	return idempotency.Operation{Caller: "ann", Route: "/start", Key: "k1", Payload: []byte(`["ABC-7"]`),
		Uncertain: func(err error) bool { return errors.Is(err, errLost) },
		Do: func(context.Context) (idempotency.Answer, error) {
			n := w.done.Add(1)
			if err != nil {
				return idempotency.Answer{}, err
			}
			body, _ := json.Marshal(n)
			return idempotency.Answer{Status: 201, Body: body}, nil
		}}
}

func TestOnce(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		first, err := w.Once(t.Context(), w.operation(nil))
		require.NoError(t, err)
		assert.Equal(t, idempotency.Answer{Status: 201, Body: json.RawMessage("1")}, first)
		assert.EqualValues(t, 2, w.redis.commands.Load(), "claimed, kept")
		for range 3 {
			again, err := w.Once(t.Context(), w.operation(nil))
			require.NoError(t, err)
			assert.Equal(t, idempotency.Answer{Status: 201, Body: json.RawMessage("1"), Replayed: true}, again)
		}
		assert.EqualValues(t, 2+3*2, w.redis.commands.Load())
		assert.EqualValues(t, 1, w.done.Load())
	})
}

func TestOthersAreIndependent(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		for n, change := range []func(*idempotency.Operation){
			func(*idempotency.Operation) {},
			func(op *idempotency.Operation) { op.Caller = "bob" },
			func(op *idempotency.Operation) { op.Route = "/stop" },
			func(op *idempotency.Operation) { op.Key = "k2" },
			func(op *idempotency.Operation) { op.Caller, op.Route = "ann/", "start" }, // the parts do not run together
		} {
			op := w.operation(nil)
			change(&op)
			answer, err := w.Once(t.Context(), op)
			require.NoError(t, err)
			assert.False(t, answer.Replayed)
			assert.EqualValues(t, n+1, w.done.Load())
		}
		other := w.operation(nil)
		other.Payload = []byte(`["ABC-8"]`)
		_, err := w.Once(t.Context(), other)
		require.ErrorIs(t, err, idempotency.ErrReused)
		assert.EqualValues(t, 5, w.done.Load())
	})
}

func TestOnceAfter(t *testing.T) {
	for _, tt := range []struct {
		name               string
		first              error
		repeatable, found  bool
		want               error
		done               int32
		answered, replayed bool
	}{
		{name: "certain-failure", first: errRefused, done: 2, answered: true},
		{name: "lost-answer", first: errLost, want: idempotency.ErrUnknown, done: 1},
		{name: "lost-answer-and-found", first: errLost, found: true, done: 1, answered: true, replayed: true},
		{name: "lost-answer-of-what-may-be-repeated", first: errLost, repeatable: true, done: 2, answered: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEachRedis(t, func(t *testing.T, w *world) {
				op := w.operation(tt.first)
				op.Repeatable = tt.repeatable
				_, err := w.Once(t.Context(), op)
				require.ErrorIs(t, err, tt.first)

				op.Do = w.operation(nil).Do
				op.Find = func(context.Context) (idempotency.Answer, bool) {
					return idempotency.Answer{Status: 201, Body: json.RawMessage(`"found"`)}, tt.found
				}
				answer, err := w.Once(t.Context(), op)
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.answered, answer.Status == 201)
				assert.Equal(t, tt.replayed, answer.Replayed)
				assert.Equal(t, tt.done, w.done.Load())

				op.Find = nil // what was found once is kept
				again, err := w.Once(t.Context(), op)
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, answer.Body, again.Body)
				assert.Equal(t, tt.done, w.done.Load())
			})
		})
	}
}

// All at the same time: one does it, all get its answer.
func TestAtTheSameTime(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		var all sync.WaitGroup
		var fresh atomic.Int32
		for range 20 {
			all.Go(func() {
				answer, err := w.Once(t.Context(), w.operation(nil))
				assert.NoError(t, err)
				assert.Equal(t, "1", string(answer.Body))
				if !answer.Replayed {
					fresh.Add(1)
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, 1, w.done.Load())
		assert.EqualValues(t, 1, fresh.Load())
	})
}

func TestInProgress(t *testing.T) {
	w := newWorld(t, miniredis.RunT(t).Addr())
	var waited time.Duration
	w.Pause = func(_ context.Context, d time.Duration) error { waited += d; return nil }
	begun, finish := make(chan struct{}), make(chan struct{})
	slow := w.operation(nil)
	quick := slow.Do
	slow.Do = func(ctx context.Context) (idempotency.Answer, error) {
		close(begun)
		<-finish
		return quick(ctx)
	}
	first := make(chan error, 1)
	go func() { _, err := w.Once(t.Context(), slow); first <- err }()
	<-begun
	_, err := w.Once(t.Context(), w.operation(nil))
	require.ErrorIs(t, err, idempotency.ErrInProgress)
	assert.Equal(t, 6*time.Second, waited)

	w.clock.Advance(36 * time.Second) // as if the first had been killed
	_, err = w.Once(t.Context(), w.operation(nil))
	require.ErrorIs(t, err, idempotency.ErrUnknown)
	assert.Zero(t, w.done.Load())

	close(finish) // it was only slow
	require.NoError(t, <-first)
	answer, err := w.Once(t.Context(), w.operation(nil))
	require.NoError(t, err)
	assert.True(t, answer.Replayed)
	assert.EqualValues(t, 1, w.done.Load())
}

// A process that is killed leaves its claim. What may be repeated is done
// again after the lease, by one of those who ask.
func TestKilled(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		killed := w.operation(nil)
		killed.Repeatable = true
		killed.Do = func(context.Context) (idempotency.Answer, error) { panic("killed") }
		assert.Panics(t, func() { _, _ = w.Once(t.Context(), killed) })
		w.clock.Advance(36 * time.Second)
		again := w.operation(nil)
		again.Repeatable = true
		for n := range 3 {
			answer, err := w.Once(t.Context(), again)
			require.NoError(t, err)
			assert.Equal(t, n > 0, answer.Replayed)
		}
		assert.EqualValues(t, 1, w.done.Load())
	})
}

// A caller who hangs up gets no answer, but what was begun is finished and kept.
func TestCallerHangsUp(t *testing.T) {
	w := newWorld(t, miniredis.RunT(t).Addr())
	ctx, hangUp := context.WithTimeout(t.Context(), time.Minute)
	op := w.operation(nil)
	do := op.Do
	op.Do = func(ctx context.Context) (idempotency.Answer, error) {
		hangUp()
		require.NoError(t, ctx.Err())
		_, bounded := ctx.Deadline()
		assert.True(t, bounded, "the request's deadline stays")
		return do(ctx)
	}
	_, err := w.Once(ctx, op)
	require.NoError(t, err)
	answer, err := w.Once(t.Context(), op)
	require.NoError(t, err)
	assert.True(t, answer.Replayed)
}

func TestWithoutRedis(t *testing.T) {
	for _, tt := range []struct {
		name       string
		commands   int32 // that Redis still runs
		repeatable bool
		want       error
		done       int32
	}{
		{"at-the-claim", 0, false, idempotency.ErrUnavailable, 0},
		{"at-the-claim-of-what-may-be-repeated", 0, true, nil, 1},
		{"at-the-answer", 1, false, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, miniredis.RunT(t).Addr())
			w.redis.last.Store(tt.commands)
			op := w.operation(nil)
			op.Repeatable = tt.repeatable
			_, err := w.Once(t.Context(), op)
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, tt.done, w.done.Load())
		})
	}
}

// What somebody else wrote is no answer, and no leave to do it again.
func TestNonsenseInRedis(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(t, mini.Addr())
	_, err := w.Once(t.Context(), w.operation(nil))
	require.NoError(t, err)
	require.Len(t, mini.Keys(), 1)
	for _, nonsense := range []string{"", "null", "[]", `{"status":201}`, `{"status":"x"`, "\x00"} {
		require.NoError(t, mini.Set(mini.Keys()[0], nonsense))
		_, err = w.Once(t.Context(), w.operation(nil))
		require.ErrorIs(t, err, idempotency.ErrUnknown, nonsense)
	}
	assert.EqualValues(t, 1, w.done.Load())
}

func TestWhatIsStored(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(t, mini.Addr())
	op := w.operation(nil)
	op.Caller, op.Key, op.Payload = "token\na-clockwork-token", "a-key", []byte("a-payload")
	_, err := w.Once(t.Context(), op)
	require.NoError(t, err)
	require.Len(t, mini.Keys(), 1)
	name := mini.Keys()[0]
	assert.Regexp(t, `^clockwork:idempotency:[0-9a-f]{32}$`, name)
	assert.Equal(t, 24*time.Hour, mini.TTL(name))
	value, err := mini.Get(name)
	require.NoError(t, err)
	for _, secret := range []string{"a-clockwork-token", "a-key", "a-payload"} {
		assert.NotContains(t, name+value, secret)
	}
	mini.FastForward(24*time.Hour + time.Second)
	_, err = w.Once(t.Context(), op)
	require.NoError(t, err)
	assert.EqualValues(t, 2, w.done.Load(), "a day later it is another request")
}

func TestParseKey(t *testing.T) {
	const uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324"
	for _, tt := range []struct {
		name   string
		values []string
		want   string
		bad    bool
	}{
		{name: "none"},
		{name: "uuid", values: []string{uuid}, want: uuid},
		{name: "in-quotes", values: []string{`"` + uuid + `"`}, want: uuid},
		{name: "space-around", values: []string{" k "}, want: "k"},
		{name: "one-character", values: []string{"k"}, want: "k"},
		{name: "longest", values: []string{strings.Repeat("k", 255)}, want: strings.Repeat("k", 255)},
		{name: "longest-in-quotes", values: []string{`"` + strings.Repeat("k", 255) + `"`}, want: strings.Repeat("k", 255)},
		{name: "too-long", values: []string{strings.Repeat("k", 256)}, bad: true},
		{name: "far-too-long", values: []string{strings.Repeat("k", 1<<20)}, bad: true},
		{name: "empty", values: []string{""}, bad: true},
		{name: "empty-in-quotes", values: []string{`""`}, bad: true},
		{name: "one-quote", values: []string{`"`}, bad: true},
		{name: "half-quoted", values: []string{`"k`}, bad: true},
		{name: "quote-inside", values: []string{`a"b`}, bad: true},
		{name: "escaped", values: []string{`"a\"b"`}, bad: true},
		{name: "two-words", values: []string{"a b"}, bad: true},
		{name: "new-line", values: []string{"a\r\nX-Evil: 1"}, bad: true},
		{name: "nul", values: []string{"a\x00"}, bad: true},
		{name: "delete", values: []string{"a\x7f"}, bad: true},
		{name: "not-ascii", values: []string{"ä"}, bad: true},
		{name: "not-utf-8", values: []string{"\xff"}, bad: true},
		{name: "twice", values: []string{"a", "a"}, bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := idempotency.ParseKey(tt.values)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.bad, err != nil)
		})
	}
}

// FuzzParseKey: what is accepted is one plain word.
func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"", "k", `"k"`, `"`, `""`, "a b", "a\r\nb", "\xff", strings.Repeat("k", 256)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		key, err := idempotency.ParseKey([]string{value})
		if err != nil {
			assert.Empty(t, key)
			return
		}
		assert.Regexp(t, `^[!#-\[\]-~]{1,255}$`, key)
		again, err := idempotency.ParseKey([]string{`"` + key + `"`})
		assert.NoError(t, err)
		assert.Equal(t, key, again)
	})
}
