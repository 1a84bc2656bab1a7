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

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
	"github.com/clockwork-timer/backend/pkg/apptest/redistime"
	"github.com/clockwork-timer/backend/pkg/idempotency"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/redis"
)

var (
	errLost    = errors.New("answer lost")
	errRefused = errors.New("refused")
)

// world is a store over a Redis, and what was done.
type world struct {
	*idempotency.Store
	redis *redisclient.Counted
	done  atomic.Int32
}

// pass lets time pass in Redis.
func (w *world) pass(t *testing.T, d time.Duration) {
	t.Helper()
	redistime.Pass(t, w.redis.Client, d)
}

// once sends what comes before the operation, as a process does.
func (w *world) once(ctx context.Context, op idempotency.Operation) (idempotency.Answer, error) {
	attempt := w.Attempt(op)
	cmd := attempt.Claim()
	if cmd == nil {
		cmd = []any{"GET", attempt.Name}
	}
	reply, err := w.redis.Do(context.WithoutCancel(ctx), cmd...)
	return attempt.Run(ctx, reply, err)
}

// stop makes an operation one that needs no claim.
func stop(op idempotency.Operation, repeatable bool) idempotency.Operation {
	op.Unclaimed, op.Repeatable = true, repeatable
	return op
}

func newWorld(client *redis.Client) *world {
	w := &world{redis: &redisclient.Counted{Client: client}}
	w.Store = &idempotency.Store{Redis: w.redis, Key: keyed.New([]byte("key")), Lease: 35 * time.Second, Log: slog.New(slog.DiscardHandler)}
	return w
}

func onEachRedis(t *testing.T, test func(t *testing.T, w *world)) {
	redisclient.OnEach(t, func(t *testing.T, client *redis.Client) { test(t, newWorld(client)) })
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
		first, err := w.once(t.Context(), w.operation(nil))
		require.NoError(t, err)
		assert.Equal(t, idempotency.Answer{Status: 201, Body: json.RawMessage("1")}, first)
		assert.EqualValues(t, 2, w.redis.Commands.Load(), "claimed, kept")
		for range 3 {
			again, err := w.once(t.Context(), w.operation(nil))
			require.NoError(t, err)
			assert.Equal(t, idempotency.Answer{Status: 201, Body: json.RawMessage("1"), Replayed: true}, again)
		}
		assert.EqualValues(t, 2+3*3, w.redis.Commands.Load(), "not claimed, and what is there with its age")
		assert.EqualValues(t, 1, w.done.Load())
	})
}

func TestAnswerWithoutABody(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		op := w.operation(nil)
		op.Do = func(context.Context) (idempotency.Answer, error) { return idempotency.Answer{Status: 204}, nil }
		_, err := w.once(t.Context(), op)
		require.NoError(t, err)
		again, err := w.once(t.Context(), op)
		require.NoError(t, err)
		assert.Equal(t, idempotency.Answer{Status: 204, Replayed: true}, again)
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
			answer, err := w.once(t.Context(), op)
			require.NoError(t, err)
			assert.False(t, answer.Replayed)
			assert.EqualValues(t, n+1, w.done.Load())
		}
		other := w.operation(nil)
		other.Payload = []byte(`["ABC-8"]`)
		_, err := w.once(t.Context(), other)
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
				if tt.repeatable {
					op = stop(op, true)
				}
				_, err := w.once(t.Context(), op)
				require.ErrorIs(t, err, tt.first)

				op.Do = w.operation(nil).Do
				op.Find = func(context.Context) (idempotency.Answer, bool) {
					return idempotency.Answer{Status: 201, Body: json.RawMessage(`"found"`)}, tt.found
				}
				answer, err := w.once(t.Context(), op)
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.answered, answer.Status == 201)
				assert.Equal(t, tt.replayed, answer.Replayed)
				assert.Equal(t, tt.done, w.done.Load())

				op.Find = nil // what was found once is kept
				again, err := w.once(t.Context(), op)
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
				answer, err := w.once(t.Context(), w.operation(nil))
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
	w := newWorld(redisclient.OverTCP(t, miniredis.RunT(t).Addr()))
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
	go func() { _, err := w.once(t.Context(), slow); first <- err }()
	<-begun
	_, err := w.once(t.Context(), w.operation(nil))
	require.ErrorIs(t, err, idempotency.ErrInProgress)
	assert.Equal(t, 6*time.Second, waited)

	w.pass(t, 36*time.Second) // as if the first had been killed
	_, err = w.once(t.Context(), w.operation(nil))
	require.ErrorIs(t, err, idempotency.ErrUnknown)
	assert.Zero(t, w.done.Load())

	close(finish) // it was only slow
	require.NoError(t, <-first)
	answer, err := w.once(t.Context(), w.operation(nil))
	require.NoError(t, err)
	assert.True(t, answer.Replayed)
	assert.EqualValues(t, 1, w.done.Load())
}

