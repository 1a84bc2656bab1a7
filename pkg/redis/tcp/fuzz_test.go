package tcp_test

import (
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/pkg/redis"
	"github.com/clockwork-timer/backend/pkg/redis/tcp"
)

// FuzzURL: a refusal does not quote the URL, which holds a password.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"redis://u:c4nary-7f@h:6379/0", "rediss://h", "redis://h:port", "unix:///c4nary-7f", "redis://h/c4nary-7f?x=y", "c4nary-7f", "redis://%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, url string) {
		for _, url := range []string{url, strings.Replace(url, "://", "://:c4nary-7f@", 1)} {
			client, err := tcp.New(url, redis.Options{})
			if err != nil {
				assert.NotContains(t, err.Error(), "c4nary-7f")
				continue
			}
			require.NoError(t, client.Close())
		}
	})
}

// babbler is a server that answers every connection with the same bytes and
// ends it.
type babbler struct {
	address string
	mu      sync.Mutex
	says    []byte
}

func startBabbler(f *testing.F) *babbler {
	f.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f, err)
	b := &babbler{address: listener.Addr().String()}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			_, _ = conn.Write(b.says)
			b.mu.Unlock()
			_ = conn.(*net.TCPConn).CloseWrite()
			served.Go(func() { drain(conn) })
		}
	})
	f.Cleanup(func() { _ = listener.Close(); served.Wait() })
	return b
}

// drain reads till the other side closes: else our close would be a reset.
func drain(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	buffer := make([]byte, 4096)
	for {
		if _, err := conn.Read(buffer); err != nil {
			_ = conn.Close()
			return
		}
	}
}

// announced finds lengths that the library would allocate at once, before it reads:
// against a Redis that lies about those nothing here defends.
var announced = regexp.MustCompile(`\d{6,}`)

// FuzzReply: bytes that are no Redis' are an error or a reply of a type that
// callers know, and never a panic.
func FuzzReply(f *testing.F) {
	for _, s := range []string{"+PONG\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*2\r\n:1\r\n*1\r\n$-1\r\n", "-ERR no\r\n", ":99999999999999999999\r\n", "*100000\r\n",
		"$99999\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "%1\r\n+a\r\n:1\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "-\r\n,1\r\n", "-\r\n%0\r\n", ">2\r\n+message\r\n+a\r\n", "\x00\xff"} {
		f.Add([]byte(s))
	}
	server := startBabbler(f)
	f.Fuzz(func(t *testing.T, says []byte) {
		if announced.Match(says) {
			return
		}
		server.mu.Lock()
		server.says = says
		server.mu.Unlock()
		client, err := tcp.New("redis://"+server.address, redis.Options{Timeout: time.Second})
		require.NoError(t, err)
		defer func() { assert.NoError(t, client.Close()) }()
		if reply, err := client.Do(t.Context(), "GET", "key"); err == nil {
			assertKnown(t, reply)
		}
		if replies, err := client.Pipeline(t.Context(), []any{"GET", "a"}, []any{"GET", "b"}); err == nil {
			require.Len(t, replies, 2)
			for _, reply := range replies {
				if _, refused := reply.(error); !refused {
					assertKnown(t, reply)
				}
			}
		}
	})
}

func assertKnown(t *testing.T, reply any) {
	t.Helper()
	switch reply := reply.(type) {
	case nil, int64, string:
	case []any:
		for _, one := range reply {
			if _, refused := one.(error); !refused {
				assertKnown(t, one)
			}
		}
	default:
		assert.Failf(t, "a reply that callers do not know", "%T", reply)
	}
}
