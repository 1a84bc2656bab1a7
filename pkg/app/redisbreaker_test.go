package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// brittleRedis answers, fails or hangs, as a test wants it. What hangs does so
// until its two seconds are over, also when Redis is back: its connection was
// lost.
type brittleRedis struct {
	mu    sync.Mutex
	fail  error
	hangs bool
	sent  []string
}

func (r *brittleRedis) is(fail error, hangs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail, r.hangs = fail, hangs
}

func (r *brittleRedis) Do(ctx context.Context, cmd ...any) (any, error) {
	r.mu.Lock()
	fail, hangs := r.fail, r.hangs
	r.sent = append(r.sent, cmd[0].(string))
	r.mu.Unlock()
	if hangs {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		<-ctx.Done()
		return nil, &tcp.Error{Op: cmd[0].(string), Err: ctx.Err()}
	}
	return "OK", fail
}

func (r *brittleRedis) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	reply, err := r.Do(ctx, "PIPELINE")
	return []any{reply}, err
}

func (r *brittleRedis) Subscribe(ctx context.Context, _ func(), _ func(channel, payload string), _ ...string) error {
	_, err := r.Do(ctx, "SUBSCRIBE")
	return err
}

func (r *brittleRedis) PSubscribe(ctx context.Context, _ func(), _ func(channel, payload string), _ ...string) error {
	_, err := r.Do(ctx, "PSUBSCRIBE")
	return err
}

func (r *brittleRedis) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

var unreachable = &tcp.Error{Op: "GET", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}

func guarded() (guardedRedis, *brittleRedis) {
	redis := &brittleRedis{}
	return guardedRedis{redis, newBreakers(slog.New(slog.DiscardHandler), time.Now).redis}, redis
}

// down makes Redis fail until it is given up.
func (r *brittleRedis) down(t *testing.T, g guardedRedis) {
	t.Helper()
	r.is(unreachable, false)
	for range redisFailures {
		_, err := g.Do(t.Context(), "GET", "k")
		require.NotErrorIs(t, err, upstream.ErrOpen)
	}
	r.take()
}

func TestRedisDownIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, redis := guarded()
		redis.down(t, g)
		began := time.Now()
		_, doErr := g.Do(t.Context(), "GET", "k")
		_, pipelineErr := g.Pipeline(t.Context(), []any{"GET", "k"})
		for _, err := range []error{doErr, pipelineErr, g.Subscribe(t.Context(), nil, nil, "c"), g.PSubscribe(t.Context(), nil, nil, "c*")} {
			require.ErrorIs(t, err, upstream.ErrOpen)
			var down *RedisDown
			require.ErrorAs(t, err, &down)
			assert.Greater(t, down.Wait, time.Duration(0))
			assert.LessOrEqual(t, down.Wait, redisOpen)
			var coded interface{ RedisCode() string }
			require.ErrorAs(t, err, &coded)
			assert.Empty(t, coded.RedisCode(), "Redis has said nothing")
		}
		assert.Zero(t, time.Since(began))
		assert.Empty(t, redis.take())
	})
}

// That it is back is found out by a PING, before the next command or
// subscription, and by one alone.
func TestRedisIsBack(t *testing.T) {
	for name, ask := range map[string]func(context.Context, guardedRedis) error{
		"GET": func(ctx context.Context, g guardedRedis) error { _, err := g.Do(ctx, "GET", "k"); return err },
		"PIPELINE": func(ctx context.Context, g guardedRedis) error {
			_, err := g.Pipeline(ctx, []any{"GET", "k"})
			return err
		},
		"SUBSCRIBE":  func(ctx context.Context, g guardedRedis) error { return g.Subscribe(ctx, nil, nil, "c") },
		"PSUBSCRIBE": func(ctx context.Context, g guardedRedis) error { return g.PSubscribe(ctx, nil, nil, "c*") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, redis := guarded()
				redis.down(t, g)
				time.Sleep(redisOpen) // of the bubble's time
				require.ErrorIs(t, ask(t.Context(), g), error(unreachable))
				assert.Equal(t, []string{"PING"}, redis.take(), "not yet")
				require.ErrorIs(t, ask(t.Context(), g), upstream.ErrOpen)

				redis.is(nil, false)
				time.Sleep(redisOpen)
				require.NoError(t, ask(t.Context(), g))
				require.NoError(t, ask(t.Context(), g))
				assert.Equal(t, []string{"PING", name, name}, redis.take())
			})
		})
	}
}

