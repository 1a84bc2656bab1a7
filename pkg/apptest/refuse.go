package apptest

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// keepClosed reserves a port without listening, until the test ends. Otherwise
// another world of the same test could get the port, and answer.
func keepClosed(t testing.TB, addr net.Addr) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if !assert.NoError(t, err) {
		return
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	assert.NoError(t, syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)) // connections may have just ended
	assert.NoError(t, syscall.Bind(socket, &syscall.SockaddrInet4{Port: addr.(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}))
}
