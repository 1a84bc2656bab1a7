package doctor

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/timercache"
)

// fakeRedis is a Redis that answers INFO.
type fakeRedis struct {
	timercache.Redis
	info any
	err  error
}

func (r fakeRedis) Do(context.Context, ...any) (any, error) { return r.info, r.err }

func TestMemory(t *testing.T) {
	const evicts, secret = "Redis drops keys when it is full (", "does not say whether it drops keys"
	for name, tt := range map[string]struct {
		redis fakeRedis
		level Level
		text  string
	}{
		"room":                {fakeRedis{info: "# Memory\r\nused_memory:100\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n"}, OK, "drops nothing"},
		"no-limit":            {fakeRedis{info: "used_memory:100\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"}, OK, "drops nothing"},
		"nearly-full":         {fakeRedis{info: "used_memory:950\nmaxmemory:1000\nmaxmemory_policy:noeviction\n"}, Warn, "nine tenths of Redis' memory are used"},
		"drops-anything":      {fakeRedis{info: "used_memory:999\nmaxmemory:1000\nmaxmemory_policy:allkeys-lru\n"}, Warn, evicts + "allkeys-lru)"},
		"drops-what-may-end":  {fakeRedis{info: "used_memory:1\nmaxmemory:1000\nmaxmemory_policy:volatile-ttl\n"}, Warn, evicts + "volatile-ttl)"},
		"drops-without-limit": {fakeRedis{info: "used_memory:1\nmaxmemory:0\nmaxmemory_policy:allkeys-lfu\n"}, Warn, evicts + "allkeys-lfu)"},
		"no-answer":           {fakeRedis{info: ""}, Skip, secret},
		"refused":             {fakeRedis{err: errors.New("ERR unknown command")}, Skip, secret},
		"another-reply":       {fakeRedis{info: int64(7)}, Skip, secret},
	} {
		t.Run(name, func(t *testing.T) {
			got := memory(t.Context(), tt.redis)
			assert.Equal(t, tt.level, got.Level)
			assert.Contains(t, got.Text, tt.text)
		})
	}
}
