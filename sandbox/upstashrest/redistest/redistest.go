// Package redistest tests the contract of this backend's Redis clients, for each
// client and each server. The tests of each client call Run. It is no part of the
// product.
package redistest

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Client is the interface of both clients.
type Client interface {
	Do(ctx context.Context, cmd ...any) (any, error)
	Pipeline(ctx context.Context, cmds ...[]any) ([]any, error)
	Subscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), channels ...string) error
	PSubscribe(ctx context.Context, onReady func(), onMessage func(channel, payload string), patterns ...string) error
}

// Subject is one client and its server. The server has no keys or channels that begin
// with "redistest:".
type Subject struct {
	// Client's timeout is long enough for a busy machine.
	Client Client
	// At returns a client of the server at a loopback address, whatever it is.
	At func(t *testing.T, addr string, timeout time.Duration) Client
	// WithPrefix returns a client of the same server whose keys and channels begin
	// with "redistest:prefix:".
	WithPrefix func(t *testing.T) Client
	// WithWrongCredentials returns a client that the server refuses.
	WithWrongCredentials func(t *testing.T) Client
}

// Run runs the contract.
func Run(t *testing.T, s Subject) {
	t.Run("strings", s.strings)
	t.Run("expiry", s.expiry)
	t.Run("script-replies", s.scriptReplies)
	t.Run("script-forgotten", s.scriptForgotten)
	t.Run("numbers", s.numbers)
	t.Run("large-value", s.largeValue)
	t.Run("text", s.text)
	t.Run("refusals", s.refusals)
	t.Run("pipeline", s.pipeline)
	t.Run("arguments", s.arguments)
	t.Run("prefix", s.prefix)
	t.Run("ended-context", s.ended)
	t.Run("wrong-credentials", s.wrongCredentials)
	t.Run("server-that-hangs", s.hangs)
	t.Run("no-server", s.notThere)
	t.Run("server-closes-connections", s.hangsUp)
	t.Run("subscribe", s.subscribe)
	t.Run("psubscribe", s.psubscribe)
	t.Run("subscription-ends-with-context", s.subscriptionEnds)
}

func key(t *testing.T, suffix string) string {
	return "redistest:" + strings.ReplaceAll(t.Name(), "/", ":") + ":" + suffix
}

func (s Subject) do(t *testing.T, cmd ...any) any {
	t.Helper()
	got, err := s.Client.Do(t.Context(), cmd...)
	require.NoError(t, err)
	return got
}

// Code returns the Redis error code of err, or "" if the error is not Redis's.
func Code(err error) string {
	if coded, ok := err.(interface{ RedisCode() string }); ok {
		return coded.RedisCode()
	}
	return ""
}

func (s Subject) strings(t *testing.T) {
	a, b := key(t, "a"), key(t, "b")
	assert.Nil(t, s.do(t, "GET", a), "a missing key")
	assert.Equal(t, "OK", s.do(t, "SET", a, "1"))
	assert.Equal(t, "1", s.do(t, "GET", a))
	assert.Equal(t, "OK", s.do(t, "SET", b, ""))
	assert.Equal(t, "", s.do(t, "GET", b), "empty is not missing")
	assert.Equal(t, []any{"1", nil, ""}, s.do(t, "MGET", a, key(t, "none"), b))
	assert.Equal(t, int64(2), s.do(t, "EXISTS", a, b, key(t, "none")))
	assert.Nil(t, s.do(t, "SET", a, "2", "NX"))
	assert.Equal(t, int64(2), s.do(t, "DEL", a, b))
	assert.Equal(t, []any{}, s.do(t, "SMEMBERS", a))
}

func (s Subject) expiry(t *testing.T) {
	k := key(t, "k")
	s.do(t, "SET", k, "v", "EX", 60)
	ttl, ok := s.do(t, "TTL", k).(int64)
	require.True(t, ok)
	assert.InDelta(t, 60, ttl, 30)
	s.do(t, "SET", k, "v", "PX", 20)
	require.Eventually(t, func() bool { return s.do(t, "GET", k) == nil }, time.Minute, 5*time.Millisecond)
}

