package redis_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
)

func TestEncode(t *testing.T) {
	got, err := redis.Encode([]any{"SET", []byte("ключ"), 7, int64(math.MaxInt64), 1.5})
	require.NoError(t, err)
	assert.Equal(t, []string{"SET", "ключ", "7", "9223372036854775807", "1.5"}, got)
}

func TestEncodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		cmd  []any
		want string
	}{
		"empty":      {nil, "empty"},
		"no-name":    {[]any{"", "a"}, "no name"},
		"bool":       {[]any{"SET", "k", true}, "argument 2 has type bool"},
		"duration":   {[]any{"EXPIRE", "k", time.Second}, "argument 2 has type time.Duration"},
		"nil":        {[]any{"SET", nil}, "argument 1 has type <nil>"},
		"not-utf-8":  {[]any{"SET", "k", "\xffmarked-value"}, "argument 2 is not UTF-8"},
		"not-utf-8b": {[]any{"SET", "k", []byte{0xff}}, "argument 2 is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := redis.Encode(tc.cmd)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), "marked-value")
		})
	}
}

func TestName(t *testing.T) {
	assert.Equal(t, "GET", redis.Name([]string{"get", "k"}))
	assert.Equal(t, "JSON.GET", redis.Name([]string{"json.get"}))
	assert.Equal(t, "COMMAND", redis.Name([]string{"get\nfoo"}))
	assert.Equal(t, "COMMAND", redis.Name([]string{strings.Repeat("A", 25)}))
	assert.Equal(t, "COMMAND", redis.Name(nil))
}

func TestRepeatable(t *testing.T) {
	for cmds, want := range map[string]bool{
		"GET k":                     true,
		"mget a b":                  true,
		"EXISTS a":                  true,
		"PING":                      true,
		"DEL a b":                   true,
		"SET k v":                   true,
		"SET k v EX 60":             true,
		"SET nx get":                true,
		"EXPIRE k 60":               true,
		"GET k|SET k v|DEL k":       true,
		"SET k v NX":                false,
		"SET k v EX 60 nx":          false,
		"SET k v XX":                false,
		"SET k v GET":               false,
		"EXPIRE k 60 GT":            false,
		"INCR n":                    false,
		"PUBLISH c m":               false,
		"EVAL script 0":             false,
		"EVALSHA sha 0":             false,
		"GETDEL k":                  false,
		"LPUSH l a":                 false,
		"XADD s * f v":              false,
		"SPOP s":                    false,
		"GET k|INCR n":              false,
		"GET k|SET k v NX":          false,
		"COMMAND-THAT-IS-NOT-THERE": false,
	} {
		t.Run(strings.NewReplacer(" ", "-", "|", "-then-", "*", "star").Replace(cmds), func(t *testing.T) {
			var in [][]string
			for c := range strings.SplitSeq(cmds, "|") {
				in = append(in, strings.Fields(c))
			}
			assert.Equal(t, want, redis.Repeatable(in...))
		})
	}
	assert.False(t, redis.Repeatable(), "no command at all")
	assert.False(t, redis.Repeatable([]string{}), "an empty command")
}

func TestExplain(t *testing.T) {
	const value = "marked-value"
	cmd := []string{"EVAL", "return redis.error_reply(ARGV[1])", "0", value}
	for name, tc := range map[string]struct{ text, code, message string }{
		"plain":       {"WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", "Operation against a key holding the wrong kind of value"},
		"quoted":      {"ERR unknown command 'FOO', with args beginning with: 'marked-val", "ERR", "unknown command"},
		"after-colon": {"ERR Error running script (call to f_1): @user_script:1: marked-val", "ERR", "Error running script (call to f_1)"},
		"raised":      {"BUSY " + value + " is taken", "BUSY", "[value] is taken"},
		"only-value":  {value, "", "[value]"},
		"no-code":     {"something else", "", "something else"},
		"code-only":   {"EXECABORT", "EXECABORT", ""},
		"empty":       {"", "", ""},
		"long":        {"ERR " + strings.Repeat("é", 500), "ERR", strings.Repeat("é", (120-4)/2)},
		"two-lines":   {"ERR one\r\ntwo", "ERR", "one"},
	} {
		t.Run(name, func(t *testing.T) {
			code, message := redis.Explain(tc.text, cmd)
			assert.Equal(t, tc.code, code)
			assert.Equal(t, tc.message, message)
			assert.NotContains(t, message, "marked")
		})
	}
}
