package tcp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
	"github.com/clockwork-timer/backend/sandbox/freeport"
)

func TestNewChecksURL(t *testing.T) {
	for name, tc := range map[string]struct {
		url string
		ok  bool
	}{
		"plain":          {"redis://localhost:6379", true},
		"tls":            {"rediss://default:marked-password@db.example:6379", true},
		"database":       {"redis://:marked-password@localhost:6379/2", true},
		"white-space":    {" redis://localhost:6379\n", true},
		"no-host":        {"redis://", true},
		"ipv6":           {"redis://[::1]:6379", true},
		"rest-url":       {"https://marked-password@db.upstash.io", false},
		"socket":         {"unix:///tmp/marked-password.sock", false},
		"bad-escape":     {"redis://:marked-password%zz@localhost", false},
		"bad-port":       {"redis://:marked-password@localhost:port", false},
		"bad-database":   {"redis://localhost/marked-password", false},
		"unknown-option": {"redis://localhost?marked-password=1", false},
		"empty":          {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := tcp.New(tc.url, redis.Options{})
			if tc.ok {
				require.NoError(t, err)
				require.NoError(t, client.Close())
				return
			}
			require.ErrorContains(t, err, "Redis URL")
			assert.NotContains(t, err.Error(), "marked")
		})
	}
}

// scripted is a server that greets each connection and then leaves the
// commands after that to the test.
func scripted(t *testing.T, answer func(command string, n int64) string) (addr string, commands *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	commands = new(atomic.Int64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go converse(conn, func(command string) string { return answer(command, commands.Add(1)) })
		}
	}()
	return listener.Addr().String(), commands
}

func converse(conn net.Conn, answer func(command string) string) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		switch command := strings.ToUpper(lines.Text()); command {
		case "HELLO":
			_, _ = io.WriteString(conn, "-ERR unknown command\r\n")
		case "GET", "SET", "INCR":
			reply := answer(command)
			if reply == "" {
				return
			}
			_, _ = io.WriteString(conn, reply)
		}
	}
}

func TestRetry(t *testing.T) {
	heals := func(_ string, n int64) string {
		if n == 1 {
			return ""
		}
		return "$1\r\nv\r\n"
	}
	for name, tc := range map[string]struct {
		answer func(string, int64) string
		cmd    []any
		want   int64
		text   string
	}{
		"read-heals":             {heals, []any{"GET", "k"}, 2, ""},
		"read-does-not-heal":     {func(string, int64) string { return "" }, []any{"GET", "k"}, 2, "EOF"},
		"write-if-absent":        {heals, []any{"SET", "k", "v", "NX"}, 1, "EOF"},
		"increment":              {heals, []any{"INCR", "k"}, 1, "EOF"},
		"cut-short":              {func(string, int64) string { return "$100\r\nmarked-value" }, []any{"INCR", "k"}, 1, "deadline"},
		"an-answer-is-an-answer": {func(string, int64) string { return "-LOADING Redis is loading\r\n" }, []any{"GET", "k"}, 1, "LOADING Redis is loading"},
		"not-redis":              {func(string, int64) string { return "HTTP/1.1 400 marked-value\r\n" }, []any{"INCR", "k"}, 1, "does not speak Redis"},
	} {
		t.Run(name, func(t *testing.T) {
			addr, commands := scripted(t, tc.answer)
			timeout := time.Minute
			if name == "cut-short" {
				timeout = 500 * time.Millisecond // it ends by that alone
			}
			got, err := connect(t, "redis://"+addr, timeout).Do(t.Context(), tc.cmd...)
			assert.Equal(t, tc.want, commands.Load(), "commands sent")
			if tc.text == "" {
				require.NoError(t, err)
				assert.Equal(t, "v", got)
				return
			}
			var failed *redis.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, tc.text)
			assert.NotContains(t, err.Error(), "marked")
		})
	}
}

// A password that is missing or wrong must never look like a key that is
// missing.
func TestRefusedConnection(t *testing.T) {
	mini := miniredis.RunT(t)
	mini.RequireAuth("right")
	for name, tc := range map[string]struct{ url, code string }{
		"no-password":    {"redis://" + mini.Addr(), "NOAUTH"},
		"wrong-password": {"redis://:marked-wrong@" + mini.Addr(), "WRONGPASS"},
	} {
		t.Run(name, func(t *testing.T) {
			client := connect(t, tc.url, time.Minute)
			got, err := client.Do(t.Context(), "GET", "k")
			assert.Nil(t, got)
			assert.Equal(t, tc.code, err.(*redis.Error).Code)
			assert.NotContains(t, err.Error(), "marked")
			_, err = client.Pipeline(t.Context(), []any{"GET", "k"}, []any{"GET", "l"})
			assert.Equal(t, tc.code, err.(*redis.Error).Code)
			assert.Equal(t, "PIPELINE", err.(*redis.Error).Op)
		})
	}
}

// However long Redis was away and whoever asked for it, it is there for the next
// call once it is back.
func TestBackAtOnce(t *testing.T) {
	mini := miniredis.NewMiniRedis()
	t.Cleanup(mini.Close)
	ports, err := freeport.Find(1)
	require.NoError(t, err)
	require.NoError(t, mini.StartAddr(fmt.Sprint("127.0.0.1:", ports[0])))
	client := connect(t, "redis://"+mini.Addr(), time.Minute)
	for range 3 {
		mini.Close()
		for range 20 {
			_, err := client.Do(t.Context(), "PING")
			var failed *redis.Error
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, "connection refused")
		}
		require.NoError(t, mini.Restart())
		_, err := client.Do(t.Context(), "PING")
		require.NoError(t, err)
	}
}

// A write, which is not repeated, does not go to a connection that Redis closed while it
// was idle.
func TestClosedWhileIdle(t *testing.T) {
	mini := miniredis.RunT(t)
	client := connect(t, "redis://"+mini.Addr(), time.Minute)
	for want := range int64(5) {
		got, err := client.Do(t.Context(), "INCR", "k")
		require.NoError(t, err)
		assert.Equal(t, want+1, got)
		mini.Close()
		require.NoError(t, mini.Restart())
	}
}

func TestClosed(t *testing.T) {
	mini := miniredis.RunT(t)
	client, err := tcp.New("redis://"+mini.Addr(), redis.Options{})
	require.NoError(t, err)
	require.NoError(t, client.Close())
	_, err = client.Do(context.Background(), "GET", "k")
	assert.ErrorContains(t, err, "closed")
}
