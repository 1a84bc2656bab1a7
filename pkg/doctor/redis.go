package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/clockwork-timer/backend/pkg/panics"
	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/pkg/redis/upstash"
	"github.com/clockwork-timer/backend/pkg/timercache"
)

// errNotConfigured means that the configuration names no Redis.
var errNotConfigured = errors.New("not configured")

// patience is longer than a request would wait, to tell a slow Redis from a dead
// one.
const patience = 5 * time.Second

// openRedis builds the client that a server would use, without a call.
func (t *target) openRedis() {
	c := t.config.Redis
	var client timercache.Redis
	err := errNotConfigured
	switch {
	case t.wrong("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_URL", "REDIS_URL", "KEY_PREFIX"):
	case c.RESTURL.URL != nil:
		client, err = upstash.New(upstash.Options{URL: c.RESTURL.String(), Token: c.RESTToken, Transport: t.transport, Options: redis.Options{Timeout: patience, Prefix: string(c.KeyPrefix)}})
	default:
		var direct *redis.Client
		if direct, err = tcp.New(c.URL.Reveal(), redis.Options{Timeout: patience, Prefix: string(c.KeyPrefix)}); err == nil {
			t.closers, client = append(t.closers, direct.Close), direct
		}
	}
	t.redis = func() (timercache.Redis, error) { return client, err }
}

// kind names the way to Redis, and its variables.
func (t *target) kind() (name, variables string) {
	switch c := t.config.Redis; {
	case c.RESTURL.URL != nil:
		return "Upstash over REST", "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN"
	case strings.HasPrefix(c.URL.Reveal(), "rediss:"):
		return "Redis over TLS", "REDIS_URL"
	}
	return "Redis over TCP", "REDIS_URL"
}

// slow is a command that makes each answer feel slow.
const slow = 250 * time.Millisecond

// probeKey is one that nobody else uses.
func probeKey() string { return "clockwork:doctor:" + rand.Text() }

// checkRedis tries Redis as the server uses it, and then its messages.
func checkRedis(ctx context.Context, t *target) []Finding {
	client, err := t.redis()
	kind, variables := t.kind()
	silent := Finding{Skip, "pubsub", "not checked: it needs Redis"}
	switch {
	case errors.Is(err, errNotConfigured):
		return []Finding{skip(see), {Skip, "pubsub", see}}
	case err != nil:
		return []Finding{fail("%s: %v: set %s", kind, err, variables), silent}
	}
	finding := t.tryRedis(ctx, client, kind, variables)
	if finding.Level == Fail {
		return []Finding{finding, silent}
	}
	full := memory(ctx, client)
	full.Check = "memory"
	message := t.tryPubSub(ctx, client, kind)
	message.Check = "pubsub"
	return []Finding{finding, full, message}
}

// tryRedis writes and reads a key, also by a script.
func (t *target) tryRedis(ctx context.Context, client timercache.Redis, kind, variables string) Finding {
	key, value := probeKey(), rand.Text()
	replies, err := client.Pipeline(ctx, []any{"SET", key, value, "EX", 60}, []any{"GET", key},
		[]any{"EVAL", "return redis.call('GET', KEYS[1])", 1, key}, []any{"DEL", key})
	if err != nil {
		return redisFailure(kind, variables, err)
	}
	for i, want := range []any{"OK", value, value, int64(1)} {
		if refused, isError := replies[i].(error); isError {
			return redisFailure(kind, variables, refused)
		}
		if replies[i] != want {
			return fail("%s does not give back what was written: is it a Redis of its own? Check %s", kind, variables)
		}
	}
	began := t.now() // the connection is open now
	if _, err := client.Do(ctx, "PING"); err != nil {
		return redisFailure(kind, variables, err)
	}
	latency := t.now().Sub(began)
	if latency > slow {
		return warn("%s, read, write and scripts, but %s for one command: choose a region near this server", kind, took(latency))
	}
	return ok("%s, read, write and scripts, %s", kind, took(latency))
}

// redisFailure says what Redis' refusal means.
func redisFailure(kind, variables string, err error) Finding {
	code := ""
	if refused, ok := errors.AsType[*redis.Error](err); ok {
		code = refused.RedisCode()
	}
	switch code {
	case "":
		return fail("%s: %s: check %s, and that the database is not paused", kind, cause(err), variables)
	case "WRONGPASS", "NOAUTH":
		return fail("%s refuses the credentials: copy %s again from the database's page", kind, variables)
	case "NOPERM":
		return fail("%s accepts the credentials, but not for writing and scripts: set the standard token, not the read-only one, in %s", kind, variables)
	}
	return fail("%s: %s: look at the database's page (quota, size)", kind, strings.TrimRight(err.Error(), ".: "))
}

// memory warns of a Redis that is nearly full, or that evicts keys.
func memory(ctx context.Context, client timercache.Redis) Finding {
	reply, _ := client.Do(ctx, "INFO", "memory") // a refusal leaves the policy unknown
	switch m := redis.ParseMemory(reply); {
	case m.Evicts():
		return warn("Redis drops keys when it is full (%s), and not all in it is a cache: whose a Clockwork token is, answers to repeated starts, "+
			"with DATABASE_URL=redis the timers themselves. Set its maxmemory-policy to noeviction", m.Policy)
	case m.Limit > 0 && m.Used > 0.9*m.Limit:
		return warn("nine tenths of Redis' memory are used: writes will fail soon, so make it larger")
	case m.Policy == "":
		return skip("Redis does not say whether it drops keys when it is full: see on the database's page that eviction is off")
	}
	return ok("Redis drops nothing when it is full")
}

// tryPubSub sends itself a message: long polls and realtime need this.
func (t *target) tryPubSub(ctx context.Context, client timercache.Redis, kind string) Finding {
	ctx, stop := context.WithCancel(ctx)
	channel := probeKey()
	received := make(chan time.Duration, 1)
	ended := make(chan error, 1)
	go func() {
		var began time.Time
		ended <- panics.Try(func() error {
			return client.Subscribe(ctx, func() {
				began = t.now()
				if _, err := client.Do(ctx, "PUBLISH", channel, "doctor"); err != nil {
					stop()
				}
			}, func(string, string) { received <- t.now().Sub(began) }, channel)
		})
	}()
	select {
	case latency := <-received:
		stop()
		<-ended
		return ok("a message arrives, %s", took(latency))
	case err := <-ended:
		stop()
		return fail("no message arrives over %s: %s: long polls and realtime need them, so let its user subscribe and publish", kind, cause(err))
	}
}
