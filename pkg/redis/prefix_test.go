package redis_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
)

func TestPrefix(t *testing.T) {
	for cmd, want := range map[string]string{
		"GET k":                       "GET p:k",
		"get k":                       "get p:k",
		"SET k v EX 60 NX":            "SET p:k v EX 60 NX",
		"MGET a b c":                  "MGET p:a p:b p:c",
		"DEL a b":                     "DEL p:a p:b",
		"MSET a 1 b 2":                "MSET p:a 1 p:b 2",
		"SADD s member":               "SADD p:s member",
		"PUBLISH channel text":        "PUBLISH p:channel text",
		"PSUBSCRIBE a:* b:*":          "PSUBSCRIBE p:a:* p:b:*",
		"EVAL script 2 a b arg":       "EVAL script 2 p:a p:b arg",
		"EVALSHA sha 1 a arg":         "EVALSHA sha 1 p:a arg",
		"EVAL script 0 arg":           "EVAL script 0 arg",
		"EVAL script 9 a":             "EVAL script 9 p:a",
		"EVAL script -1 a":            "EVAL script -1 a",
		"EVAL script many a":          "EVAL script many a",
		"EVAL":                        "EVAL",
		"GET":                         "GET",
		"PING":                        "PING",
		"INFO memory":                 "INFO memory",
		"CONFIG GET maxmemory-policy": "CONFIG GET maxmemory-policy",
	} {
		args := strings.Fields(cmd)
		require.NoError(t, redis.Prefix(args, "p:"), cmd)
		assert.Equal(t, want, strings.Join(args, " "))

		args = strings.Fields(cmd)
		require.NoError(t, redis.Prefix(args, ""))
		assert.Equal(t, cmd, strings.Join(args, " "))
	}
}

// What would look at every key of the Redis, or at keys in a place that is not
// known, is not sent.
func TestPrefixRefuses(t *testing.T) {
	for _, cmd := range []string{"SCAN 0", "KEYS *", "FLUSHALL", "RENAME a b", "XREAD STREAMS a 0", "NOSUCH a"} {
		require.ErrorContains(t, redis.Prefix(strings.Fields(cmd), "p:"), "key prefix", cmd)
		require.NoError(t, redis.Prefix(strings.Fields(cmd), ""), cmd)
	}
	_, err := redis.EncodeAll([][]any{{"GET", "k"}, {"SCAN", 0}}, "p:")
	require.ErrorContains(t, err, "SCAN")
	encoded, err := redis.EncodeAll([][]any{{"GET", "k"}, {"INCR", "n"}}, "p:")
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"GET", "p:k"}, {"INCR", "p:n"}}, encoded)
}
