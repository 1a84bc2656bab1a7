package redistest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Prefix is the key prefix of WithPrefix's client, for keys and channels.
const Prefix = "redistest:prefix:"

// prefix asserts that a client with a prefix adds it to every key and channel, and
// that its caller does not see it.
func (s Subject) prefix(t *testing.T) {
	client := s.WithPrefix(t)
	do := func(cmd ...any) any {
		t.Helper()
		got, err := client.Do(t.Context(), cmd...)
		require.NoError(t, err)
		return got
	}
	a, b := key(t, "a"), key(t, "b")
	do("SET", a, "1")
	assert.Equal(t, "1", do("GET", a))
	assert.Equal(t, "1", s.do(t, "GET", Prefix+a))
	assert.Nil(t, s.do(t, "GET", a))
	do("EVAL", "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('PUBLISH', KEYS[2], ARGV[1])", 2, b, key(t, "c"), "2")
	assert.Equal(t, []any{"1", "2"}, s.do(t, "MGET", Prefix+a, Prefix+b))
	replies, err := client.Pipeline(t.Context(), []any{"INCR", a}, []any{"DEL", a, b})
	require.NoError(t, err)
	assert.Equal(t, []any{int64(2), int64(2)}, replies)
	assert.Equal(t, int64(0), s.do(t, "EXISTS", Prefix+a, Prefix+b))
	_, err = client.Do(t.Context(), "KEYS", "*")
	assert.ErrorContains(t, err, "key prefix", "it would show keys without the prefix")

	one, pattern := listening(t, client.Subscribe, key(t, "c:1")), listening(t, client.PSubscribe, key(t, "c:*"))
	do("PUBLISH", key(t, "c:1"), "x")
	assert.Equal(t, message{key(t, "c:1"), "x"}, next(t, one))
	assert.Equal(t, message{key(t, "c:1"), "x"}, next(t, pattern))
	s.do(t, "PUBLISH", key(t, "c:1"), "to those without a prefix")
	s.do(t, "PUBLISH", Prefix+key(t, "c:2"), "y")
	assert.Equal(t, message{key(t, "c:2"), "y"}, next(t, pattern))
}
