package app

import (
	"context"

	"github.com/clockwork-timer/backend/pkg/telemetry"
)

// measuredRedis tells the operator's tools of each round trip.
type measuredRedis struct {
	Redis
	telemetry *telemetry.Telemetry
}

// measured is redis itself where nobody is told.
func measured(redis Redis, t *telemetry.Telemetry) Redis {
	if t == nil {
		return redis
	}
	return measuredRedis{redis, t}
}

// Do runs one command.
func (m measuredRedis) Do(ctx context.Context, cmd ...any) (any, error) {
	ctx, call := m.telemetry.StartRedis(ctx, cmd)
	reply, err := m.Redis.Do(ctx, cmd...)
	call.EndRedis(err)
	return reply, err
}

// Pipeline runs commands in one round trip.
func (m measuredRedis) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	ctx, call := m.telemetry.StartRedis(ctx, cmds...)
	replies, err := m.Redis.Pipeline(ctx, cmds...)
	call.EndRedis(err)
	return replies, err
}