// ended: whoever has hung up is not served.
func (s Subject) ended(t *testing.T) {
	k := key(t, "k")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Client.Do(ctx, "SET", k, "v")
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, s.do(t, "GET", k))
}

func (s Subject) scriptReplies(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		want   any
	}{
		"nil":     {"return nil", nil},
		"false":   {"return false", nil},
		"integer": {"return 42", int64(42)},
		"string":  {"return 'x'", "x"},
		"status":  {"return redis.status_reply('FINE')", "FINE"},
		"empty":   {"return {}", []any{}},
		"nested":  {"return {1, 'a', {2, {'b', {}}}, false, 'c'}", []any{int64(1), "a", []any{int64(2), []any{"b", []any{}}}, nil, "c"}},
		"call":    {"redis.call('SET', KEYS[1], ARGV[1]); return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[1] .. ':none')}", []any{"arg", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, s.do(t, "EVAL", tc.script, 1, key(t, "k"), "arg"))
		})
	}
}

// scriptForgotten asserts that scripts still run after Redis has lost its script
// cache, as after a restart.
func (s Subject) scriptForgotten(t *testing.T) {
	a, b := key(t, "a"), key(t, "b")
	first := []any{"EVAL", "return redis.call('INCR', KEYS[1])", 1, a}
	second := []any{"EVAL", "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1, b, 10}
	for n := range int64(3) {
		s.do(t, "SCRIPT", "FLUSH")
		assert.Equal(t, 2*n+1, s.do(t, first...), "one command alone")
		s.do(t, "SCRIPT", "FLUSH")
		got, err := s.Client.Pipeline(t.Context(), []any{"GET", a}, second, []any{"EVAL", "return {", 0}, first)
		require.NoError(t, err)
		assert.Equal(t, "ERR", Code(got[2].(error)), "not valid Lua")
		assert.Equal(t, []any{strconv.FormatInt(2*n+1, 10), 10*n + 10, 2*n + 2}, []any{got[0], got[1], got[3]})
	}
}

func (s Subject) numbers(t *testing.T) {
	n := key(t, "n")
	s.do(t, "SET", n, int64(9223372036854775806))
	assert.Equal(t, int64(9223372036854775807), s.do(t, "INCR", n), "exact above 2^53")
	s.do(t, "SET", n, int64(-9223372036854775807))
	assert.Equal(t, int64(-9223372036854775808), s.do(t, "DECR", n))
	assert.Equal(t, "-9223372036854775808", s.do(t, "GET", n))
}

func (s Subject) largeValue(t *testing.T) {
	k, want := key(t, "k"), strings.Repeat("0123456789abcdé<", 2<<20/17)
	s.do(t, "SET", k, want)
	got, ok := s.do(t, "GET", k).(string)
	require.True(t, ok)
	assert.True(t, got == want, "%d bytes came back as %d others", len(want), len(got))
	s.do(t, "DEL", k)
}

func (s Subject) text(t *testing.T) {
	for name, want := range map[string]string{
		"unicode":       "naïve 日本語 \U0001F600 e\u0301",
		"json":          `{"a":"\"quoted\"","b":[1,2,null]}`,
		"html":          "<a href='x'>&amp;</a>\u2028\u2029",
		"control":       "a\x00b\r\nc\td\x7f",
		"looks-base64":  "T0s=",
		"looks-integer": "0042",
		"ok":            "OK",
	} {
		t.Run(name, func(t *testing.T) {
			s.do(t, "SET", key(t, "k"), want)
			assert.Equal(t, want, s.do(t, "GET", key(t, "k")))
		})
	}
}

func (s Subject) refusals(t *testing.T) {
	k := key(t, "k")
	s.do(t, "SET", k, "marked-value")
	for name, tc := range map[string]struct {
		cmd  []any
		code string
	}{
		"wrong-type":       {[]any{"LPUSH", k, "marked-value"}, "WRONGTYPE"},
		"not-a-number":     {[]any{"INCR", k}, "ERR"},
		"unknown-command":  {[]any{"NOSUCHCOMMAND", "marked-value"}, "ERR"},
		"argument-missing": {[]any{"GET"}, "ERR"},
		"unknown-script":   {[]any{"EVALSHA", strings.Repeat("0", 40), 0}, "NOSCRIPT"},
		"script-refuses":   {[]any{"EVAL", "return redis.error_reply('STALE ' .. ARGV[1])", 0, "marked-value"}, "STALE"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Client.Do(t.Context(), tc.cmd...)
			require.Error(t, err)
			assert.Nil(t, got)
			assert.Equal(t, tc.code, Code(err))
			assert.NotContains(t, err.Error(), "marked")
		})
	}
}

