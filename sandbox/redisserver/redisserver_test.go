package redisserver_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clockwork-timer/backend/sandbox/redisserver"
)

func TestStart(t *testing.T) {
	var addrs []string
	t.Run("running", func(t *testing.T) {
		addrs = []string{redisserver.Start(t), redisserver.Start(t, "--requirepass", "pw")}
		for i, want := range []string{"+PONG", "-NOAUTH"} {
			conn, err := net.Dial("tcp", addrs[i])
			require.NoError(t, err)
			defer conn.Close()
			_, err = conn.Write([]byte("PING\r\n"))
			require.NoError(t, err)
			got := make([]byte, len(want))
			_, err = conn.Read(got)
			require.NoError(t, err)
			assert.Equal(t, want, string(got))
		}
	})
	assert.NotEqual(t, addrs[0], addrs[1])
	for _, addr := range addrs {
		_, err := net.Dial("tcp", addr)
		assert.Error(t, err, "a server outlived its test")
	}
}
