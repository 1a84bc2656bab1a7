package tcpproxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox/tcpproxy"
)

// echo returns the address of a server that sends back what it receives.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, p *tcpproxy.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func ask(conn net.Conn, wait time.Duration) (string, error) {
	_, _ = fmt.Fprintln(conn, "hello")
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	return bufio.NewReader(conn).ReadString('\n')
}

func TestProxy(t *testing.T) {
	p, err := tcpproxy.Start(echo(t))
	require.NoError(t, err)
	t.Cleanup(p.Close)

	old := dial(t, p)
	line, err := ask(old, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, "hello\n", line)

	p.Delay(50 * time.Millisecond)
	began := time.Now()
	_, err = ask(old, time.Minute)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
	p.Delay(0)

	p.Swallow()
	_, err = ask(old, 100*time.Millisecond)
	var netErr net.Error
	require.ErrorAs(t, err, &netErr)
	assert.True(t, netErr.Timeout(), "it is open but silent")
	_, err = ask(dial(t, p), time.Minute)
	require.NoError(t, err, "a new connection works")
	assert.Equal(t, 2, p.Opened())
}

func TestProxyCloses(t *testing.T) {
	p, err := tcpproxy.Start(echo(t))
	require.NoError(t, err)
	conn := dial(t, p)
	_, err = ask(conn, time.Minute)
	require.NoError(t, err)
	p.Close()
	_, err = ask(conn, time.Minute)
	assert.Error(t, err)
}