func (s Subject) pipeline(t *testing.T) {
	a, b := key(t, "a"), key(t, "b")
	got, err := s.Client.Pipeline(t.Context(),
		[]any{"SET", a, "text"}, []any{"INCR", a}, []any{"GET", b}, []any{"MGET", a, b}, []any{"INCR", b})
	require.NoError(t, err)
	require.Len(t, got, 5)
	failed, ok := got[1].(error)
	require.True(t, ok, "the second item is %v, want an error", got[1])
	assert.Equal(t, "ERR", Code(failed))
	got[1] = "refused"
	assert.Equal(t, []any{"OK", "refused", nil, []any{"text", nil}, int64(1)}, got)

	none, err := s.Client.Pipeline(t.Context())
	require.NoError(t, err)
	assert.Empty(t, none)
}

func (s Subject) arguments(t *testing.T) {
	for name, cmd := range map[string][]any{
		"no-command":  {},
		"bool":        {"SET", key(t, "k"), true},
		"not-utf-8":   {"SET", key(t, "k"), "\xff"},
		"nil":         {"GET", nil},
		"nested-list": {"MGET", []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Client.Do(t.Context(), cmd...)
			require.Error(t, err)
			assert.Empty(t, Code(err), "refused before it is sent")
			_, err = s.Client.Pipeline(t.Context(), []any{"PING"}, cmd)
			require.Error(t, err)
		})
	}
}

func (s Subject) wrongCredentials(t *testing.T) {
	client := s.WithWrongCredentials(t)
	_, err := client.Do(t.Context(), "GET", "k")
	assert.Equal(t, "WRONGPASS", Code(err))
	_, err = client.Pipeline(t.Context(), []any{"GET", "k"})
	assert.Equal(t, "WRONGPASS", Code(err))
	err = client.Subscribe(t.Context(), nil, nil, "redistest:c")
	assert.Equal(t, "WRONGPASS", Code(err))
}

// unreachable makes each kind of call, and asserts that it fails in time, with an
// error that is not Redis's.
func unreachable(t *testing.T, client Client, check func(t *testing.T, err error)) {
	for name, call := range map[string]func() error{
		"do":        func() error { _, err := client.Do(t.Context(), "GET", "k"); return err },
		"write":     func() error { _, err := client.Do(t.Context(), "INCR", "k"); return err },
		"pipeline":  func() error { _, err := client.Pipeline(t.Context(), []any{"GET", "k"}); return err },
		"subscribe": func() error { return client.Subscribe(t.Context(), nil, nil, "c") },
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := call()
			require.Error(t, err)
			assert.Less(t, time.Since(start), 30*time.Second)
			assert.Empty(t, Code(err))
			check(t, err)
		})
	}
}

func (s Subject) hangs(t *testing.T) {
	listener := listen(t) // nobody accepts
	client := s.At(t, listener.Addr().String(), 100*time.Millisecond)
	unreachable(t, client, func(t *testing.T, err error) {
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func (s Subject) notThere(t *testing.T) {
	listener := listen(t)
	require.NoError(t, listener.Close())
	client := s.At(t, listener.Addr().String(), time.Minute)
	unreachable(t, client, func(t *testing.T, err error) {
		assert.ErrorContains(t, err, "refused")
	})
}

func (s Subject) hangsUp(t *testing.T) {
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	client := s.At(t, listener.Addr().String(), time.Minute)
	unreachable(t, client, func(t *testing.T, err error) {
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}
