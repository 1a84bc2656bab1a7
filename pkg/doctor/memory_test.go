package doctor

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/clockwork-timer/backend/pkg/apptest/redisclient"
)

func TestMemory(t *testing.T) {
	const evicts, secret = "Redis drops keys when it is full (", "does not say whether it drops keys"
	for name, tt := range map[string]struct {
		redis redisclient.Answering
		level Level
		text  string
	}{
		"room":                {redisclient.Answering{Reply: "# Memory\r\nused_memory:100\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n"}, OK, "drops nothing"},
		"no-limit":            {redisclient.Answering{Reply: "used_memory:100\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"}, OK, "drops nothing"},
		"nearly-full":         {redisclient.Answering{Reply: "used_memory:950\nmaxmemory:1000\nmaxmemory_policy:noeviction\n"}, Warn, "nine tenths of Redis' memory are used"},
		"drops-anything":      {redisclient.Answering{Reply: "used_memory:999\nmaxmemory:1000\nmaxmemory_policy:allkeys-lru\n"}, Warn, evicts + "allkeys-lru)"},
		"drops-what-may-end":  {redisclient.Answering{Reply: "used_memory:1\nmaxmemory:1000\nmaxmemory_policy:volatile-ttl\n"}, Warn, evicts + "volatile-ttl)"},
		"drops-without-limit": {redisclient.Answering{Reply: "used_memory:1\nmaxmemory:0\nmaxmemory_policy:allkeys-lfu\n"}, Warn, evicts + "allkeys-lfu)"},
		"no-answer":           {redisclient.Answering{Reply: ""}, Skip, secret},
		"refused":             {redisclient.Answering{Err: errors.New("ERR unknown command")}, Skip, secret},
		"another-reply":       {redisclient.Answering{Reply: int64(7)}, Skip, secret},
	} {
		t.Run(name, func(t *testing.T) {
			got := memory(t.Context(), tt.redis)
			assert.Equal(t, tt.level, got.Level)
			assert.Contains(t, got.Text, tt.text)
		})
	}
}
