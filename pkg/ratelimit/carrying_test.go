package ratelimit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/apptest/manualclock"
	"github.com/clockwork-timer/backend/pkg/ratelimit"
)

// due is a request that has something for Redis.
func due(t *testing.T, l *ratelimit.Limiter) context.Context {
	t.Helper()
	pass, err := l.Admit(by(&strict, "an"))
	require.NoError(t, err)
	return ratelimit.With(t.Context(), pass)
}

func TestCarriesOnce(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
	client := ratelimit.Carrying{Client: redis}
	_, err := client.Do(t.Context(), "SET", "name", "value")
	require.NoError(t, err)
	redis.commands.Store(0)

	ctx := due(t, l)
	_, err = client.Do(ctx, "SET", "other", "value")
	require.NoError(t, err)
	assert.EqualValues(t, 1, redis.commands.Load(), "only what may be sent again takes something along")
	for range 2 {
		got, err := client.Do(ctx, "GET", "name")
		require.NoError(t, err)
		assert.Equal(t, "value", got)
	}
	assert.EqualValues(t, 4, redis.commands.Load(), "the first of the two, and only that")
}

// The command's own failure stays its own.
func TestCarriedBesideAFailure(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
	client := ratelimit.Carrying{Client: redis}
	_, err := client.Do(t.Context(), "LPUSH", "list", "x")
	require.NoError(t, err)
	_, err = client.Do(due(t, l), "GET", "list")
	require.ErrorContains(t, err, "WRONGTYPE")
	assert.NotErrorAs(t, err, new(*ratelimit.Exceeded))
}

// broken fails pipelines in some way; single commands get through.
type broken struct {
	ratelimit.Client
	err error
}

func (b broken) Pipeline(context.Context, ...[]any) ([]any, error) { return nil, b.err }

// A read whose connection breaks is repeated without what it carried, but not
// where its time is up.
func TestCarriedOverABrokenConnection(t *testing.T) {
	redis := overTCP(t, miniredis.RunT(t).Addr())
	for name, tt := range map[string]struct {
		err      error
		repeated int32
	}{
		"reset":     {errors.New("connection reset"), 1},
		"timed-out": {context.DeadlineExceeded, 0},
		"hung-up":   {context.Canceled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			redis.trips.Store(0)
			l := ratelimit.New(redis, key, manualclock.New(start).Now, silent)
			_, err := ratelimit.Carrying{Client: broken{redis, tt.err}}.Do(due(t, l), "GET", "name")
			if tt.repeated == 0 {
				require.ErrorIs(t, err, tt.err)
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, tt.repeated, redis.trips.Load())
		})
	}
}