// The promise is a second from when it is back, also where the probe hangs at
// that moment; and meanwhile nobody waits long.
func TestRedisRecoversWithinASecond(t *testing.T) {
	for offset := range 20 {
		synctest.Test(t, func(t *testing.T) {
			g, redis := guarded()
			redis.is(nil, true)
			for range redisFailures {
				_, err := g.Do(t.Context(), "GET", "k")
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			back := time.Now().Add(5*time.Second + time.Duration(offset)*50*time.Millisecond)
			time.AfterFunc(time.Until(back), func() { redis.is(nil, false) })
			for {
				asked := time.Now()
				_, err := g.Do(t.Context(), "GET", "k")
				assert.LessOrEqual(t, time.Since(asked), redisProbe)
				if err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			assert.Less(t, time.Since(back), time.Second)
			assert.GreaterOrEqual(t, time.Since(back), time.Duration(0))
		})
	}
}

// What says nothing of Redis' health does not stop anybody.
func TestRedisStaysUp(t *testing.T) {
	for name, fail := range map[string]error{
		"refusal":           &tcp.Error{Op: "GET", Code: "WRONGTYPE"},
		"refusal-over-rest": &upstash.Error{Op: "GET", Status: 400, Code: "ERR"},
		"wrong-token":       &upstash.Error{Op: "GET", Status: 401, Code: "WRONGPASS"},
		"limited":           &upstash.Error{Op: "GET", Status: 429, Retryable: true, RetryAfter: time.Second},
		"not-its-shape":     &upstash.Error{Op: "GET", Status: 200, Err: errors.New("answer is not JSON")},
		"hung-up":           &tcp.Error{Op: "GET", Err: context.Canceled},
		"queued":            &tcp.Error{Op: "GET", Uncounted: true, Err: fmt.Errorf("%w: %w", tcp.ErrQueued, context.DeadlineExceeded)},
		"lost-with-another": &tcp.Error{Op: "GET", Uncounted: true, Err: io.EOF},
		"not-encodable":     errors.New("rediscmd: a value of type chan"),
	} {
		t.Run(name, func(t *testing.T) {
			g, redis := guarded()
			redis.is(fail, false)
			for range 3 * redisFailures {
				_, err := g.Do(t.Context(), "GET", "k")
				require.ErrorIs(t, err, fail)
			}
			assert.Len(t, redis.take(), 3*redisFailures)
		})
	}
}

// A gateway's 5xx over REST is a failure, and so is silence, if there was time
// for an answer.
func TestRedisGoesDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, redis := guarded()
		redis.is(&upstash.Error{Op: "GET", Status: 502}, false)
		for range redisFailures {
			_, _ = g.Do(t.Context(), "GET", "k")
		}
		_, err := g.Do(t.Context(), "GET", "k")
		assert.ErrorIs(t, err, upstream.ErrOpen)

		for patience, down := range map[time.Duration]bool{100 * time.Millisecond: false, time.Second: true} {
			g, redis := guarded()
			redis.is(nil, true)
			for range redisFailures {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, err := g.Do(ctx, "GET", "k")
				require.ErrorIs(t, err, context.DeadlineExceeded)
				cancel()
			}
			redis.is(nil, false)
			_, err := g.Do(t.Context(), "GET", "k")
			assert.Equal(t, down, errors.Is(err, upstream.ErrOpen), "%s", patience)
		}
	})
}
