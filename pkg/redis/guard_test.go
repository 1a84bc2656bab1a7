package redis

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// fakeRedis answers, fails or hangs, as a test says. What hangs does so
// until its two seconds are over, also when Redis is back: its connection was
// lost.
type fakeRedis struct {
	mu    sync.Mutex
	fail  error
	hangs bool
	sent  []string
}

func (r *fakeRedis) set(fail error, hangs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail, r.hangs = fail, hangs
}

func (r *fakeRedis) Send(ctx context.Context, op string, cmds [][]string) ([]any, error) {
	r.mu.Lock()
	fail, hangs := r.fail, r.hangs
	r.sent = append(r.sent, op)
	r.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, &Error{Op: op, Err: ctx.Err()}
	}
	return make([]any, len(cmds)), fail
}

func (r *fakeRedis) Listen(ctx context.Context, op string, names []string, _ func(), _ func(channel, payload string)) error {
	_, err := r.Send(ctx, op, [][]string{names})
	return err
}

func (*fakeRedis) Close() error { return nil }

func (r *fakeRedis) takeSent() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

var unreachable = &Error{Op: "GET", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}

func guarded() (*Client, *fakeRedis) {
	redis := &fakeRedis{}
	return New(redis, Options{Breaker: NewBreaker(slog.New(slog.DiscardHandler), time.Now)}), redis
}

// down makes Redis fail until the breaker opens.
func (r *fakeRedis) down(t *testing.T, g *Client) {
	t.Helper()
	r.set(unreachable, false)
	for range breakerFailures {
		_, err := g.Do(t.Context(), "GET", "k")
		require.NotErrorIs(t, err, upstream.ErrOpen)
	}
	r.takeSent()
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
			var failed *Error
			require.ErrorAs(t, err, &failed)
			assert.Greater(t, failed.RetryAfter, time.Duration(0))
			assert.LessOrEqual(t, failed.RetryAfter, breakerOpen)
			assert.Empty(t, failed.RedisCode(), "Redis has said nothing")
		}
		assert.Zero(t, time.Since(began))
		assert.Empty(t, redis.takeSent())
	})
}

// That it is back is found out by a PING, before the next command or
// subscription, and by one alone.
func TestRedisIsBack(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *Client) error{
		"GET": func(ctx context.Context, g *Client) error { _, err := g.Do(ctx, "GET", "k"); return err },
		"PIPELINE": func(ctx context.Context, g *Client) error {
			_, err := g.Pipeline(ctx, []any{"GET", "k"})
			return err
		},
		"SUBSCRIBE":  func(ctx context.Context, g *Client) error { return g.Subscribe(ctx, nil, nil, "c") },
		"PSUBSCRIBE": func(ctx context.Context, g *Client) error { return g.PSubscribe(ctx, nil, nil, "c*") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, redis := guarded()
				redis.down(t, g)
				time.Sleep(breakerOpen) // of the bubble's time
				require.ErrorIs(t, ask(t.Context(), g), error(unreachable))
				assert.Equal(t, []string{"PING"}, redis.takeSent(), "not yet")
				require.ErrorIs(t, ask(t.Context(), g), upstream.ErrOpen)

				redis.set(nil, false)
				time.Sleep(breakerOpen)
				require.NoError(t, ask(t.Context(), g))
				require.NoError(t, ask(t.Context(), g))
				assert.Equal(t, []string{"PING", name, name}, redis.takeSent())
			})
		})
	}
}

// The promise is a second from when it is back, even if the probe hangs at
// that moment; and meanwhile nobody waits long.
func TestRedisRecoversWithinASecond(t *testing.T) {
	for offset := range 20 {
		synctest.Test(t, func(t *testing.T) {
			g, redis := guarded()
			redis.set(nil, true)
			for range breakerFailures {
				_, err := g.Do(t.Context(), "GET", "k")
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			back := time.Now().Add(5*time.Second + time.Duration(offset)*50*time.Millisecond)
			time.AfterFunc(time.Until(back), func() { redis.set(nil, false) })
			for {
				asked := time.Now()
				_, err := g.Do(t.Context(), "GET", "k")
				assert.LessOrEqual(t, time.Since(asked), probeTimeout)
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
		"refusal":           &Error{Op: "GET", Code: "WRONGTYPE"},
		"refusal-over-rest": &Error{Op: "GET", Status: 400, Code: "ERR"},
		"wrong-token":       &Error{Op: "GET", Status: 401, Code: "WRONGPASS"},
		"limited":           &Error{Op: "GET", Status: 429, RetryAfter: time.Second},
		"not-its-shape":     &Error{Op: "GET", Status: 200, Err: errors.New("answer is not JSON")},
		"hung-up":           &Error{Op: "GET", Err: context.Canceled},
		"queued":            &Error{Op: "GET", Uncounted: true, Err: context.DeadlineExceeded},
		"lost-with-another": &Error{Op: "GET", Uncounted: true, Err: io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			g, redis := guarded()
			redis.set(fail, false)
			for range 3 * breakerFailures {
				_, err := g.Do(t.Context(), "GET", "k")
				require.ErrorIs(t, err, fail)
			}
			assert.Len(t, redis.takeSent(), 3*breakerFailures)
		})
	}
}

// A gateway's 5xx over REST is a failure, and so is silence, if there was time
// for an answer.
func TestRedisGoesDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, redis := guarded()
		redis.set(&Error{Op: "GET", Status: 502}, false)
		for range breakerFailures {
			_, _ = g.Do(t.Context(), "GET", "k")
		}
		_, err := g.Do(t.Context(), "GET", "k")
		assert.ErrorIs(t, err, upstream.ErrOpen)

		for patience, down := range map[time.Duration]bool{100 * time.Millisecond: false, time.Second: true} {
			g, redis := guarded()
			redis.set(nil, true)
			for range breakerFailures {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, err := g.Do(ctx, "GET", "k")
				require.ErrorIs(t, err, context.DeadlineExceeded)
				cancel()
			}
			redis.set(nil, false)
			_, err := g.Do(t.Context(), "GET", "k")
			assert.Equal(t, down, errors.Is(err, upstream.ErrOpen), "%s", patience)
		}
	})
}