// A process that is killed leaves its claim, whose age is Redis' to tell. After
// the lease nobody knows what became of it; before, somebody may be at it.
func TestKilled(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		w.Pause = func(context.Context, time.Duration) error { return nil }
		killed := w.operation(nil)
		killed.Do = func(context.Context) (idempotency.Answer, error) { panic("killed") }
		assert.Panics(t, func() { _, _ = w.once(t.Context(), killed) })
		w.pass(t, 30*time.Second)
		_, err := w.once(t.Context(), w.operation(nil))
		require.ErrorIs(t, err, idempotency.ErrInProgress)
		w.pass(t, 6*time.Second)
		_, err = w.once(t.Context(), w.operation(nil))
		require.ErrorIs(t, err, idempotency.ErrUnknown)

		again := w.operation(nil)
		again.Find = func(context.Context) (idempotency.Answer, bool) {
			return idempotency.Answer{Status: 201, Body: json.RawMessage(`"found"`)}, true
		}
		for range 2 {
			answer, err := w.once(t.Context(), again)
			require.NoError(t, err)
			assert.Equal(t, idempotency.Answer{Status: 201, Body: json.RawMessage(`"found"`), Replayed: true}, answer)
		}
		assert.Zero(t, w.done.Load())
	})
}

// What needs no claim costs two commands, one of which the caller sends with
// others; what was answered is found, and what was not is done.
func TestUnclaimed(t *testing.T) {
	for name, repeatable := range map[string]bool{"repeatable": true, "not-repeatable": false} {
		t.Run(name, func(t *testing.T) {
			onEachRedis(t, func(t *testing.T, w *world) {
				op := stop(w.operation(nil), repeatable)
				refused := op
				refused.Do = func(context.Context) (idempotency.Answer, error) { return idempotency.Answer{}, errRefused }
				_, err := w.once(t.Context(), refused)
				require.ErrorIs(t, err, errRefused)
				assert.EqualValues(t, 1, w.redis.Commands.Load(), "a failure leaves nothing to write")

				simultaneous := op
				simultaneous.Do = func(ctx context.Context) (idempotency.Answer, error) {
					answer, err := w.once(ctx, op)
					require.NoError(t, err)
					assert.False(t, answer.Replayed, "nobody waits")
					return idempotency.Answer{Status: 200, Body: json.RawMessage(`"second"`)}, nil
				}
				answer, err := w.once(t.Context(), simultaneous)
				require.NoError(t, err)
				assert.False(t, answer.Replayed)
				assert.EqualValues(t, 1, w.done.Load())

				w.redis.Commands.Store(0)
				for range 2 {
					answer, err = w.once(t.Context(), op)
					require.NoError(t, err)
					assert.Equal(t, idempotency.Answer{Status: 201, Body: json.RawMessage("1"), Replayed: true}, answer, "the first that was kept")
				}
				assert.EqualValues(t, 2, w.redis.Commands.Load())
				op.Payload = []byte("another")
				_, err = w.once(t.Context(), op)
				require.ErrorIs(t, err, idempotency.ErrReused)
			})
		})
	}
}

// A request that is not begun frees what it has claimed, and nothing else.
func TestRelease(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		first, second := w.Attempt(w.operation(nil)), w.Attempt(w.operation(nil))
		mine, err := w.redis.Do(t.Context(), first.Claim()...)
		require.NoError(t, err)
		others, err := w.redis.Do(t.Context(), second.Claim()...)
		require.NoError(t, err)
		held := func() any {
			reply, err := w.redis.Do(t.Context(), "EXISTS", first.Name)
			require.NoError(t, err)
			return reply
		}
		second.Release(t.Context(), others)
		second.Release(t.Context(), nil)
		assert.EqualValues(t, 1, held())
		first.Release(t.Context(), mine)
		assert.EqualValues(t, 0, held())
		w.redis.Commands.Store(0)
		w.Attempt(stop(w.operation(nil), true)).Release(t.Context(), "OK")
		assert.Zero(t, w.redis.Commands.Load())
	})
}

