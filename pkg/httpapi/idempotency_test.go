package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/app"
	"github.com/clockwork-timer/backend/pkg/apptest"
	"github.com/clockwork-timer/backend/pkg/httpapi"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
	"github.com/clockwork-timer/backend/pkg/web"
)

// watched is a Redis that notes what it is sent, and may fail.
type watched struct {
	app.Redis
	sent   []string // the names of each round trip's commands
	broken error    // of pipelines
	during func()   // a pipeline, once Redis has run it
}

func (r *watched) Do(ctx context.Context, cmd ...any) (any, error) {
	r.sent = append(r.sent, fmt.Sprint(cmd[0]))
	return r.Redis.Do(ctx, cmd...)
}

func (r *watched) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	var names []string
	for _, cmd := range cmds {
		names = append(names, fmt.Sprint(cmd[0]))
	}
	r.sent = append(r.sent, strings.Join(names, " "))
	if r.broken != nil {
		return nil, r.broken
	}
	replies, err := r.Redis.Pipeline(ctx, cmds...)
	if r.during != nil {
		r.during()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return replies, err
}

// once is a world with a start and a stop that do nothing but answer.
type once struct {
	*apptest.World
	redis *watched
	do    func(ctx context.Context, reply any, err error)
	done  int
}

func newOnce(t *testing.T) *once {
	t.Helper()
	w := apptest.New(t, apptest.Options{Unsynced: true})
	w.Deps.Redis = &watched{Redis: w.Deps.Redis}
	return &once{World: w, redis: w.Deps.Redis.(*watched)}
}

// ask sends a start or a stop, with an Idempotency-Key unless that is "".
func (o *once) ask(ctx context.Context, path, key string) apptest.Answer {
	r := apptest.Request{Target: path, Body: `{}`, Header: map[string]string{"X-Clockwork-Token": "a-token"}}
	if key != "" {
		r.Header["Idempotency-Key"] = key
	}
	return o.World.Do(ctx, func(w http.ResponseWriter, r *http.Request) {
		httpapi.Serve(w, r, httpapi.Route{Method: http.MethodPost, Path: path, Cost: httpapi.Upstream, Once: func(context.Context, *app.Deps, *httpapi.Request) (httpapi.Once, error) {
			isStop := path == stopPath
			return httpapi.Once{Read: []any{"MGET", "first", "second"}, Unclaimed: isStop, Repeatable: isStop,
				Do: func(ctx context.Context, reply any, err error) (web.Reply, error) {
					o.done++
					if o.do != nil {
						o.do(ctx, reply, err)
					}
					if isStop {
						return web.OK(map[string]any{"stopped": true, "syncRequested": true}), nil
					}
					return web.Reply{Status: 201, Body: map[string]any{"syncRequested": true}}, nil
				}}, nil
		}})
	}, r)
}

const (
	startPath = "/api/timers/start"
	stopPath  = "/api/timers/stop"
)

// What the rate limit, the key and the read cost: one round trip before, and a
// command after if there is a key. The first of a window costs no more.
func TestCostOfAdmission(t *testing.T) {
	for _, tt := range []struct {
		name, path, key string
		before, after   int64 // commands
	}{
		{"start", startPath, "", 2, 0},
		{"start-with-a-key", startPath, "k", 3, 1},
		{"stop", stopPath, "", 2, 0},
		{"stop-with-a-key", stopPath, "k", 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOnce(t)
			o.Deps.Redis = o.redis.Redis
			for _, turn := range []string{"first of a window", "second", "third"} {
				begun, err := o.Redis.Usage(t.Context())
				require.NoError(t, err)
				working := begun
				o.do = func(ctx context.Context, _ any, err error) {
					require.NoError(t, err)
					working, err = o.Redis.Usage(ctx)
					require.NoError(t, err)
				}
				key := tt.key
				if key != "" {
					key += turn[:1]
				}
				require.Less(t, o.ask(t.Context(), tt.path, key).Status, 300)
				ended, err := o.Redis.Usage(t.Context())
				require.NoError(t, err)
				before, after := working.Since(begun), ended.Since(working)
				t.Logf("%s: %d commands in %d round trips before, %d in %d after", turn, before.Commands, before.RoundTrips, after.Commands, after.RoundTrips)
				assert.Equal(t, tt.before, before.Commands, turn)
				assert.EqualValues(t, 1, before.RoundTrips, turn)
				assert.Equal(t, tt.after, after.Commands, turn)
				assert.Equal(t, tt.after, after.RoundTrips, turn)
			}
		})
	}
}

