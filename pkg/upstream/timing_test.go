package upstream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/upstream"
)

// A step's calls are the whole request's too, and not the other way round.
func TestTimingOfAPart(t *testing.T) {
	ctx, whole := upstream.WithTiming(t.Context())
	upstream.Record(ctx, "jira", time.Second)
	part, step := upstream.WithTiming(ctx)
	upstream.Record(part, "clockwork", 2*time.Second)
	upstream.RecordMany(part, upstream.RedisName, 3*time.Second, 4)
	assert.Equal(t, upstream.Summary{Upstreams: 2 * time.Second, UpstreamCalls: 1, Redis: 3 * time.Second, RedisCommands: 4}, step.Summary())
	assert.Equal(t, upstream.Summary{Upstreams: 3 * time.Second, UpstreamCalls: 2, Redis: 3 * time.Second, RedisCommands: 4}, whole.Summary())
}

func TestMilliseconds(t *testing.T) {
	assert.InDelta(t, 1.234, upstream.Milliseconds(1234567*time.Nanosecond), 0)
}

func TestOpen(t *testing.T) {
	var none *upstream.Breaker
	assert.False(t, none.Open())
	now := time.Unix(1_700_000_000, 0)
	b := upstream.NewBreaker(upstream.BreakerOptions{Upstream: "jira", Failures: 1, OpenFor: time.Second, Now: func() time.Time { return now }})
	assert.False(t, b.Open())
	leave, _, _ := b.Enter("")
	leave(upstream.Failed)
	assert.True(t, b.Open())
	now = now.Add(2 * time.Second)
	assert.True(t, b.Open(), "until it has answered")
	leave, _, _ = b.Enter("")
	leave(upstream.Answered)
	assert.False(t, b.Open())
}