// A caller who hangs up gets no answer, but what was begun is finished and kept.
func TestCallerHangsUp(t *testing.T) {
	w := newWorld(redisclient.OverTCP(t, miniredis.RunT(t).Addr()))
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
	_, err := w.once(ctx, op)
	require.NoError(t, err)
	answer, err := w.once(t.Context(), op)
	require.NoError(t, err)
	assert.True(t, answer.Replayed)
}

func TestWithoutRedis(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		commands              int32 // that Redis still runs
		unclaimed, repeatable bool
		want                  error
		done                  int32
	}{
		{"at-the-claim", 0, false, false, idempotency.ErrUnavailable, 0},
		{"at-the-read", 0, true, false, idempotency.ErrUnavailable, 0},
		{"at-the-read-of-what-may-be-repeated", 0, true, true, nil, 1},
		{"at-the-answer", 1, false, false, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(redisclient.OverTCP(t, miniredis.RunT(t).Addr()))
			w.redis.Down.Store(tt.commands == 0)
			w.redis.Last.Store(tt.commands)
			op := w.operation(nil)
			op.Unclaimed, op.Repeatable = tt.unclaimed, tt.repeatable
			_, err := w.once(t.Context(), op)
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, tt.done, w.done.Load())
		})
	}
	t.Run("while-waiting", func(t *testing.T) {
		for commands := int32(3); commands < 12; commands++ { // the first's claim, and the second's
			w := newWorld(redisclient.OverTCP(t, miniredis.RunT(t).Addr()))
			w.Pause = func(context.Context, time.Duration) error { return nil }
			_, err := w.redis.Do(t.Context(), w.Attempt(w.operation(nil)).Claim()...)
			require.NoError(t, err)
			w.redis.Last.Store(commands)
			_, err = w.once(t.Context(), w.operation(nil))
			want := idempotency.ErrUnavailable
			if commands >= 10 { // and its nine looks, of which the first two are one round trip
				want = idempotency.ErrInProgress
			}
			require.ErrorIs(t, err, want, "after %d commands", commands)
			assert.Zero(t, w.done.Load())
		}
	})
}

// The first frees the key while a repetition waits: that does it.
func TestFreedMeanwhile(t *testing.T) {
	onEachRedis(t, func(t *testing.T, w *world) {
		first := w.Attempt(w.operation(nil))
		claimed, err := w.redis.Do(t.Context(), first.Claim()...)
		require.NoError(t, err)
		waits := 0
		w.Pause = func(ctx context.Context, _ time.Duration) error {
			if waits++; waits == 2 {
				first.Release(ctx, claimed)
			}
			return nil
		}
		answer, err := w.once(t.Context(), w.operation(nil))
		require.NoError(t, err)
		assert.False(t, answer.Replayed)
		assert.EqualValues(t, 1, w.done.Load())
	})
}

// What somebody else wrote is no answer, and no leave to do it again.
func TestNonsenseInRedis(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(redisclient.OverTCP(t, mini.Addr()))
	_, err := w.once(t.Context(), w.operation(nil))
	require.NoError(t, err)
	require.Len(t, mini.Keys(), 1)
	for _, nonsense := range []string{"", "null", "[]", `{"status":201}`, `{"status":"x"`, "\x00"} {
		require.NoError(t, mini.Set(mini.Keys()[0], nonsense))
		_, err = w.once(t.Context(), w.operation(nil))
		require.ErrorIs(t, err, idempotency.ErrUnknown, nonsense)
	}
	assert.EqualValues(t, 1, w.done.Load())
}

func TestWhatIsStored(t *testing.T) {
	mini := miniredis.RunT(t)
	w := newWorld(redisclient.OverTCP(t, mini.Addr()))
	op := w.operation(nil)
	op.Caller, op.Key, op.Payload = "token\na-clockwork-token", "a-key", []byte("a-payload")
	_, err := w.once(t.Context(), op)
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
	_, err = w.once(t.Context(), op)
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