// Each reply reaches the one who asked.
func TestFirstRoundTrip(t *testing.T) {
	for _, tt := range []struct{ name, path, key, sent string }{
		{"start", startPath, "", "SET MGET"},
		{"start-with-a-key", startPath, "k", "SET SET MGET"},
		{"stop", stopPath, "", "SET MGET"},
		{"stop-with-a-key", stopPath, "k", "SET MGET"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOnce(t)
			_, err := o.redis.Redis.Do(t.Context(), "SET", "second", "value")
			require.NoError(t, err)
			o.do = func(_ context.Context, reply any, err error) {
				assert.NoError(t, err)
				assert.Equal(t, []any{nil, "value"}, reply)
			}
			a := o.ask(t.Context(), tt.path, tt.key)
			require.Less(t, a.Status, 300, "%s", a.Body)
			assert.Equal(t, tt.sent, o.redis.sent[0])
			assert.Contains(t, a.Header.Get("RateLimit"), `"write";r=29;`)
			if tt.key != "" {
				again := o.ask(t.Context(), tt.path, tt.key)
				assert.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
				assert.Equal(t, string(a.Body), string(again.Body))
			}
			assert.Equal(t, 1, o.done)
		})
	}
}

// Who is refused leaves no claim behind: with the same key it is done later.
func TestRefusedFreesItsClaim(t *testing.T) {
	o := newOnce(t)
	for n := range ratelimit.CostlyPerAddress.Quota {
		_, err := o.redis.Redis.Do(t.Context(), "INCR", costlyKey(t, o, n))
		require.NoError(t, err)
	}
	o.done, o.redis.sent = 0, nil
	a := o.ask(t.Context(), startPath, "k")
	assert.Equal(t, 429, a.Status)
	assert.Contains(t, o.redis.sent, "INCR SET MGET")
	a = o.ask(t.Context(), startPath, "k")
	assert.Equal(t, 429, a.Status)
	assert.Zero(t, o.done)
	for _, key := range o.Redis.Miniredis().Keys() {
		assert.NotContains(t, key, "idempotency")
	}
	o.Clock.Advance(ratelimit.CostlyPerAddress.Window)
	a = o.ask(t.Context(), startPath, "k")
	assert.Equal(t, 201, a.Status, "%s", a.Body)
	assert.Empty(t, a.Header.Get("Idempotency-Replayed"))
}

// costlyKey is the key of the address's counter, which the first call creates.
func costlyKey(t *testing.T, o *once, n int) string {
	t.Helper()
	if n == 0 {
		require.Equal(t, 201, o.ask(t.Context(), startPath, "").Status)
	}
	for _, key := range o.Redis.Miniredis().Keys() {
		if strings.HasPrefix(key, "clockwork:rate:costly-address:") {
			return key
		}
	}
	require.FailNow(t, "nothing was counted")
	return ""
}

// A read whose connection broke is repeated; what may not arrive twice is not,
// and what took its time already is not either.
func TestFirstRoundTripFails(t *testing.T) {
	reset := errors.New("connection reset")
	for _, tt := range []struct {
		name, path, key string
		broken          error
		status          int
		known           bool // what was to be read
	}{
		{"start", startPath, "", reset, 201, true},
		{"start-with-a-key", startPath, "k", reset, 503, false},
		{"stop", stopPath, "", reset, 200, true},
		{"stop-with-a-key", stopPath, "k", reset, 200, true},
		{"start-timed-out", startPath, "", context.DeadlineExceeded, 201, false},
		{"stop-timed-out", stopPath, "k", context.DeadlineExceeded, 200, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOnce(t)
			o.redis.broken = tt.broken
			known := false
			o.do = func(_ context.Context, reply any, err error) {
				known = err == nil
				if known {
					assert.Len(t, reply, 2)
				}
			}
			a := o.ask(t.Context(), tt.path, tt.key)
			assert.Equal(t, tt.status, a.Status, "%s", a.Body)
			assert.Equal(t, tt.known, known)
			if tt.status == 503 {
				assert.Equal(t, "IDEMPOTENCY_UNAVAILABLE", a.Failure().Error)
				assert.Zero(t, o.done)
			}
			if tt.known && tt.key != "" {
				assert.Equal(t, "true", o.ask(t.Context(), tt.path, tt.key).Header.Get("Idempotency-Replayed"))
			}
		})
	}
}

// A caller who hangs up while the key is claimed leaves no claim whose outcome
// nobody knows: what they asked for is done.
func TestHangUpAtTheClaim(t *testing.T) {
	o := newOnce(t)
	ctx, hangUp := context.WithTimeout(t.Context(), time.Minute)
	o.redis.during = hangUp
	o.do = func(ctx context.Context, _ any, err error) {
		assert.NoError(t, err)
		assert.NoError(t, ctx.Err())
	}
	o.ask(ctx, startPath, "k")
	a := o.ask(t.Context(), startPath, "k")
	assert.Equal(t, 201, a.Status, "%s", a.Body)
	assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
	assert.Equal(t, 1, o.done)
}
