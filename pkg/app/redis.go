package app

import (
	"context"
	"crypto/sha256"

	"github.com/clockwork-timer/backend/pkg/config"
	"github.com/clockwork-timer/backend/pkg/internal/keyed"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// Redis is a client of either kind.
type Redis = timercache.Redis

// serverConnections is how many connections to Redis a server may open; a
// function keeps to the client's default, because there are many of them.
const serverConnections = 16

// openRedis prefers REST: a function that lives for one request opens no
// connection of its own.
func (d *Deps) openRedis(server bool) (Redis, error) {
	c := d.Config.Redis
	o := redis.Options{Timeout: d.Deadlines.Redis, Prefix: string(c.KeyPrefix), Breaker: d.breakers.redis, Observe: d.observeRedis()}
	client, variable, err := (*redis.Client)(nil), "UPSTASH_REDIS_REST_TOKEN", error(nil) // config has checked the URL
	if c.RESTURL.URL != nil {
		client, err = upstash.New(upstash.Options{URL: c.RESTURL.String(), Token: c.RESTToken, Transport: d.Transport, Watched: d.watched, Options: o})
	} else {
		if server {
			o.Connections = serverConnections
		}
		variable = "REDIS_URL"
		client, err = tcp.New(c.URL.Reveal(), o)
	}
	if err != nil {
		return nil, fault(variable, err)
	}
	d.feed = &feed{Redis: client, now: d.Now, log: d.Log}
	return d.feed, nil
}

// observeRedis reports each call of Redis to the operator's tools, if there are any.
func (d *Deps) observeRedis() func(context.Context, [][]any) (context.Context, func(error)) {
	if d.Telemetry == nil {
		return nil
	}
	return func(ctx context.Context, cmds [][]any) (context.Context, func(error)) {
		ctx, call := d.Telemetry.StartRedis(ctx, cmds...)
		return ctx, call.EndRedis
	}
}

// ownerKeys are the keys of the HMACs of tokens, callers and addresses. Every instance
// has these secrets; Redis' own credential does not reveal them. The current key comes
// first. The others find what was written before a rotation, or before the first key
// was set.
func ownerKeys(c *config.Config) []*keyed.Key {
	sum := sha256.Sum256([]byte("clockwork:owner\n" + c.Jira.APIToken.Reveal()))
	var keys []*keyed.Key
	for _, secret := range append(c.TokenEncryptionKey.All(), sum[:]) {
		keys = append(keys, keyed.New(secret))
	}
	return keys
}
