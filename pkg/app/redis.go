package app

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/upstream"
)

// Redis is a client of either kind. Replies are nil, int64, string or []any.
type Redis interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
	Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// serverConnections is how many connections to Redis a server may open; a
// function keeps to the client's default, because there are many of them.
const serverConnections = 16

// openRedis prefers REST: a function that lives for one request opens no
// connection of its own.
func (d *Deps) openRedis(server bool) (Redis, error) {
	c := d.Config.Redis
	if c.RESTURL.URL != nil {
		client, err := upstash.New(upstash.Options{URL: c.RESTURL.String(), Token: c.RESTToken, Transport: d.Transport, Timeout: d.Deadlines.Redis,
			Prefix: string(c.KeyPrefix), Watched: d.watched})
		if err != nil {
			return nil, fault("UPSTASH_REDIS_REST_TOKEN", err) // config has checked the URL
		}
		return d.decorate(client), nil
	}
	o := tcp.Options{Timeout: d.Deadlines.Redis, Prefix: string(c.KeyPrefix)}
	if server {
		o.Connections = serverConnections
	}
	client, err := tcp.New(c.URL.Reveal(), o)
	if err != nil {
		return nil, fault("REDIS_URL", err)
	}
	return d.decorate(client), nil
}

func (d *Deps) decorate(client Redis) Redis {
	d.feed = &feed{Redis: guardedRedis{client, d.breakers.redis}, now: d.Now, log: d.Log}
	return measured(timedRedis{d.feed}, d.Telemetry)
}

// timedRedis adds the time of each command to its request's Server-Timing.
type timedRedis struct{ Redis }

func (r timedRedis) Do(ctx context.Context, cmd ...any) (any, error) {
	defer record(ctx, time.Now(), 1)
	return r.Redis.Do(ctx, cmd...)
}

func (r timedRedis) Pipeline(ctx context.Context, cmds ...[]any) ([]any, error) {
	defer record(ctx, time.Now(), len(cmds))
	return r.Redis.Pipeline(ctx, cmds...)
}

func record(ctx context.Context, began time.Time, commands int) {
	upstream.RecordMany(ctx, upstream.RedisName, time.Since(began), commands)
}

// ownerKey keys the HMACs of tokens, callers and addresses: a secret that every
// instance has, and that who holds Redis' own credential does not.
func ownerKey(c *config.Config) []byte {
	if key := c.TokenEncryptionKey.Bytes(); key != nil {
		return key
	}
	sum := sha256.Sum256([]byte("clockwork:owner\n" + c.Jira.APIToken.Reveal()))
	return sum[:]
}
